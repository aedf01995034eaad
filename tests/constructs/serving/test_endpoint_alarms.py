from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm

from constructs.serving.endpoint_alarms import EndpointAlarms
from settings.endpoint import ServerlessEndpointSettings
from settings.thresholds import AlarmSettings
from tests.support import parts
from tests.support.synthesis import environment, synthesized, synthesized_platform


def alarms() -> dict[str, Any]:
    resources = synthesized(
        lambda stack: EndpointAlarms(
            stack,
            "alarms",
            names=parts.endpoint_names(),
            thresholds=AlarmSettings(invocation_5xx_errors=3, model_latency_p99_ms=250).checked(),
            topic_arn="arn:topic",
        )
    )
    return {alarm["alarm_name"]: alarm for alarm in resources[CloudwatchMetricAlarm.TF_RESOURCE_TYPE].values()}


def test_errors_in_a_minute_set_off_an_alarm() -> None:
    alarm = alarms()["acme-prod-linear-learner-5xx-errors"]
    assert alarm["dimensions"] == {"EndpointName": "linear-learner", "VariantName": "production"}
    measured = (
        "namespace",
        "metric_name",
        "statistic",
        "period",
        "evaluation_periods",
        "comparison_operator",
        "threshold",
    )
    assert [alarm[key] for key in measured] == [
        "AWS/SageMaker", "Invocation5XXErrors", "Sum", 60, 1, "GreaterThanOrEqualToThreshold", 3
    ]  # fmt: skip


def test_a_latency_in_milliseconds_is_compared_with_a_metric_in_microseconds() -> None:
    alarm = alarms()["acme-prod-linear-learner-model-latency"]
    measured = ("metric_name", "extended_statistic", "evaluation_periods", "datapoints_to_alarm", "threshold")
    assert [alarm[key] for key in measured] == ["ModelLatency", "p99", 5, 3, 250_000]


def test_every_alarm_notifies_when_it_goes_off_and_when_it_is_over_and_never_for_want_of_requests() -> None:
    for alarm in alarms().values():
        assert (alarm["alarm_actions"], alarm["ok_actions"]) == (["arn:topic"], ["arn:topic"])
        assert alarm["treat_missing_data"] == "notBreaching"


def test_an_endpoints_settings_are_its_thresholds() -> None:
    endpoint = ServerlessEndpointSettings(alarms=AlarmSettings(invocation_5xx_errors=7, model_latency_p99_ms=2))
    resources = synthesized_platform(environment("prod", endpoints=[endpoint]))["resource"]
    assert [alarm["threshold"] for alarm in resources[CloudwatchMetricAlarm.TF_RESOURCE_TYPE].values()] == [7, 2000]
