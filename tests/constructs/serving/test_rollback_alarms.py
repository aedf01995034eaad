from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm

from constructs.serving.rollback_alarms import RollbackAlarms
from settings.thresholds import AlarmSettings
from tests.support import parts
from tests.support.synthesis import environment, synthesized, synthesized_platform

CONFIGURATION = "linear-learner-20260101"


def test_an_update_is_judged_by_the_fleet_of_its_own_configuration_alone() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html"""
    resources = synthesized(
        lambda stack: RollbackAlarms(
            stack,
            "rollback_alarms",
            names=parts.endpoint_names(),
            configuration_name=CONFIGURATION,
            thresholds=AlarmSettings(invocation_5xx_errors=3, model_latency_p99_ms=250).checked(),
        )
    )
    alarms = {alarm["alarm_name"]: alarm for alarm in resources[CloudwatchMetricAlarm.TF_RESOURCE_TYPE].values()}
    assert {name: alarm["threshold"] for name, alarm in alarms.items()} == {
        f"acme-prod-{CONFIGURATION}-5xx-errors": 3,
        f"acme-prod-{CONFIGURATION}-model-latency": 250_000,
    }
    for alarm in alarms.values():
        assert alarm["dimensions"] == {
            "EndpointName": "linear-learner",
            "VariantName": "production",
            "EndpointConfigName": CONFIGURATION,
        }
        assert "alarm_actions" not in alarm


def test_an_update_has_alarms_of_its_own_which_begin_without_a_state() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    resources = synthesized_platform(environment("staging"))["resource"]
    configuration = "${aws_sagemaker_endpoint_configuration.linear_learner_configuration.name}"
    alarm = resources[CloudwatchMetricAlarm.TF_RESOURCE_TYPE]["linear_learner_rollback_alarms_errors"]
    assert alarm["alarm_name"] == f"ml-platform-staging-{configuration}-5xx-errors"
    assert alarm["lifecycle"] == {"create_before_destroy": True}


def test_a_serverless_endpoint_whose_updates_nobody_rolls_back_has_none() -> None:
    alarms = synthesized_platform(environment("prod"))["resource"][CloudwatchMetricAlarm.TF_RESOURCE_TYPE]
    assert not [address for address in alarms if "rollback" in address]
