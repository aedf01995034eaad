"""What SageMaker lets nobody delete yet is told before a deploy or a destroy begins."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from operations.terraform_state import KeptResource, TerraformState
from operations.undeletable import refuse_undeletable
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.played import Played

NAME = "ml-dev-churn"
ARN = f"arn:aws:sagemaker:us-east-1:111111111111:pipeline/{NAME}/execution/abcdefghijkl"
VERSION = {
    "ModelPackageGroupName": NAME,
    "ModelPackageVersion": 1,
    "ModelPackageArn": f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{NAME}/1",
    "CreationTime": datetime(2026, 11, 27, tzinfo=UTC),
    "ModelPackageStatus": "Completed",
}
STATE = TerraformState(
    resources=[
        KeptResource(type="aws_sagemaker_model_package_group", name="a", values={"model_package_group_name": NAME}),
        KeptResource(type="aws_sagemaker_pipeline", name="b", values={"pipeline_name": NAME}),
    ]
)
WANTED: dict[str, Any] = {
    "aws_sagemaker_model_package_group": {"a": {"model_package_group_name": NAME}},
    "aws_sagemaker_pipeline": {"b": {"pipeline_name": NAME}},
}
SCRIPT = {"terraform_data": {"versions": {"input": {"group": NAME, "region": "us-east-1"}}}}


class Stack(SynthesizedStack):
    """One that was synthesized with these resources."""

    def __init__(self, resources: dict[str, Any]) -> None:
        super().__init__(folder=Path(), variables={})
        object.__setattr__(self, "written", resources)

    @property
    def json(self) -> dict[str, Any]:
        return {"resource": getattr(self, "written"), "provider": {"aws": [{"region": "us-east-1"}]}}  # noqa: B009


def refused(resources: dict[str, Any], verb: str, *, versions: int = 0, status: str = "Succeeded") -> list[str]:
    """The lines, without the last one that ends them all."""
    execution = {"PipelineExecutionArn": ARN, "PipelineExecutionStatus": status}
    played = Played(
        sagemaker={
            "ListModelPackages": lambda **_: {"ModelPackageSummaryList": [VERSION] * versions},
            "ListPipelineExecutions": lambda **_: {"PipelineExecutionSummaries": [execution]},
        }
    )
    try:
        refuse_undeletable(Stack(resources), STATE, played.client("sagemaker"), verb)
    except OperationError as error:
        *lines, last = str(error).splitlines()
        assert last == f"nothing was begun: that first, then {verb} again"
        return lines
    return []


@pytest.mark.parametrize("verb", ["deploy", "destroy"])
def test_what_holds_nothing_and_does_not_run_may_go(verb: str) -> None:
    assert refused({}, verb) == []


def test_a_training_that_leaves_the_settings_keeps_its_versions_until_somebody_deletes_them() -> None:
    said, command = refused({}, "deploy", versions=2)
    assert said.startswith(f"the model package group {NAME} holds registered versions")
    assert command == f"  .venv/bin/python operations/delete_model_packages.py {NAME} us-east-1"


def test_another_name_for_a_group_is_another_group() -> None:
    renamed = WANTED | {"aws_sagemaker_model_package_group": {"a": {"model_package_group_name": "ml-dev-other"}}}
    assert len(refused(renamed, "deploy", versions=1)) == 2


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_a_pipeline_that_runs_is_named_with_the_command_that_stops_it(status: str) -> None:
    said, command = refused({}, "destroy", status=status)
    assert said.startswith(f"the pipeline {NAME} runs")
    assert command == f"  aws sagemaker stop-pipeline-execution --region us-east-1 --pipeline-execution-arn {ARN}"


def test_what_stays_is_not_asked_about() -> None:
    assert refused(WANTED, "deploy", versions=1, status="Executing") == []


def test_a_destroy_that_deletes_the_versions_by_itself_goes_ahead() -> None:
    assert refused(WANTED | SCRIPT, "destroy", versions=1) == []
    assert len(refused(WANTED, "destroy", versions=1)) == 2
