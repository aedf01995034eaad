"""The platform's pipeline on the local AWS, its training run for real: from rows in S3 to a registered version."""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.support.training_lab import BUCKET, DATA, Lab, wait_until

TRAINS = """
import os
from pathlib import Path
rows = Path(os.environ["SM_CHANNEL_TRAIN"], "train.csv").read_text()
Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(rows)
print("validation:accuracy=0.986014", flush=True)
"""


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    if started.answers():
        server_process.stop(folder, started)
    assert "Traceback" not in (folder / "server.log").read_text()


@pytest.fixture(scope="module")
def lab(server: Server) -> Lab:
    return Lab(server)


def test_a_script_that_reaches_the_threshold_ends_as_a_version_whose_artifact_it_wrote(lab: Lab) -> None:
    status, ran = lab.run(TRAINS)
    assert status == "Succeeded", ran
    assert [*ran] == ["Train", "Judge", "Register"]
    version = lab.sagemaker.describe_model_package(ModelPackageName=ran["Register"]["Metadata"]["RegisterModel"]["Arn"])
    job = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert version["CustomerMetadataProperties"]["training_job"] == job
    assert float(version["CustomerMetadataProperties"]["value"]) == pytest.approx(0.986014)
    [container] = version["InferenceSpecification"]["Containers"]
    key = container["ModelDataUrl"].removeprefix(f"s3://{BUCKET}/")
    artifact = lab.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(artifact)) as archive:
        model = archive.extractfile(next(member for member in archive if member.name.endswith("model.json")))
        assert model is not None
        assert model.read() == b"1,2\n"


def test_a_metric_below_the_threshold_registers_nothing(lab: Lab) -> None:
    before = lab.sagemaker.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"]
    status, ran = lab.run(TRAINS.replace("0.986014", "0.5"))
    assert (status, [*ran]) == ("Failed", ["Train", "Judge", "Fail"])
    assert ran["Fail"]["FailureReason"] == "accuracy is 0.5"
    assert lab.sagemaker.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"] == before


def test_a_metric_that_is_never_printed_fails_the_condition(lab: Lab) -> None:
    status, ran = lab.run(TRAINS.replace("validation:accuracy", "accuracy"))
    assert (status, [*ran]) == ("Failed", ["Train", "Judge"])
    assert "Steps.Train.FinalMetricDataList['validation:accuracy'].Value is not there" in ran["Judge"]["FailureReason"]


def test_a_script_that_raises_fails_the_step_with_the_jobs_reason(lab: Lab) -> None:
    status, ran = lab.run("raise ValueError('no rows')")
    assert (status, [*ran]) == ("Failed", ["Train"])
    job = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    reason = lab.sagemaker.describe_training_job(TrainingJobName=job)["FailureReason"]
    assert ran["Train"]["FailureReason"] == f"ClientError: {reason}"[:1024]


def test_a_script_that_ends_well_without_a_model_registers_nothing(lab: Lab) -> None:
    before = lab.sagemaker.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"]
    status, ran = lab.run('print("validation:accuracy=0.986014")')
    assert (status, [*ran]) == ("Failed", ["Train", "Judge", "Register"])
    job = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert ran["Register"]["FailureReason"] == (
        "ClientError: Failed to invoke sagemaker:CreateModelPackage. Error Details: Could not find model data at "
        f"s3://{BUCKET}/training-output/{job}/output/model.tar.gz."
    )
    assert lab.sagemaker.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"] == before


def test_data_that_is_not_there_fails_the_step(lab: Lab) -> None:
    lab.s3.delete_object(Bucket=BUCKET, Key=f"{DATA}train.csv")
    try:
        status, ran = lab.run(TRAINS)
    finally:
        lab.s3.put_object(Bucket=BUCKET, Key=f"{DATA}train.csv", Body=b"1,2\n")
    assert status == "Failed"
    assert f"s3://{BUCKET}/{DATA}" in ran["Train"]["FailureReason"]


def test_a_stop_ends_the_scripts_process_and_the_pipeline_cannot_go_before(lab: Lab) -> None:
    arn, script = lab.waiting()
    with pytest.raises(ClientError, match="has running executions: stop them first"):
        lab.sagemaker.delete_pipeline(PipelineName="lab")
    lab.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    wait_until(lambda: lab.status(arn) == "Stopped")
    assert not psutil.pid_exists(script)
    assert lab.steps(arn)["Train"]["StepStatus"] == "Stopped"
    assert lab.sagemaker.describe_training_job(TrainingJobName=lab.job(arn))["TrainingJobStatus"] == "Stopped"


def test_a_server_that_is_stopped_takes_the_script_with_it(lab: Lab, server: Server, folder: Path) -> None:
    _, script = lab.waiting()
    server_process.stop(folder, server)
    wait_until(lambda: not psutil.pid_exists(script))
