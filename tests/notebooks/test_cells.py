"""The notebooks from their first to their last cell, in a real kernel with the notebook's role, on a local AWS."""

import base64
import json
import re
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from nbclient.exceptions import CellExecutionError

from tests.support.kernel import Call, Kernel, committed, kernel, pictures, printed, read
from tests.support.notebook_account import LINEAR_LEARNER, Account, notebook_account
from tests.support.policies import KEY

LAB1, CHEAT_SHEET = "Lab1-train-a-linear-learner.ipynb", "PythonCheatSheet.ipynb"
HELD_OUT_ROWS = 114
ENDPOINT_CELL, MATRIX_CELL = "invoke_endpoint(", "ConfusionMatrixDisplay("
START_CELL, FOLLOW_CELL = "create_training_job(", "SecondaryStatusTransitions"
CALLS = {
    "logs.DescribeLogStreams",
    "logs.GetLogEvents",
    "s3.HeadObject",
    "s3.PutObject",
    "sagemaker-runtime.InvokeEndpoint",
    "sagemaker.CreateTrainingJob",
    "sagemaker.DescribeTrainingJob",
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with notebook_account(tmp_path_factory.mktemp("account")) as made:
        yield made


@pytest.fixture(scope="module")
def handed_out(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the notebooks as a person finds them there."""
    folder = tmp_path_factory.mktemp("handed-out")
    account.deliver(folder)
    return folder


@pytest.fixture(scope="module")
def lab1(account: Account, handed_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Run to its end; the kernel stays, so that a cell can be run again."""
    with kernel(read(handed_out / LAB1), account.notebooks_variables(), tmp_path_factory.mktemp("lab1")) as made:
        made.run_all()
        yield made


def value(lab1: Kernel, expression: str) -> Any:
    """What an expression is worth in the kernel."""
    return json.loads(lab1.add(f"print(json.dumps({expression}))"))


def answered_again(lab1: Kernel, endpoint: str) -> str:
    """What the cells about the endpoint print when they ask that one."""
    lab1.add(f"ENDPOINT = {endpoint!r}")
    return lab1.run_again(ENDPOINT_CELL) + lab1.run_again(MATRIX_CELL)


def test_it_runs_to_its_end_and_the_model_that_it_trains_is_good(lab1: Kernel, account: Account) -> None:
    name = value(lab1, "job_name")
    job = account.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed"
    assert job["RoleArn"] == account.role_arn(account.settings.names.training_role)
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics["test:binary_classification_accuracy"] > 0.9
    [shown] = [cell for cell in lab1.notebook.cells if "FinalMetricDataList" in cell.source]
    assert "test:binary_classification_accuracy    0.9" in shown.outputs[0].data["text/plain"]


def test_the_learning_curve_has_every_epoch_of_the_log_and_falls(lab1: Kernel) -> None:
    for channel in ("train", "validation"):
        losses = value(lab1, f"curve[{channel!r}].tolist()")
        assert len(losses) == 15
        assert losses[-1] < losses[0] / 2
    assert value(lab1, "curve.index.tolist()") == [*range(1, 16)]


def test_the_artifact_that_it_finds_is_there_and_encrypted_with_the_key(lab1: Kernel, account: Account) -> None:
    artifact = value(lab1, "artifact")
    key = artifact.removeprefix(f"s3://{account.bucket}/")
    assert key == f"training-output/lab1/{value(lab1, 'job_name')}/output/model.tar.gz"
    found = account.client("s3").head_object(Bucket=account.bucket, Key=key)
    [cell] = [cell for cell in lab1.notebook.cells if "head_object(" in cell.source]
    assert f"{found['ContentLength']:,} bytes, encrypted with {account.key_arn}" in cell.outputs[0].text


def test_the_confusion_matrix_holds_every_row_that_was_held_out(lab1: Kernel) -> None:
    """Of the model that ships."""
    matrix = value(lab1, "matrix.tolist()")
    assert sum(map(sum, matrix)) == value(lab1, "len(test)") == HELD_OUT_ROWS
    assert (matrix[0][0] + matrix[1][1]) / HELD_OUT_ROWS > 0.9


def test_it_draws_the_data_the_learning_curve_and_the_matrix(lab1: Kernel) -> None:
    drawn = [base64.b64decode(picture) for picture in pictures(lab1.notebook)]
    assert len(drawn) == 3
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 5000 for picture in drawn)


def test_the_notebooks_role_may_make_every_call_that_it_makes(lab1: Kernel, account: Account) -> None:
    assert {f"{call.service}.{call.operation}" for call in lab1.calls} == CALLS
    assert account.not_allowed(lab1.calls) == []


def test_a_call_that_the_role_may_not_make_would_be_told(account: Account) -> None:
    call = Call(service="s3", operation="PutObject", asked={"Bucket": "another", "Key": "train.csv"})
    assert account.not_allowed([call]) == ["s3:PutObject arn:aws:s3:::another/train.csv: ImplicitlyDenied"]


def test_the_answers_of_a_linear_learner_are_understood_too(lab1: Kernel, account: Account) -> None:
    """Of the model that the lab has just trained."""
    account.serve("own", LINEAR_LEARNER, value(lab1, "artifact"))
    assert "'predicted_label': " in answered_again(lab1, "own")
    matrix = value(lab1, "matrix.tolist()")
    assert sum(map(sum, matrix)) == HELD_OUT_ROWS
    assert (matrix[0][0] + matrix[1][1]) / HELD_OUT_ROWS > 0.9


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("", "this environment has no endpoint: the last section says how it gets one"),
        ("of-no-release", "of-no-release does not answer; has a model been released? "),
    ],
)
def test_without_a_release_it_says_so_and_goes_on(lab1: Kernel, endpoint: str, said: str) -> None:
    printed = answered_again(lab1, endpoint)
    assert printed.startswith(said)
    assert printed.endswith("no answers to compare: see the cell above\n")


def test_a_model_of_something_else_is_told_and_it_goes_on(lab1: Kernel, account: Account) -> None:
    lab1.add("CLASSES = ['cat', 'dog']")
    printed = answered_again(lab1, account.endpoint)
    lab1.add("CLASSES = ['malignant', 'benign']")
    assert f"{account.endpoint} serves a model of something else: ValueError(" in printed
    assert printed.endswith("no answers to compare: see the cell above\n")


def test_a_job_that_fails_stops_the_notebook_with_sagemakers_reason(lab1: Kernel) -> None:
    before = value(lab1, "job_name")
    lab1.add("HYPERPARAMETERS['mini_batch_size'] = '1000'")
    started = lab1.run_again(START_CELL).strip()
    assert started != before  # of each run a name of its own
    with pytest.raises(CellExecutionError, match="No training data processed") as caught:
        lab1.run_again(FOLLOW_CELL)
    assert caught.value.ename == "RuntimeError"
    assert caught.value.evalue.startswith(f"{started}: Failed: ClientError: ")


def source_of(part: str) -> str:
    [source] = [cell.source for cell in committed(LAB1).cells if cell.cell_type == "code" and part in cell.source]
    return str(source)


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        ("<DATA_BUCKET>", "no names were filled in here: take the copy that is in your folder after a start"),
        ("acme", "no linear learner here: training_image_repositories of dev's settings must have it"),
    ],
)
def test_what_was_not_filled_in_is_told_at_once(tmp_path: Path, bucket: str, said: str) -> None:
    program, source = tmp_path / "cell.py", source_of('ENDPOINT = "')
    for placeholder, filled_in in (("<DATA_BUCKET>", bucket), ("<LINEAR_LEARNER_IMAGE>", ""), ("<ENVIRONMENT>", "dev")):
        source = source.replace(placeholder, filled_in)
    program.write_text(source)
    with pytest.raises(RuntimeError) as caught:
        runpy.run_path(str(program))
    assert str(caught.value) == said


def training_job(folder: Path, **placeholders: str) -> dict[str, Any]:
    """What the cell that starts the job asks for: held against botocore's service model."""
    program = folder / "cell.py"
    program.write_text(source_of(START_CELL))
    client, asked = boto3.Session().client("sagemaker", region_name="us-east-1"), dict[str, Any]()
    client.meta.events.register(
        "provide-client-params.sagemaker.CreateTrainingJob", lambda params, **_: asked.update(params)
    )
    known = dict.fromkeys(("KEY_ARN", "SUBNET_IDS", "SECURITY_GROUP_IDS"), "") | placeholders
    known |= {"BUCKET": "acme", "ROLE_ARN": "arn:aws:iam::111111111111:role/training", "IMAGE": LINEAR_LEARNER}
    with Stubber(client) as stubber:
        stubber.add_response("create_training_job", {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:111111111111:x"})
        names = {"channels": ["train", "validation", "test"], "HYPERPARAMETERS": {}, "time": time, "sagemaker": client}
        runpy.run_path(str(program), known | names | {"JOB_PREFIX": f"{'a' * 45}-"})
    return asked


OUTPUT = {"S3OutputPath": "s3://acme/training-output/lab1/"}
MACHINE = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}


def test_the_model_and_the_volume_are_encrypted_with_the_environments_key(tmp_path: Path) -> None:
    """Without a KmsKeyId SageMaker takes the account's key for S3, not the bucket's:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    """
    asked = training_job(tmp_path, KEY_ARN=KEY)
    assert asked["OutputDataConfig"] == OUTPUT | {"KmsKeyId": KEY}
    assert asked["ResourceConfig"] == MACHINE | {"VolumeKmsKeyId": KEY}


def test_without_a_key_and_a_network_none_is_named(tmp_path: Path) -> None:
    asked = training_job(tmp_path)
    assert (asked["OutputDataConfig"], asked["ResourceConfig"]) == (OUTPUT, MACHINE)
    assert "VpcConfig" not in asked


def test_the_job_runs_in_the_environments_network(tmp_path: Path) -> None:
    asked = training_job(tmp_path, SUBNET_IDS="subnet-1,subnet-2", SECURITY_GROUP_IDS="sg-1,sg-2")
    assert asked["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1", "sg-2"]}


def test_the_jobs_name_fits_behind_the_longest_prefix(tmp_path: Path) -> None:
    """That a role's name leaves room for: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"""
    name = training_job(tmp_path)["TrainingJobName"]
    assert re.fullmatch(r"a{45}-lab1-\d{12}", name)
    assert len(name) == 63


def test_every_cell_of_the_cheat_sheet_runs_and_shows_something(
    account: Account, handed_out: Path, tmp_path: Path
) -> None:
    notebook = read(handed_out / CHEAT_SHEET)
    with kernel(notebook, account.notebooks_variables(), tmp_path) as made:
        made.run_all()
    assert not [cell.source for cell in notebook.cells if cell.cell_type == "code" and not cell.outputs]
    assert len(pictures(notebook)) == 1
    [listing] = [printed(cell) for cell in notebook.cells if "list_objects_v2" in cell.source]
    assert f"notebooks/{CHEAT_SHEET}" in listing
    assert {call.operation for call in made.calls} == {"ListObjectsV2", "PutObject", "GetObject"}
    assert account.not_allowed(made.calls) == []
