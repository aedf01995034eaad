"""The guard's JSON and its script; that it keeps what serves, Terraform shows: tests/integration/test_serving.py."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from constructs.serving.rollback_guard import RollbackGuard
from operations.verify_endpoint import what_is_wrong
from stacks.environments import ROOT
from tests.support.synthesis import environment, synthesized, synthesized_platform

VERIFY_SCRIPT = ROOT / "operations/verify_endpoint.py"


def test_a_guard_alone_asks_with_the_script_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "ask.py").touch()
    resources = synthesized(
        lambda stack: RollbackGuard(
            stack,
            "rollback_guard",
            script=tmp_path / "ask.py",
            region="eu-west-1",
            endpoint_name="linear-learner",
            configuration_name="first",
            depends_on=[],
        )
    )
    [guard] = [item for item in resources["terraform_data"].values() if "provisioner" in item]
    assert guard["triggers_replace"] == {"configuration_name": "first"}
    assert guard["provisioner"][0]["local-exec"]["command"].endswith('/ask.py" linear-learner first eu-west-1')


ROLLBACK_ALARMS = [
    f"aws_cloudwatch_metric_alarm.linear_learner_rollback_alarms_{kind}" for kind in ("errors", "latency")
]


@pytest.mark.parametrize(
    ("name", "rollback_alarms"), [("dev", ROLLBACK_ALARMS), ("staging", ROLLBACK_ALARMS), ("prod", [])]
)
def test_the_guard_runs_after_every_change_of_the_configuration_and_after_endpoint_and_alarms(
    name: str, rollback_alarms: list[str]
) -> None:
    guard = synthesized_platform(environment(name))["resource"]["terraform_data"]["linear_learner_rollback_guard"]
    wanted = "${aws_sagemaker_endpoint_configuration.linear_learner_configuration.name}"
    assert guard["triggers_replace"] == {"configuration_name": wanted}
    assert guard["depends_on"] == ["aws_sagemaker_endpoint.linear_learner", *rollback_alarms]
    [provisioner] = guard["provisioner"]
    command = provisioner["local-exec"]["command"]
    assert command.startswith('python3 "${path.module}/assets/')
    assert command.endswith(f'/verify_endpoint.py" linear-learner {wanted} us-east-1')


def test_what_served_when_the_guard_last_passed_is_kept_until_it_passes_again() -> None:
    """It is updated in place, after the guard: Terraform destroys what it depended on only after that."""
    passed = synthesized_platform(environment("dev"))["resource"]["terraform_data"][
        "linear_learner_rollback_guard_passed"
    ]
    wanted = "${aws_sagemaker_endpoint_configuration.linear_learner_configuration.name}"
    assert passed == {
        "input": {"configuration_name": wanted},
        "depends_on": ["terraform_data.linear_learner_rollback_guard"],
    }


def test_the_guard_can_be_left_out() -> None:
    resources = synthesized_platform(environment("dev", rollback_guard=False))["resource"]
    others = {"linear_learner_configuration_update", "linear_learner_hosting", "notebook_role_settled"}
    assert set(resources["terraform_data"]) == others


class SageMaker:
    """Answers with one description after the other."""

    def __init__(self, *descriptions: dict[str, str]) -> None:
        self.descriptions = list(descriptions)

    def describe_endpoint(self, **_: str) -> dict[str, str]:
        return self.descriptions.pop(0)


def test_an_endpoint_that_serves_what_was_deployed_has_nothing_wrong() -> None:
    described = {"EndpointStatus": "InService", "EndpointConfigName": "new"}
    assert what_is_wrong(SageMaker(described), "linear-learner", "new") is None


def test_a_rolled_back_update_is_told_with_its_reason_and_what_to_do() -> None:
    described = {"EndpointStatus": "InService", "EndpointConfigName": "old", "FailureReason": "an alarm went off"}
    said = what_is_wrong(SageMaker(described), "linear-learner", "new")
    assert said is not None
    assert "the update was rolled back: it serves old, not new" in said
    assert "Why: an alarm went off" in said
    assert "Name another model in releases.json" in said


def test_a_failed_endpoint_is_told_with_its_reason() -> None:
    said = what_is_wrong(
        SageMaker({"EndpointStatus": "Failed", "FailureReason": "no capacity"}), "linear-learner", "new"
    )
    assert said is not None
    assert "Failed, with None; must be InService with new" in said
    assert "Why: no capacity" in said


def test_it_waits_while_the_endpoint_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    changing = [{"EndpointStatus": status, "EndpointConfigName": "old"} for status in ("Updating", "RollingBack")]
    sagemaker = SageMaker(*changing, {"EndpointStatus": "InService", "EndpointConfigName": "new"})
    assert what_is_wrong(sagemaker, "linear-learner", "new") is None
    assert waited == [15, 15]


def run(*options: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, str(VERIFY_SCRIPT), "linear-learner", "new", "us-east-1"]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


def test_without_boto3_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise ModuleNotFoundError")
    finished = run(cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert finished.returncode == 1
    assert "python3 finds no boto3" in finished.stderr
    assert "rollback_guard=False" in finished.stderr


def test_where_aws_cannot_be_asked_the_deploy_does_not_pass(tmp_path: Path) -> None:
    variables: dict[str, Any] = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
    finished = run(cwd=tmp_path, **variables, AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    assert finished.returncode == 1
    assert finished.stderr.strip() == "endpoint linear-learner cannot be verified: Unable to locate credentials"
