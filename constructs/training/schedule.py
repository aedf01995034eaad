"""When a training runs by itself."""

from collections.abc import Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetRetryPolicy,
)
from constructs import Construct

from constructs.training.scheduler_role import GROUP
from settings.schedule import ScheduleSettings

# A start that AWS could not make within the hour is left to the next time; it would try for a day.
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
START_WITHIN_SECONDS = 3600


class Schedule(Construct):
    """EventBridge Scheduler starts the pipeline, as the role, when the expression says so.

    Schedules have no tags of their own. What is in one, an ARN and an expression, is encrypted with a key of AWS's.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        schedule: ScheduleSettings,
        pipeline_arn: str,
        role_arn: str,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        SchedulerSchedule(
            self,
            "Default",
            name=name,
            group_name=GROUP,
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.time_zone,
            flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
            target=SchedulerScheduleTarget(
                arn=pipeline_arn,
                role_arn=role_arn,
                retry_policy=SchedulerScheduleTargetRetryPolicy(maximum_event_age_in_seconds=START_WITHIN_SECONDS),
            ),
            depends_on=[*depends_on],
        )
