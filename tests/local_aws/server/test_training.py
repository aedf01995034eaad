"""Training jobs of the local AWS, asked over HTTP; their answers held against botocore's own service model."""

import io
import json
import sys
import tarfile
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.containers import training
from local_aws.server.failures import Failures
from local_aws.server.process import Server
from tests.support import answers, archives
from tests.support.synthesis import environment

ROLE = "arn:aws:iam::111111111111:role/lab"
BUCKET = "acme"
GROUP = "/aws/sagemaker/TrainingJobs"
SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ENDED = ("Completed", "Failed", "Stopped")
NUMBERS = count()
# Says what it is given, and waits to be told that it may end.
WAITING = """
import os, signal, sys, time
from pathlib import Path
def save(*_):
    Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("as far as it came")
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("waiting", os.getpid(), flush=True)
while True: time.sleep(0.1)
"""


class Lab:
    """A bucket and the log group of an account, and its SageMaker."""

    def __init__(self, server: Server) -> None:
        session = credentials.session(credentials.account_variables(server, environment("dev").settings))
        self.sagemaker = answers.hold(
            session.client("sagemaker", endpoint_url=server.url),
            left_out=("DescribeModelPackage.ModelPackageName: missing",),  # of a version in a group
        )
        self.s3: Any = session.client("s3", endpoint_url=server.url)
        self.logs: Any = session.client("logs", endpoint_url=server.url)
        self.runtime: Any = session.client("sagemaker-runtime", endpoint_url=server.url)

    def put(self, files: Mapping[str, str | bytes]) -> None:
        for key, content in files.items():
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def start(self, script: str = "", **changes: Any) -> str:
        """A job with the script for its code, and a channel `train`."""
        name = f"job-{next(NUMBERS)}"
        self.put({f"{name}/code/train.py": textwrap.dedent(script), f"{name}/train/rows.csv": "1,2\n"})
        self.sagemaker.create_training_job(
            **{
                "TrainingJobName": name,
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
                "HyperParameters": {
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": "/opt/ml/input/data/code",
                },
                "InputDataConfig": [channel("train", f"{name}/train/"), channel("code", f"{name}/code/")],
                "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output/"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                "EnableNetworkIsolation": True,
            }
            | changes
        )
        return name

    def described(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return found

    def ended(self, name: str) -> dict[str, Any]:
        for _ in range(600):
            found = self.described(name)
            if found["TrainingJobStatus"] in ENDED:
                return found
            time.sleep(0.05)
        raise AssertionError(found)

    def train(self, script: str = "", **changes: Any) -> dict[str, Any]:
        return self.ended(self.start(script, **changes))

    def log(self, name: str) -> list[str]:
        streams = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
        ]

    def wait_for(self, name: str, line: str) -> str:
        for _ in range(400):
            found = [said for said in self.log(name) if said.startswith(line)]
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(self.log(name))

    def members(self, uri: str) -> dict[str, bytes]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        packed = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            found = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
            return {name: file.read() for name, file in found.items() if file is not None}


def channel(name: str, prefix: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source | changes}}


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    assert "Traceback" not in (folder / "server.log").read_text()


@pytest.fixture(scope="module")
def lab(server: Server) -> Lab:
    made = Lab(server)
    made.s3.create_bucket(Bucket=BUCKET)
    made.logs.create_log_group(logGroupName=GROUP)
    return made


def test_a_job_runs_its_script_on_its_data_and_saves_what_it_wrote(lab: Lab) -> None:
    script = """
        import argparse, json, os
        from pathlib import Path
        parser = argparse.ArgumentParser()
        parser.add_argument("--depth", type=int)
        print("depth", parser.parse_args().depth)
        rows = Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text()
        Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(rows))
        Path(os.environ["SM_OUTPUT_DATA_DIR"], "rows.txt").write_text(rows)
        print("epoch 1: validation:accuracy=0.5;")
        print("epoch 2: validation:accuracy=0.986014;")
        """
    name = lab.start(
        script,
        AlgorithmSpecification={
            "TrainingImage": SCIKIT_LEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "validation:accuracy", "Regex": r"validation:accuracy=([0-9.]+)"},
                {"Name": "never", "Regex": "never=([0-9.]+)"},
            ],
        },
        HyperParameters={
            "depth": "3",
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "/opt/ml/input/data/code",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output", "KmsKeyId": "alias/models"},
    )
    found = lab.ended(name)
    assert [(step["Status"], step["StatusMessage"]) for step in found["SecondaryStatusTransitions"]] == [
        ("Starting", "Preparing the instances for training"),
        ("Downloading", "Downloading input data"),
        ("Training", "Training image download completed. Training in progress."),
        ("Uploading", "Uploading generated training model"),
        ("Completed", "Training job completed"),
    ]
    assert found["TrainingStartTime"] <= found["TrainingEndTime"]
    assert found["TrainingTimeInSeconds"] == found["BillableTimeInSeconds"] >= 1
    # Of single precision, and only the last one.
    [metric] = found["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("validation:accuracy", 0.9860140085220337)
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/output/{name}/output/model.tar.gz"
    assert lab.members(found["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.json": b'"1,2\\n"'}
    assert lab.members(f"s3://{BUCKET}/output/{name}/output/output.tar.gz") == {"rows.txt": b"1,2\n"}
    assert lab.s3.head_object(Bucket=BUCKET, Key=f"output/{name}/output/model.tar.gz")["SSEKMSKeyId"] == "alias/models"
    lines = lab.log(name)
    assert lines[0].startswith(f"local AWS: runs train.py as {SCIKIT_LEARN.rpartition('/')[2]} does, without the image")
    assert lines[1] == f"Invoking script with the following command: {sys.executable} train.py --depth 3"
    assert lines[2:] == ["depth 3", "epoch 1: validation:accuracy=0.5;", "epoch 2: validation:accuracy=0.986014;"]


def test_a_script_gets_the_jobs_variables_and_nothing_of_the_server(lab: Lab) -> None:
    script = """
        import json, os
        from pathlib import Path
        Path(os.environ["SM_OUTPUT_DATA_DIR"], "variables.json").write_text(json.dumps(dict(os.environ)))
        """
    name = lab.start(
        script, Environment={"STAGE": "dev", "WHERE": "/opt/ml/model", "HOME": "/root", "SM_MODEL_DIR": "elsewhere"}
    )
    lab.ended(name)
    found = json.loads(lab.members(f"s3://{BUCKET}/output/{name}/output/output.tar.gz")["variables.json"])
    assert found["STAGE"] == "dev"
    assert found["WHERE"] == found["SM_MODEL_DIR"]
    assert found["SM_MODEL_DIR"].startswith(found["HOME"])
    assert (found["SM_CURRENT_HOST"], found["SM_HOSTS"]) == ("algo-1", '["algo-1"]')
    assert found["SM_MODULE_DIR"] == found["SM_CHANNEL_CODE"]
    assert found["TRAINING_JOB_NAME"] == name
    assert found["TRAINING_JOB_ARN"] == lab.described(name)["TrainingJobArn"]
    assert not {name for name in found if name.startswith("AWS_")} - {"AWS_REGION"}
    assert not Path(found["HOME"]).exists()


def test_a_job_is_described_as_it_was_asked_for(lab: Lab) -> None:
    asked = {
        "Environment": {"STAGE": "dev"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
    }
    found = lab.train("", **asked, Tags=[{"Key": "team", "Value": "lab"}])
    assert {field: found[field] for field in asked} == asked
    assert lab.sagemaker.list_tags(ResourceArn=found["TrainingJobArn"])["Tags"] == [{"Key": "team", "Value": "lab"}]


def test_a_script_that_fails_tells_its_reason_by_its_own_file_or_by_its_exit_code(lab: Lab) -> None:
    said = lab.train(
        """
        import os, sys
        from pathlib import Path
        Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("train.csv: line 3: no number")
        sys.exit(2)
        """
    )
    assert said["SecondaryStatus"] == "Failed"
    assert said["FailureReason"] == "AlgorithmError: train.csv: line 3: no number, exit code: 1"
    raised = lab.train("raise ValueError('nothing to learn')")
    assert raised["FailureReason"] == (
        'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ""\n'
        f'Command "{sys.executable} train.py", exit code: 1'
    )
    assert lab.log(raised["TrainingJobName"])[-1] == "ValueError: nothing to learn"
    long = lab.train(
        'import os\nopen(os.environ["SM_OUTPUT_DIR"] + "/failure", "w").write("x" * 5000)\nraise SystemExit(1)'
    )
    assert len(long["FailureReason"]) == 1024
    assert long["FailureReason"].endswith("xxx, exit code: 1")


@pytest.mark.parametrize(
    "makes",
    [
        "os.mkfifo(failure)",
        "import socket; socket.socket(socket.AF_UNIX).bind(failure)",
        "os.mkdir(failure)",
        "os.symlink({outside!r}, failure)",
        "os.rename(output, output + '-before'); os.symlink({folder!r}, output)",
    ],
)
def test_a_failure_file_that_is_none_is_not_read(lab: Lab, makes: str, tmp_path: Path) -> None:
    outside = tmp_path / "failure"
    outside.write_text("not of this job")
    script = f"""
        import os
        output = os.environ["SM_OUTPUT_DIR"]
        failure = output + "/failure"
        {makes.format(outside=str(outside), folder=str(tmp_path))}
        raise SystemExit(1)
        """
    reason = lab.train(script)["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n")


@pytest.mark.parametrize("then", ["", "folder.write_text('')", "folder.symlink_to({outside!r})"])
@pytest.mark.parametrize("below", ["model", "output/data", "checkpoints"])
def test_a_script_that_removes_or_replaces_a_folder_of_its_job_is_a_failed_job(
    lab: Lab, below: str, then: str, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("not of this job")
    script = f"""
        import os, shutil
        from pathlib import Path
        folder = Path(os.environ["SM_MODEL_DIR"]).parent / "{below}"
        shutil.rmtree(folder)
        {then.format(outside=str(tmp_path))}
        """
    found = lab.train(script, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/output/replaced/"})
    assert (found["TrainingJobStatus"], found["FailureReason"]) == (
        "Failed",
        f"ClientError: Artifact upload failed: /opt/ml/{below} is no longer the folder that the script was given: it "
        "was removed or replaced",
    )
    for prefix in (found["TrainingJobName"], "replaced"):
        assert lab.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"output/{prefix}/")["KeyCount"] == 0


def test_a_script_that_fails_tells_its_own_reason_whatever_it_did_to_its_folders(lab: Lab) -> None:
    script = """
        import os, shutil
        from pathlib import Path
        output = Path(os.environ["SM_OUTPUT_DIR"])
        shutil.rmtree(output.parent / "checkpoints")
        (output / "failure").write_text(f"no room for {output.parent / 'model'}")
        raise SystemExit(1)
        """
    found = lab.train(script, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/never/"})
    assert found["FailureReason"] == "AlgorithmError: no room for /opt/ml/model, exit code: 1"


def test_reasons_and_lines_have_the_paths_of_the_image(lab: Lab) -> None:
    own = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code",
        "to": "/opt/ml/model",
    }
    empty = lab.train("", HyperParameters=own)
    _, command, last = lab.log(empty["TrainingJobName"])
    assert command.endswith(" train.py --to /opt/ml/model")
    assert last == "local AWS: nothing is in /opt/ml/model: there is no model.tar.gz"
    failed = lab.train("raise SystemExit(1)", HyperParameters=own)
    assert failed["FailureReason"].endswith(' train.py --to /opt/ml/model", exit code: 1')
    above = lab.train("", CheckpointConfig={"S3Uri": "s3://acme/c/", "LocalPath": "/opt/ml/../a"})
    assert above["FailureReason"].startswith("ClientError: CheckpointConfig.LocalPath /opt/ml/../a: the local AWS has")


@pytest.mark.parametrize(
    "does",
    [
        "shutil.rmtree(home)",
        "shutil.rmtree(home / 'tmp'); os.chmod(home, 0)",
        "os.rename(home / 'opt', home / 'other'); os.symlink({outside!r}, home / 'opt')",
        "[(os.mkdir('a'), os.chdir('a')) for _ in range(1500)]",  # deeper than Python's recursion
        "subprocess.run(['chattr', '+i', home / 'kept/a'])",
    ],
)
def test_a_jobs_folder_is_gone_whatever_its_script_did(lab: Lab, does: str, tmp_path: Path) -> None:
    (tmp_path / "ml/model").mkdir(parents=True)
    script = f"""
        import os, shutil, subprocess
        from pathlib import Path
        home = Path(os.environ["HOME"])
        (home / "kept/a").mkdir(parents=True)
        print("home", home)
        {does.format(outside=str(tmp_path))}
        """
    name = lab.start(script)
    lab.ended(name)
    home = Path(lab.wait_for(name, "home").split()[1])
    assert home.is_absolute()
    assert not home.exists()
    assert (tmp_path / "ml/model").is_dir()


def test_an_archive_is_written_nowhere_where_the_script_could_wait_for_it(lab: Lab, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("of another")
    script = f"""
        import os
        from pathlib import Path
        Path(os.environ["SM_MODEL_DIR"], "model").write_text("1")
        Path(os.environ["SM_OUTPUT_DATA_DIR"], "rows").write_text("1")
        os.symlink({str(kept)!r}, os.environ["HOME"] + "/model.tar.gz")
        os.mkfifo(os.environ["HOME"] + "/output.tar.gz")
        """
    found = lab.train(script)
    assert found["TrainingJobStatus"] == "Completed"
    assert lab.members(found["ModelArtifacts"]["S3ModelArtifacts"]) == {"model": b"1"}
    assert kept.read_text() == "of another"


def test_a_script_that_is_killed_or_takes_too_much_memory_is_a_failed_job(lab: Lab) -> None:
    killed = lab.train("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert "\nExitCode -9\n" in killed["FailureReason"]
    container = lab.train("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(60)")
    assert container["FailureReason"] == "AlgorithmError: the container was killed, exit code: 137"
    greedy = lab.train("held = bytearray(100 * 1024 ** 3)")
    assert lab.log(greedy["TrainingJobName"])[-1] == "MemoryError"


def test_a_stopped_job_saves_what_it_has(lab: Lab) -> None:
    name = lab.start(WAITING)
    lab.wait_for(name, "waiting")  # told while it runs
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    found = lab.ended(name)
    assert [step["Status"] for step in found["SecondaryStatusTransitions"]][-4:] == [
        "Training",
        "Stopping",
        "Uploading",
        "Stopped",
    ]
    assert found["TrainingJobStatus"] == "Stopped"
    assert lab.members(found["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": b"as far as it came"}
    with pytest.raises(ClientError, match="The request was rejected because the training job is in status Stopped"):
        lab.sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_over_its_time_is_stopped(lab: Lab) -> None:
    found = lab.train(WAITING, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert lab.members(found["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": b"as far as it came"}


def test_a_third_job_waits_for_a_place_and_can_be_stopped_there(lab: Lab) -> None:
    running = [lab.start(WAITING) for _ in range(2)]
    for name in running:
        lab.wait_for(name, "waiting")
    waiting, stopped = lab.start(""), lab.start("")
    for name in (waiting, stopped):
        found = lab.described(name)
        assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("InProgress", "Pending")
        assert "TrainingStartTime" not in found
    lab.sagemaker.stop_training_job(TrainingJobName=stopped)
    assert lab.ended(stopped)["SecondaryStatus"] == "Stopped"
    assert lab.described(waiting)["SecondaryStatus"] == "Pending"
    for name in running:
        lab.sagemaker.stop_training_job(TrainingJobName=name)
    assert lab.ended(waiting)["TrainingJobStatus"] == "Completed"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process adopts orphans")
def test_nothing_of_a_job_is_left(lab: Lab) -> None:
    name = lab.start(
        """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True, env={})
        print("child", child.pid)
        """
    )
    lab.ended(name)
    assert not psutil.pid_exists(int(lab.wait_for(name, "child").split()[1]))


def test_nothing_of_a_job_survives_the_server(tmp_path: Path) -> None:
    started = server_process.start(tmp_path)
    lab = Lab(started)
    lab.s3.create_bucket(Bucket=BUCKET)
    lab.logs.create_log_group(logGroupName=GROUP)
    pid = int(lab.wait_for(lab.start(WAITING), "waiting").split()[1])
    script = psutil.Process(pid)
    home = Path(script.environ()["HOME"])
    psutil.Process(started.pid).kill()
    psutil.wait_procs([script], timeout=10)
    for _ in range(100):
        if not home.exists():
            break
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
    assert not home.exists()


def test_a_script_that_does_not_hear_is_killed_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STOP_SECONDS", 1)
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: None)\nprint('deaf', flush=True)\n"
    stop, lines = threading.Event(), []

    def log(line: str) -> None:
        lines.append(line)
        stop.set()

    command = training.Command(
        words=[sys.executable, "-c", f"{deaf}while True: time.sleep(1)"], folder=tmp_path, introduction=[], own={}
    )
    began = time.monotonic()
    ended = training.run(container(), command, tmp_path, log=log, stop=stop)
    assert lines == ["deaf"]
    assert ended == training.Ended(exit_code=-1, is_over_time=False)
    assert 1 <= time.monotonic() - began < 10


def container(**changes: Any) -> training.Container:
    values: dict[str, Any] = {
        "job_name": "a",
        "job_arn": "arn:aws:sagemaker:us-east-1:111111111111:training-job/a",
        "region": "us-east-1",
        "image": SCIKIT_LEARN.rpartition("/")[2],
        "environment": {},
        "instance_count": 1,
        "is_isolated": True,
        "memory_mb": 1024,
        "volume_size_gb": 1,
        "max_runtime_seconds": 60,
    }
    return training.Container(**values | changes)


def test_several_instances_are_one_and_its_log_says_so(lab: Lab) -> None:
    name = lab.start(
        "import os\nprint(os.environ['SM_HOSTS'])",
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )
    lab.ended(name)
    lines = lab.log(name)
    assert lines[0].endswith("; once, as algo-1, where 2 instances were asked for")
    assert lines[2] == '["algo-1"]'


def test_checkpoints_are_there_again_and_kept(lab: Lab) -> None:
    script = """
        from pathlib import Path
        import os
        folder = Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints"
        for path in sorted(folder.iterdir()): print("found", path.name)
        (folder / "epoch-2").write_text("2")
        """
    lab.put({"checkpoints/epoch-1": "1"})
    name = lab.start(script, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/"})
    lab.ended(name)
    assert "found epoch-1" in lab.log(name)
    kept = lab.s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")["Contents"]
    assert [item["Key"] for item in kept] == ["checkpoints/epoch-1", "checkpoints/epoch-2"]


def test_what_lies_outside_is_no_checkpoint(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("not of this job")
    script = f"""
        import os
        os.chdir(os.environ["SM_MODEL_DIR"] + "/../checkpoints")
        open("epoch-1", "w").close()
        os.symlink("epoch-1", "latest")
        os.symlink({str(tmp_path / "outside")!r}, "outside")
        os.symlink({str(tmp_path)!r}, "folder")
        os.mkfifo("pipe")
        """
    lab.train(script, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/own/"})
    kept = lab.s3.list_objects_v2(Bucket=BUCKET, Prefix="own/")["Contents"]
    assert [item["Key"] for item in kept] == ["own/epoch-1", "own/latest"]


def test_code_in_an_archive_of_s3_is_downloaded_unless_the_job_is_isolated(lab: Lab) -> None:
    archive = archives.artifact({"lib/said.py": b"print('from the archive')", "train.py": b"import lib.said"})
    lab.put({"source/sourcedir.tar.gz": archive})
    own = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f'"s3://{BUCKET}/source/sourcedir.tar.gz"'}
    open_to_the_network = lab.train("", HyperParameters=own, EnableNetworkIsolation=False)
    assert "from the archive" in lab.log(open_to_the_network["TrainingJobName"])
    isolated = lab.train("", HyperParameters=own)
    assert "the job is isolated from the network, and cannot download its code from s3://" in isolated["FailureReason"]
    gone = lab.train(
        "",
        HyperParameters=own | {"sagemaker_submit_directory": f"s3://{BUCKET}/gone.tar.gz"},
        EnableNetworkIsolation=False,
    )
    assert "Not Found: s3://acme/gone.tar.gz" in gone["FailureReason"]


def test_without_the_log_group_nothing_is_logged_and_the_job_runs(lab: Lab) -> None:
    lab.logs.delete_log_group(logGroupName=GROUP)
    try:
        assert lab.train("print(1)")["TrainingJobStatus"] == "Completed"
        assert lab.logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"] == []
    finally:
        lab.logs.create_log_group(logGroupName=GROUP)


def test_a_job_that_wrote_no_model_has_no_artifact(lab: Lab) -> None:
    found = lab.train("")
    assert found["TrainingJobStatus"] == "Completed"
    with pytest.raises(ClientError, match="NoSuchKey"):
        lab.members(found["ModelArtifacts"]["S3ModelArtifacts"])


def test_jobs_are_listed_by_name_status_and_time(lab: Lab) -> None:
    first, second = lab.train("")["TrainingJobName"], lab.train("raise SystemExit(1)")["TrainingJobName"]
    created = lab.described(second)["CreationTime"]

    def names(**asked: Any) -> list[str]:
        pages = lab.sagemaker.get_paginator("list_training_jobs").paginate(**asked)
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    assert names(MaxResults=1)[-2:] == [first, second]
    assert names(SortOrder="Descending")[0] == second
    assert second in names(StatusEquals="Failed")
    assert first not in names(StatusEquals="Failed")
    assert names(NameContains=second) == [second]
    assert names(CreationTimeAfter=created + timedelta(seconds=1)) == []
    assert second in names(CreationTimeAfter=created - timedelta(seconds=1))


def test_rejects_a_name_that_was_used_before(lab: Lab) -> None:
    name = lab.train("")["TrainingJobName"]
    with pytest.raises(ClientError, match="a training job with this name already exists") as caught:
        lab.start("", TrainingJobName=name)
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


def test_rejects_data_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(ClientError, match=r'No S3 objects found under S3 URL "s3://acme/nothing/" given in') as caught:
        lab.start("", InputDataConfig=[channel("train", "nothing/")])
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_rejects_an_unknown_job(lab: Lab) -> None:
    for operation in (lab.sagemaker.describe_training_job, lab.sagemaker.stop_training_job):
        with pytest.raises(ClientError, match=r"\(ValidationException\).*Requested resource not found\."):
            operation(TrainingJobName="nobody")


def test_rejects_a_role_that_has_not_settled(lab: Lab, server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    role = session.client("iam", endpoint_url=server.url).create_role(RoleName="new", AssumeRolePolicyDocument="{}")
    failures.put(server, Failures(settling_seconds=60))
    try:
        with pytest.raises(ClientError, match="Could not assume role"):
            lab.start("", RoleArn=role["Role"]["Arn"])
    finally:
        failures.put(server, Failures())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"AlgorithmSpecification": {"TrainingImage": "1.dkr.ecr/own:1", "TrainingInputMode": "File"}},
            "ClientError: the local AWS runs no image: it trains what sagemaker-scikit-learn",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "Pipe"}},
            "ClientError: the channel train: the local AWS reads data of S3 by a prefix",
        ),
        (
            {"HyperParameters": {"sagemaker_program": "../train.py"}},
            "AlgorithmError: the hyperparameter sagemaker_program is '../train.py': must be the script's path",
        ),
        (
            {
                "HyperParameters": {
                    "sagemaker_program": "other.py",
                    "sagemaker_submit_directory": "/opt/ml/input/data/code",
                }
            },
            "AlgorithmError: there is no other.py among the code: it has train.py",
        ),
        (
            {"HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "/etc"}},
            "AlgorithmError: framework error: sagemaker_submit_directory is /etc: the local AWS has /opt/ml only",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://acme/c/", "LocalPath": "/data"}},
            "ClientError: CheckpointConfig.LocalPath /data: the local AWS has /opt/ml only",
        ),
        (
            {"ResourceConfig": {"InstanceGroups": [], "VolumeSizeInGB": 1}},
            "ClientError: ResourceConfig: the local AWS needs InstanceCount, InstanceType",
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://gone/"}},
            "ClientError: Artifact upload failed: s3://gone/job-",
        ),
    ],
)
def test_what_does_not_run_here_is_a_failed_job_that_says_why(lab: Lab, changes: dict[str, Any], reason: str) -> None:
    script = 'import os\nopen(os.environ["SM_MODEL_DIR"] + "/model", "w").close()'
    found = lab.train(script, **changes)
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith(reason)


def test_a_script_with_requirements_is_a_failed_job(lab: Lab) -> None:
    lab.put({"with-requirements/train.py": "", "with-requirements/requirements.txt": "pandas"})
    found = lab.train("", InputDataConfig=[channel("code", "with-requirements/")])
    assert found["FailureReason"].startswith("AlgorithmError: requirements.txt: the image would run pip")


def test_a_key_that_leads_outside_of_its_channel_is_refused(lab: Lab) -> None:
    lab.put({"outside/a/../../../../b": "1"})
    found = lab.train("", InputDataConfig=[channel("train", "outside/")])
    assert "leads outside of its folder" in found["FailureReason"]


def test_a_pipeline_trains_judges_and_registers_what_its_script_made(lab: Lab, server: Server) -> None:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    iam = session.client("iam", endpoint_url=server.url)
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": ["sagemaker:*", "iam:PassRole", "s3:GetObject"], "Resource": "*"}
    role = iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="pipeline", PolicyName="all", PolicyDocument=document(allowed))
    script = 'import os\nopen(os.environ["SM_MODEL_DIR"] + "/model", "w").close()\nprint("accuracy=0.97")'
    lab.put({"pipeline/code/train.py": script, "pipeline/train/rows.csv": "1,2\n"})
    train = {
        "AlgorithmSpecification": {
            "TrainingImage": SCIKIT_LEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
        },
        "RoleArn": role,
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "/opt/ml/input/data/code",
        },
        "InputDataConfig": [channel("train", "pipeline/train/"), channel("code", "pipeline/code/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    }
    metric = {"Get": "Steps.Train.FinalMetricDataList['accuracy'].Value"}
    artifact = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    container = {"Image": SCIKIT_LEARN, "ModelDataUrl": artifact}
    register = {
        "ModelPackageGroupName": "models",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    judge = {
        "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": metric, "RightValue": 0.95}],
        "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": register}],
        "ElseSteps": [],
    }
    steps = [
        {"Name": "Train", "Type": "Training", "Arguments": train},
        {"Name": "Judge", "Type": "Condition", "Arguments": judge},
    ]
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="models")
    lab.sagemaker.create_pipeline(
        PipelineName="training",
        PipelineDisplayName="training",
        ClientRequestToken="a" * 32,
        RoleArn=role,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps}),
    )
    execution = lab.sagemaker.start_pipeline_execution(PipelineName="training", ClientRequestToken="b" * 32)
    for _ in range(400):
        found = lab.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
        if found["PipelineExecutionStatus"] != "Executing":
            break
        time.sleep(0.05)
    steps_run = lab.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution["PipelineExecutionArn"])[
        "PipelineExecutionSteps"
    ]
    reasons = [step.get("FailureReason") for step in steps_run]
    assert (found["PipelineExecutionStatus"], reasons) == ("Succeeded", [None] * 3)
    [version] = lab.sagemaker.list_model_packages(ModelPackageGroupName="models")["ModelPackageSummaryList"]
    package = lab.sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    [registered] = package["InferenceSpecification"]["Containers"]
    assert lab.members(registered["ModelDataUrl"]) == {"model": b""}


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
