from typing import Any

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.scheduler_schedule import SchedulerSchedule

from constructs.training.schedule import Schedule
from settings.schedule import ScheduleSettings
from tests.support.script_training import script_training
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

PIPELINE = "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/acme-prod-breast-cancer"
ROLE = "arn:aws:iam::111111111111:role/acme-prod-scheduler"


def made(**settings: Any) -> dict[str, Any]:
    def build(stack: TerraformStack) -> None:
        Schedule(
            stack,
            "schedule",
            name="acme-prod-breast-cancer",
            schedule=ScheduleSettings(**settings).checked(),
            pipeline_arn=PIPELINE,
            role_arn=ROLE,
            depends_on=[],
        )

    return only(synthesized(build), SchedulerSchedule.TF_RESOURCE_TYPE)


def test_it_starts_the_pipeline_as_the_role_when_the_expression_says_so() -> None:
    schedule = made(expression="cron(0 3 ? * MON *)", time_zone="Europe/Berlin")
    assert schedule["schedule_expression"] == "cron(0 3 ? * MON *)"
    assert schedule["schedule_expression_timezone"] == "Europe/Berlin"
    assert schedule["flexible_time_window"] == {"mode": "OFF"}
    assert (schedule["target"]["arn"], schedule["target"]["role_arn"]) == (PIPELINE, ROLE)


def test_a_start_that_aws_could_not_make_within_the_hour_is_left_to_the_next_time() -> None:
    assert made(expression="rate(1 day)")["target"]["retry_policy"] == {"maximum_event_age_in_seconds": 3600}


def test_only_a_training_that_has_a_schedule_runs_by_itself() -> None:
    daily = script_training(schedule=ScheduleSettings(expression="rate(1 day)"))
    platform = synthesized_platform(environment("dev", trainings=[daily, script_training(name="other")]))["resource"]
    schedule = only(platform, SchedulerSchedule.TF_RESOURCE_TYPE)
    assert schedule["name"] == "ml-platform-dev-breast-cancer"
    assert schedule["depends_on"] == ["aws_iam_role_policy.scheduler_role_policy"]
    assert SchedulerSchedule.TF_RESOURCE_TYPE not in synthesized_platform(environment("dev"))["resource"]
