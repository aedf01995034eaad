"""From data to a registered version and an endpoint, as a person does it: make train, models, approve, reject, deploy.

One environment with several trainings on one local AWS, where their scripts really run.
"""

import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.trials.lab import Finished, Lab, lab
from stacks.sourced_shell import ENVIRONMENT_VARIABLE
from tests.support.project import copy_project

DEV = """
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.training import BREAST_CANCER, BuiltInTraining, ScriptTraining
from settings.training_metric import BuiltInMetricSettings, ScriptMetricSettings
from settings.variant import VariantSettings


def own(**changes):
    return ScriptTraining(**vars(BREAST_CANCER) | {"data_prefix": "breast-cancer"} | changes)


SETTINGS = EnvironmentSettings(
    name="dev", region="us-east-1", protected=False, bucket=BucketSettings(force_destroy=True),
    encryption_key=EncryptionKeySettings(deletion_window_days=7),
    endpoints=[
        ProvisionedEndpointSettings(production=VariantSettings()),
        ProvisionedEndpointSettings(name="linear", production=VariantSettings()),
    ],
    trainings=[
        BREAST_CANCER,
        own(name="means", hyperparameters={"columns": "means"}),
        own(name="silent", metric=ScriptMetricSettings(name="validation:f1", regex="f1=([0-9.]+)", threshold=0.5)),
        own(name="broken", source="models/broken"),
        own(name="slow", source="models/slow"),
        own(name="own-data", sample_data=None, data_prefix="own"),
        BuiltInTraining(
            name="linear",
            hyperparameters={"predictor_type": "binary_classifier", "mini_batch_size": "100"},
            sample_data="models/breast_cancer/data",
            metric=BuiltInMetricSettings(name="validation:binary_classification_accuracy", threshold=0.9),
        ),
    ],
)
"""
BROKEN = """
import pathlib, sys
print("reading the data")
raise ValueError("the rows have no labels")
"""
SLOW = """
import pathlib, time
print("one step of many", flush=True)
time.sleep(600)
"""
PREFIX = "ml-platform-dev"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("training")
    project = copy_project(folder / "project")
    (project / "stacks/dev.py").write_text(DEV)
    for name, script in (("broken", BROKEN), ("slow", SLOW)):
        (project / f"models/{name}").mkdir()
        (project / f"models/{name}/train.py").write_text(script)
    # What a shell runs in the background ignores interrupts, and so would all that is started here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with lab(folder, "dev", project=project) as lab_made:
        lab_made.variables[ENVIRONMENT_VARIABLE] = "dev"  # whoever looks at the local AWS need not be gentle
        lab_made.applied()
        yield lab_made
    signal.signal(signal.SIGINT, before)


def train(made: Lab, training: str = "breast-cancer", *options: str) -> Finished:
    return made.operation("train", "--training", training, *options)


def versions(made: Lab, training: str) -> list[dict[str, Any]]:
    listed = made.client("sagemaker").list_model_packages(ModelPackageGroupName=f"{PREFIX}-{training}")
    found: list[dict[str, Any]] = listed["ModelPackageSummaryList"]
    return found


def version(made: Lab, training: str, number: int) -> dict[str, Any]:
    [arn] = [item["ModelPackageArn"] for item in versions(made, training) if item["ModelPackageVersion"] == number]
    described: dict[str, Any] = made.client("sagemaker").describe_model_package(ModelPackageName=arn)
    return described


def artifact(made: Lab, registered: dict[str, Any]) -> bytes:
    [container] = registered["InferenceSpecification"]["Containers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    found: bytes = made.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def release(made: Lab, registered: dict[str, Any], packed: bytes, endpoint: str, **image: str) -> None:
    """A version as docs/releasing.md says by hand: its artifact into models/, its name into releases.json, deployed."""
    name = registered["ModelPackageGroupName"].removeprefix(f"{PREFIX}-")
    path = made.project / f"models/{name}-1.tar.gz"
    path.write_bytes(packed)
    releases = json.loads((made.project / "releases.json").read_text())
    [container] = registered["InferenceSpecification"]["Containers"]
    releases["models"][f"{name}-1"] = {
        "image": image,
        "artifact": f"models/{path.name}",
        "sha256": hashlib.sha256(packed).hexdigest(),
        "environment": container.get("Environment", {}),
    }
    releases["environments"]["dev"][endpoint] = {"production": f"{name}-1"}
    (made.project / "releases.json").write_text(json.dumps(releases, indent=2))
    made.synthesize()
    made.applied()


def held_out(made: Lab) -> tuple[bytes, list[str]]:
    """Rows as an endpoint gets them, and their labels."""
    lines = (made.project / "models/breast_cancer/data/validation/validation.csv").read_text().splitlines()
    cells = [line.partition(",") for line in lines]
    return "\n".join(row for _, _, row in cells).encode(), [label.removesuffix(".0") for label, _, _ in cells]


def invoked(made: Lab, endpoint: str, rows: bytes) -> list[dict[str, Any]]:
    answer = made.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=rows, ContentType="text/csv", Accept="application/json"
    )
    found: list[dict[str, Any]] = json.load(answer["Body"])["predictions"]
    return found


def test_a_training_ends_with_a_registered_version_that_predicts_the_held_out_rows_as_the_metric_said(
    made: Lab,
) -> None:
    finished = train(made)
    assert finished.code == 0, finished.printed
    assert "validation:accuracy is 0.986014: at least 0.95" in finished.printed
    assert "dev: next: make approve ENV=dev TRAINING=breast-cancer VERSION=1" in finished.printed
    registered = version(made, "breast-cancer", 1)
    assert registered["ModelApprovalStatus"] == "PendingManualApproval"
    packed = artifact(made, registered)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert sorted(archive.getnames()) == ["code", "code/inference.py", "model.json"]
    release(made, registered, packed, "linear-learner", repository="sagemaker-scikit-learn", tag="1.2-1-cpu-py3")
    rows, labels = held_out(made)
    classes = [prediction["class"] for prediction in invoked(made, "linear-learner", rows)]
    right = sum(
        predicted == ("malignant", "benign")[int(label)] for predicted, label in zip(classes, labels, strict=True)
    )
    assert float(registered["CustomerMetadataProperties"]["value"]) == pytest.approx(right / len(labels), abs=1e-6)


def test_the_job_was_isolated_encrypted_and_ran_the_uploaded_script_as_the_training_role(made: Lab) -> None:
    registered = version(made, "breast-cancer", 1)
    name = registered["CustomerMetadataProperties"]["training_job"]
    job = made.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert job["EnableNetworkIsolation"] is True
    assert job["RoleArn"].endswith(f"role/{PREFIX}-sagemaker-training")
    key = json.loads(made.terraform("output", "-json").printed)["key_arn"]["value"]
    assert (job["OutputDataConfig"]["KmsKeyId"], job["ResourceConfig"]["VolumeKmsKeyId"]) == (key, key)
    bucket, _, artifact_key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert made.client("s3").head_object(Bucket=bucket, Key=artifact_key)["SSEKMSKeyId"] == key
    channels = {item["ChannelName"]: item["DataSource"]["S3DataSource"]["S3Uri"] for item in job["InputDataConfig"]}
    assert registered["CustomerMetadataProperties"]["code"] in channels["code"]
    streams = made.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/algo-1-"
    )
    assert len(streams["logStreams"]) == 1


def test_a_version_is_approved_by_whoever_says_so_and_shown_where_it_serves(made: Lab) -> None:
    approved = made.operation("approval", "--verb", "approve", "--training", "breast-cancer", "--version", "1",
                              "--why", "better than the last")  # fmt: skip
    assert approved.code == 0, approved.printed
    described = version(made, "breast-cancer", 1)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"].endswith("UTC: better than the last")
    again = made.operation("approval", "--verb", "approve", "--training", "breast-cancer", "--version", "1")
    assert again.code == 0
    assert "is Approved already, and nothing was changed" in again.printed
    rejected = made.operation("approval", "--verb", "reject", "--training", "breast-cancer", "--version", "1")
    assert rejected.code == 0, rejected.printed
    assert version(made, "breast-cancer", 1)["ModelApprovalStatus"] == "Rejected"
    models = made.operation("models", "--training", "breast-cancer")
    assert "1        Rejected  validation:accuracy 0.986014" in models.printed


def test_below_the_threshold_nothing_is_registered_and_the_sentence_has_both_numbers(made: Lab) -> None:
    finished = train(made, "means")
    assert finished.code == 1
    assert "means: validation:accuracy is 0.93706" in finished.printed
    assert "must be at least 0.95 to be registered" in finished.printed
    assert "nothing was registered" in finished.printed
    assert versions(made, "means") == []


def test_a_metric_that_is_never_printed_fails_with_a_reason_and_registers_nothing(made: Lab) -> None:
    finished = train(made, "silent")
    assert finished.code == 1
    assert "validation:f1" in finished.printed.splitlines()[-1]
    assert versions(made, "silent") == []


def test_a_script_that_raises_is_told_with_the_end_of_its_log(made: Lab) -> None:
    finished = train(made, "broken")
    assert finished.code == 1
    assert "  reading the data" in finished.printed
    assert "  ValueError: the rows have no labels" in finished.printed
    reason = finished.printed.rpartition(" Failed\n")[2]
    assert reason.startswith("step Train: ClientError: AlgorithmError: ")
    assert "Traceback" not in reason


@pytest.mark.parametrize(
    ("training", "options", "said"),
    [
        ("brest-cancer", (), "TRAINING: 'brest-cancer': must be one of"),
        ("", (), "TRAINING"),
        ("own-data", (), "training own-data: channel train: s3://"),
        ("breast-cancer", ("--execution", "gone00000000"), "EXECUTION: 'gone00000000': gone, or not one of"),
        ("breast-cancer", ("--execution", "not an id"), "EXECUTION: 'not an id': must be"),
    ],
)
def test_rejects_before_anything_is_started(made: Lab, training: str, options: tuple[str, ...], said: str) -> None:
    before = executions(made)
    finished = train(made, training, *options)
    assert finished.code == 1
    assert said in finished.printed
    assert "Traceback" not in finished.printed
    assert executions(made) == before


def executions(made: Lab) -> int:
    sagemaker = made.client("sagemaker")
    pipelines = [item["PipelineName"] for item in sagemaker.list_pipelines()["PipelineSummaries"]]
    listed = [sagemaker.list_pipeline_executions(PipelineName=name) for name in pipelines]
    return sum(len(item["PipelineExecutionSummaries"]) for item in listed)


def test_a_persons_own_data_is_trained_with_once_it_is_there(made: Lab) -> None:
    bucket = json.loads(made.terraform("output", "-json").printed)["bucket_name"]["value"]
    for channel in ("train", "validation"):
        path = made.project / f"models/breast_cancer/data/{channel}/{channel}.csv"
        made.client("s3").upload_file(str(path), bucket, f"training-data/own/{channel}/rows.csv")
    finished = train(made, "own-data")
    assert finished.code == 0, finished.printed
    assert len(versions(made, "own-data")) == 1


def test_an_interrupt_leaves_it_running_and_says_how_to_come_back_and_how_to_stop_it(made: Lab) -> None:
    run = made.start_operation("train", "--training", "slow")
    give_up = time.monotonic() + 60
    while "one step of many" not in run.log.read_text():
        assert time.monotonic() < give_up, run.log.read_text()
        time.sleep(0.2)
    os.killpg(run.process.pid, signal.SIGINT)
    code, printed = run.wait(60)
    assert code == 130
    assert "Traceback" not in printed
    [execution] = [line.split("EXECUTION=")[1].split()[0] for line in printed.splitlines() if "EXECUTION=" in line]
    destroy = made.operation("deploy", "--verb", "destroy")
    assert destroy.code == 1
    assert f"the pipeline {PREFIX}-slow runs, and SageMaker deletes none that does" in destroy.printed
    [stop] = [line.partition("to stop it:")[2] for line in printed.splitlines() if "to stop it:" in line]
    again = made.start_operation("train", "--training", "slow", "--execution", execution)
    subprocess.run(
        ["/bin/sh", "-c", stop],
        cwd=made.project,
        env=made.variables | {"AWS_PAGER": ""},
        check=True,
        capture_output=True,
    )
    code, printed = again.wait(120)
    assert code == 1
    assert f"execution {execution} was stopped" in printed
    assert versions(made, "slow") == []


def test_awss_own_algorithm_is_trained_by_its_stand_in_and_answers_on_an_endpoint(made: Lab) -> None:
    finished = train(made, "linear")
    assert finished.code == 0, finished.printed
    registered = version(made, "linear", 1)
    release(made, registered, artifact(made, registered), "linear", repository="linear-learner", tag="1")
    rows, labels = held_out(made)
    predicted = invoked(made, "linear", rows)
    assert set(predicted[0]) == {"score", "predicted_label"}
    right = sum(str(int(item["predicted_label"])) == label for item, label in zip(predicted, labels, strict=True))
    assert float(registered["CustomerMetadataProperties"]["value"]) == pytest.approx(right / len(labels), abs=1e-6)


def test_a_role_that_may_not_ends_with_who_was_refused_what(made: Lab) -> None:
    iam = made.client("iam")
    role, policy = f"{PREFIX}-sagemaker-pipeline", "platform"
    kept = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    finished = train(made)
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=kept)
    assert finished.code == 1
    assert "is not authorized to perform: sagemaker:CreateTrainingJob" in finished.printed.splitlines()[-1]


def test_a_changed_script_changes_its_pipeline_and_its_code_and_nothing_else(made: Lab) -> None:
    script = made.project / "models/broken/train.py"
    script.write_text(f"{BROKEN}\nprint('another one')\n")
    made.synthesize()
    planned = made.terraform("plan", "-input=false", "-out=tfplan")
    assert planned.code == 0, planned.printed
    changes = json.loads(made.terraform("show", "-json", "tfplan").printed)["resource_changes"]
    changed = {item["address"]: item["change"]["actions"] for item in changes if item["change"]["actions"] != ["no-op"]}
    assert changed == {
        "aws_s3_object.training_broken_code_train_py": ["create", "delete"],
        "aws_sagemaker_pipeline.training_broken_pipeline": ["update"],
    }
    assert made.terraform("apply", "-input=false", "tfplan").code == 0
    made.nothing_to_change()


def test_a_training_that_left_the_settings_is_not_deleted_while_versions_are_registered(made: Lab) -> None:
    values = made.project / "stacks/dev.py"
    before = values.read_text()
    values.write_text(before.replace('        own(name="own-data", sample_data=None, data_prefix="own"),\n', ""))
    made.synthesize()
    refused = made.finished(made.start_deploy())
    assert refused.code == 1
    assert refused.printed.splitlines()[-1] == "nothing was begun: that first, then deploy again"
    [command] = [line for line in refused.printed.splitlines() if "delete_model_packages.py" in line]
    subprocess.run(["/bin/sh", "-c", command], cwd=made.project, env=made.variables, check=True)
    made.applied()
    groups = made.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert f"{PREFIX}-own-data" not in {group["ModelPackageGroupName"] for group in groups}


def test_a_destroy_leaves_nothing_though_versions_are_registered(made: Lab) -> None:
    assert len(versions(made, "breast-cancer")) == 1
    made.destroyed()
