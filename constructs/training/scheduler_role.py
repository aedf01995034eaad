"""The IAM role of the schedules that start trainings."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.allow import Allow
from constructs.access.service_role import ServiceRole
from constructs.account import Account
from settings.names import Names

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
SCHEDULER = "scheduler.amazonaws.com"
# The group of schedules that every account has.
GROUP = "default"


class SchedulerRole(Construct):
    """Starts the pipelines of the trainings that have a schedule, and nothing else.

    EventBridge Scheduler names the group of the schedule as its source, never the schedule.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html

    Schedules must wait for `policies`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        trainings: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Default",
            account=account,
            name=names.scheduler_role,
            service=SCHEDULER,
            source=account.arn("scheduler", f"schedule-group/{GROUP}"),
            statements=[
                Allow(
                    sid="Start",
                    actions=["sagemaker:StartPipelineExecution"],
                    resources=[
                        account.arn("sagemaker", f"pipeline/{names.training(training)}") for training in trainings
                    ],
                )
            ],
        )
        self.arn, self.policies = role.arn, role.policies
