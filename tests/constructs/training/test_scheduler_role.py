"""What the role of the schedules may do, decided by an IAM simulator."""

import pytest
from cdktf import TerraformStack

from constructs.training.scheduler_role import SchedulerRole
from settings.schedule import ScheduleSettings
from tests.support import parts
from tests.support.policies import ACCOUNT, Policy, Request, decisions, policies
from tests.support.script_training import script_training
from tests.support.synthesis import only, synthesized

SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml-platform-dev-scheduler"
DAILY = [script_training(schedule=ScheduleSettings(expression="rate(1 day)"))]


def test_the_scheduler_role_alone_is_one_role_with_one_policy() -> None:
    def build(stack: TerraformStack) -> None:
        SchedulerRole(
            stack, "scheduler_role", account=parts.account(stack), names=parts.names(), trainings=["breast-cancer"]
        )

    resources = synthesized(build)
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-scheduler"
    assert len(resources["aws_iam_role_policy"]) == 1


@pytest.fixture(scope="module")
def documents() -> dict[str, Policy]:
    return policies("dev", trainings=[*DAILY, script_training(name="unscheduled")])


@pytest.mark.parametrize(
    ("action", "pipeline", "decided"),
    [
        ("sagemaker:StartPipelineExecution", "ml-platform-dev-breast-cancer", "Allowed"),
        ("sagemaker:StartPipelineExecution", "ml-platform-dev-unscheduled", "ImplicitlyDenied"),
        ("sagemaker:UpdatePipeline", "ml-platform-dev-breast-cancer", "ImplicitlyDenied"),
    ],
)
def test_it_starts_what_has_a_schedule_and_nothing_else(
    documents: dict[str, Policy], action: str, pipeline: str, decided: str
) -> None:
    request = Request(
        action=action,
        resource=f"{SAGEMAKER}:pipeline/{pipeline}",
        principal=ROLE,
        policy=documents["scheduler_role_policy_document"],
    )
    assert decisions([request]) == [decided]


@pytest.mark.parametrize(
    ("source", "account", "decided"),
    [
        ("schedule-group/default", ACCOUNT, "Allowed"),
        ("schedule-group/other", ACCOUNT, "ImplicitlyDenied"),
        ("schedule-group/default", "2" * 12, "ImplicitlyDenied"),
    ],
)
def test_the_scheduler_takes_it_for_schedules_of_the_accounts_own_group_only(
    documents: dict[str, Policy], source: str, account: str, decided: str
) -> None:
    request = Request(
        action="sts:AssumeRole",
        resource=ROLE,
        principal="scheduler.amazonaws.com",
        resource_policy=documents["scheduler_role_trust_document"],
        context={"aws:SourceArn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:{source}", "aws:SourceAccount": account},
    )
    assert decisions([request]) == [decided]
