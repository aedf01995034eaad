"""How the steps of an execution run, with jobs that are played: long ones, failed ones, ones without their metric."""

import copy
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local_aws.server.pipelines import definition
from local_aws.server.pipelines.execution import STEPS_FAILED, Execution
from local_aws.server.pipelines.role import InvocationError
from stacks.environments import ROOT
from tests.support.training_pipeline import METRIC, TRAINING, step

ID = "abcdefghijkl"
PIPELINE = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/lab"
VARIABLES = {
    "PipelineArn": PIPELINE,
    "PipelineName": "lab",
    "PipelineExecutionId": ID,
    "PipelineExecutionArn": f"{PIPELINE}/execution/{ID}",
    "StartDateTime": "2026-11-27T10:00:00.000Z",
}
PACKAGE = "arn:aws:sagemaker:us-east-1:111111111111:model-package/lab/1"


class Played:
    """A role whose training jobs end as told: `metrics` by name; `job` is laid over the description."""

    def __init__(self, metrics: Mapping[str, float] | None = None, **job: Any) -> None:
        self.metrics = {"validation:accuracy": 0.986014} if metrics is None else metrics
        self.job = {"TrainingJobStatus": "Completed", **job}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refused: dict[str, str] = {}
        self.described = threading.Event()

    def invoke(self, operation: str, parameters: Mapping[str, Any], *, step: str) -> dict[str, Any]:  # noqa: ARG002
        self.calls.append((operation, dict(parameters)))
        if operation in self.refused:
            raise InvocationError(self.refused[operation])
        name = parameters.get("TrainingJobName")
        match operation:
            case "CreateTrainingJob":
                return {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111111111111:training-job/{name}"}
            case "DescribeTrainingJob":
                self.described.set()
                found = [{"MetricName": metric, "Value": value} for metric, value in self.metrics.items()]
                artifacts = {"S3ModelArtifacts": f"s3://acme/training-output/{name}/output/model.tar.gz"}
                described = {"TrainingJobName": name, "FinalMetricDataList": found, "ModelArtifacts": artifacts}
                return {**described, **self.job}
            case "StopTrainingJob":
                self.job = {"TrainingJobStatus": "Stopped"}
                return {}
            case "CreateModelPackageGroup":
                raise InvocationError("Model Package Group already exists: arn")
            case "CreateModelPackage":
                return {"ModelPackageArn": PACKAGE}
        return {"ModelPackageArn": PACKAGE}

    def sent(self, operation: str) -> dict[str, Any]:
        [found] = [parameters for called, parameters in self.calls if called == operation]
        return found


def execution(role: Played, document: Mapping[str, Any] = TRAINING, **values: Any) -> Execution:
    parsed = definition.parse(json.dumps(document))
    return Execution(definition=parsed, values=values, variables=VARIABLES, role=role)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def run(role: Played, document: Mapping[str, Any] = TRAINING, **values: Any) -> tuple[Execution, dict[str, Any]]:
    """Until it ends; the steps by name, in their order."""
    made = execution(role, document, **values)
    made.start()
    wait_until(lambda: made.status not in ("Executing", "Stopping"))
    return made, {told["StepName"]: told for told in made.steps()}


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    document = copy.deepcopy(TRAINING)
    change(document)
    return document


def test_a_model_that_reaches_the_threshold_is_registered_with_what_the_job_said() -> None:
    role = Played()
    made, ran = run(role)
    assert (made.status, made.reason) == ("Succeeded", "")
    assert [*ran] == ["Train", "Judge", "Register"]
    assert ran["Register"]["Metadata"] == {"RegisterModel": {"Arn": PACKAGE}}
    job = role.sent("CreateTrainingJob")
    assert job["CheckpointConfig"] == {"S3Uri": f"s3://acme/training-output/{ID}"}
    assert job["TrainingJobName"].startswith(f"ml-platform-dev-breast-cancer-{ID}-")
    registered = role.sent("CreateModelPackage")
    [container] = registered["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == f"s3://acme/training-output/{job['TrainingJobName']}/output/model.tar.gz"
    assert registered["CustomerMetadataProperties"] == {
        "training_job": job["TrainingJobName"],
        "pipeline_execution": f"{PIPELINE}/execution/{ID}",
        "value": "0.986014",
    }


@pytest.mark.parametrize(("accuracy", "taken"), [(0.95, "Register"), (0.9499, "Fail")])
def test_the_threshold_itself_is_enough(accuracy: float, taken: str) -> None:
    made, ran = run(Played({"validation:accuracy": accuracy}))
    assert [*ran] == ["Train", "Judge", taken]
    assert made.status == ("Succeeded" if taken == "Register" else "Failed")


def test_a_step_that_fails_on_purpose_says_its_sentence_and_registers_nothing() -> None:
    role = Played({"validation:accuracy": 0.5})
    made, ran = run(role)
    assert (made.status, made.reason) == ("Failed", STEPS_FAILED)
    assert ran["Fail"]["FailureReason"] == "accuracy is 0.5"
    assert "CreateModelPackage" not in [operation for operation, _ in role.calls]


def test_a_fail_step_without_a_message_has_no_reason() -> None:
    document = changed(lambda found: step(found, "Fail").pop("Arguments"))
    _, ran = run(Played({"validation:accuracy": 0.5}), document)
    assert "FailureReason" not in ran["Fail"]
    assert ran["Fail"]["Metadata"] == {"Fail": {"ErrorMessage": ""}}


def test_a_metric_that_was_never_printed_fails_the_step_that_asks_for_it() -> None:
    made, ran = run(Played({"train:loss": 0.1}))
    assert made.status == "Failed"
    assert [*ran] == ["Train", "Judge"]
    reason = "ClientError: Steps.Train.FinalMetricDataList['validation:accuracy'].Value is not there"
    assert ran["Judge"]["FailureReason"] == reason
    assert ran["Judge"]["Metadata"] == {}


def test_a_job_that_fails_fails_its_step_with_its_reason_and_nothing_runs_after_it() -> None:
    role = Played(TrainingJobStatus="Failed", FailureReason="AlgorithmError: no rows in train.csv, exit code: 1")
    made, ran = run(role)
    assert (made.status, made.reason) == ("Failed", STEPS_FAILED)
    assert [*ran] == ["Train"]
    assert ran["Train"]["FailureReason"] == "ClientError: AlgorithmError: no rows in train.csv, exit code: 1"
    assert ran["Train"]["Metadata"]["TrainingJob"]["Arn"].endswith(role.sent("CreateTrainingJob")["TrainingJobName"])


def test_a_job_that_somebody_stops_fails_its_step() -> None:
    made, ran = run(Played(TrainingJobStatus="Stopped"))
    assert made.status == "Failed"
    assert ran["Train"]["FailureReason"].endswith("is Stopped")


def test_a_reason_is_cut_to_what_sagemaker_tells() -> None:
    _, ran = run(Played(TrainingJobStatus="Failed", FailureReason="a" * 2000))
    assert len(ran["Train"]["FailureReason"]) == 1024


def test_a_job_that_is_refused_fails_its_step_before_there_is_one() -> None:
    role = Played()
    role.refused["CreateTrainingJob"] = "The account-level service limit is 0 Instances"
    made, ran = run(role)
    assert made.status == "Failed"
    assert ran["Train"]["Metadata"] == {}
    assert ran["Train"]["FailureReason"] == (
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: "
        "The account-level service limit is 0 Instances"
    )


def test_a_step_is_executing_while_its_job_is_in_progress() -> None:
    role = Played(TrainingJobStatus="InProgress")
    made = execution(role)
    made.start()
    assert role.described.wait(10)
    [told] = made.steps()
    assert (made.status, told["StepStatus"]) == ("Executing", "Executing")
    assert "EndTime" not in told
    role.job = {"TrainingJobStatus": "Completed"}
    wait_until(lambda: made.status == "Succeeded")


def test_a_stop_stops_the_job_then_the_step_then_the_execution() -> None:
    role = Played(TrainingJobStatus="InProgress")
    made = execution(role)
    made.start()
    assert role.described.wait(10)
    assert made.stop()
    assert not made.stop()
    assert [told["StepStatus"] for told in made.steps()] in (["Stopping"], ["Stopped"])
    wait_until(lambda: made.status != "Stopping")
    assert (made.status, made.reason) == ("Stopped", "")
    [told] = made.steps()
    assert (told["StepStatus"], "FailureReason" in told) == ("Stopped", False)
    assert role.sent("StopTrainingJob") == {"TrainingJobName": role.sent("CreateTrainingJob")["TrainingJobName"]}
    assert not made.stop()


def test_a_role_that_may_not_stop_the_job_fails_the_step() -> None:
    role = Played(TrainingJobStatus="InProgress")
    role.refused["StopTrainingJob"] = "not authorized"
    made = execution(role)
    made.start()
    assert role.described.wait(10)
    made.stop()
    wait_until(lambda: made.status == "Failed")
    assert "Failed to invoke sagemaker:StopTrainingJob" in made.steps()[0]["FailureReason"]


def test_a_fault_of_the_local_aws_ends_the_execution_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Played):
        def invoke(self, operation: str, parameters: Mapping[str, Any], *, step: str) -> dict[str, Any]:  # noqa: ARG002
            raise KeyError(operation)

    made, ran = run(Broken())
    assert made.status == "Failed"
    assert ran["Train"]["FailureReason"].startswith("InternalServerError: a fault of the local AWS")
    assert "KeyError: 'CreateTrainingJob'" in capsys.readouterr().err


def test_steps_run_in_their_order_and_after_what_they_wait_for() -> None:
    def reorder(document: dict[str, Any]) -> None:
        train, judge = document["Steps"]
        document["Steps"] = [judge, {"Name": "Last", "Type": "Fail", "DependsOn": ["Judge"]}, train]

    _, ran = run(Played(), changed(reorder))
    assert [*ran] == ["Train", "Judge", "Register", "Last"]


def test_an_outcome_joined_to_a_text_is_written_as_aws_writes_it() -> None:
    """As test_fail_steps.py of SageMaker's SDK saw it."""

    def after(document: dict[str, Any]) -> None:
        message = {"Std:Join": {"On": ": ", "Values": ["returns", {"Get": "Steps.Judge.Outcome"}]}}
        step(document, "Judge")["Arguments"].update(IfSteps=[], ElseSteps=[])
        document["Steps"].append({"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": message}})

    _, ran = run(Played({"validation:accuracy": 0.1}), changed(after))
    assert ran["Fail"]["FailureReason"] == "returns: false"


def test_a_job_without_a_prefix_is_named_after_its_execution_and_step() -> None:
    role = Played()
    run(role, changed(lambda document: step(document, "Train")["Arguments"].pop("TrainingJobName")))
    assert role.sent("CreateTrainingJob")["TrainingJobName"].startswith(f"pipelines-{ID}-Train-")


CONDITIONS: list[tuple[dict[str, Any], bool]] = [
    ({"Type": "Equals", "LeftValue": METRIC, "RightValue": 0.9}, True),
    ({"Type": "GreaterThan", "LeftValue": METRIC, "RightValue": 0.9}, False),
    ({"Type": "LessThan", "LeftValue": METRIC, "RightValue": 1}, True),
    ({"Type": "LessThanOrEqualTo", "LeftValue": METRIC, "RightValue": 0.9}, True),
    ({"Type": "In", "QueryValue": METRIC, "Values": [0.8, 0.9]}, True),
    ({"Type": "In", "QueryValue": {"Get": "Parameters.Columns"}, "Values": ["means"]}, False),
    ({"Type": "Not", "Expression": {"Type": "Equals", "LeftValue": METRIC, "RightValue": 0.9}}, False),
    (
        {
            "Type": "Or",
            "Conditions": [
                {"Type": "Equals", "LeftValue": METRIC, "RightValue": 1},
                {"Type": "Equals", "LeftValue": {"Get": "Parameters.Columns"}, "RightValue": "all"},
            ],
        },
        True,
    ),
]


@pytest.mark.parametrize(("condition", "outcome"), CONDITIONS)
def test_a_condition_holds_or_does_not(condition: dict[str, Any], outcome: bool) -> None:
    def judged(document: dict[str, Any]) -> None:
        step(document, "Judge")["Arguments"]["Conditions"] = [condition]
        document["Parameters"] = [{"Name": "Columns", "Type": "String"}]

    _, ran = run(Played({"validation:accuracy": 0.9}), changed(judged), Columns="all")
    assert ran["Judge"]["Metadata"] == {"Condition": {"Outcome": str(outcome)}}


def test_all_conditions_of_a_step_must_hold() -> None:
    conditions = [{"Type": "LessThan", "LeftValue": METRIC, "RightValue": most} for most in (1, 0.5)]
    document = changed(lambda found: step(found, "Judge")["Arguments"].update(Conditions=conditions))
    _, ran = run(Played({"validation:accuracy": 0.9}), document)
    assert [*ran] == ["Train", "Judge", "Fail"]


def test_values_that_cannot_be_compared_fail_the_step() -> None:
    condition = {"Type": "GreaterThan", "LeftValue": METRIC, "RightValue": "0.95"}
    document = changed(lambda found: step(found, "Judge")["Arguments"].update(Conditions=[condition]))
    made, ran = run(Played(), document)
    assert made.status == "Failed"
    assert ran["Judge"]["FailureReason"] == "0.986014 and '0.95' cannot be compared"


def test_a_metric_whose_name_has_odd_characters_is_found() -> None:
    name = "validation: accuracy (mean) [%]"
    document = json.loads(json.dumps(TRAINING).replace("['validation:accuracy']", f"['{name}']"))
    _, ran = run(Played({name: 0.99}), document)
    assert [*ran] == ["Train", "Judge", "Register"]


ENDLESS = """
from tests.local_aws.server.pipelines.test_execution import Played, execution
role = Played(TrainingJobStatus="InProgress")
execution(role).start()
assert role.described.wait(10)
"""


def test_an_execution_ends_with_its_server() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDLESS], cwd=ROOT, timeout=60, check=False, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")
