from typing import Any

from constructs.serving.shadow_alarms import ShadowAlarms
from settings.endpoint import ShadowedEndpointSettings
from settings.releases import Release
from settings.thresholds import ShadowAlarmSettings
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.synthesis import environment, synthesized, synthesized_platform


def shadow_alarms(**changes: Any) -> dict[str, Any]:
    resources = synthesized_platform(environment("staging", **changes))["resource"]
    alarms = resources["aws_cloudwatch_metric_alarm"]
    return {alarm["alarm_name"]: alarm for name, alarm in alarms.items() if "shadow" in name}


def test_the_shadows_errors_and_latency_are_compared_with_productions() -> None:
    alarms = shadow_alarms()
    metrics = {
        "ml-platform-staging-linear-learner-shadow-5xx-errors": ("Invocation5XXErrors", "Sum", 5),
        "ml-platform-staging-linear-learner-shadow-model-latency": ("ModelLatency", "p99", 200_000),
    }
    assert set(alarms) == set(metrics)
    for name, (metric, statistic, threshold) in metrics.items():
        difference, production, shadow = alarms[name]["metric_query"]
        assert (difference["expression"], difference["return_data"]) == ("shadow - production", True)
        for query, variant in ((production, "production"), (shadow, "shadow")):
            assert query["id"] == variant
            assert query["metric"] == {
                "namespace": "AWS/SageMaker",
                "metric_name": metric,
                "stat": statistic,
                "period": 300,
                "dimensions": {"EndpointName": "linear-learner", "VariantName": variant},
            }
        assert alarms[name]["threshold"] == threshold


def test_the_alarms_compare_the_two_variants_of_one_endpoint() -> None:
    resources = synthesized(
        lambda stack: ShadowAlarms(
            stack,
            "shadow_alarms",
            names=parts.endpoint_names(),
            thresholds=ShadowAlarmSettings(invocation_5xx_errors=2, model_latency_p99_ms=30).checked(),
            topic_arn="arn:topic",
        )
    )
    found = resources["aws_cloudwatch_metric_alarm"].values()
    assert {alarm["alarm_name"]: alarm["threshold"] for alarm in found} == {
        "acme-prod-linear-learner-shadow-5xx-errors": 2,
        "acme-prod-linear-learner-shadow-model-latency": 30_000,
    }
    assert {action for alarm in found for action in alarm["alarm_actions"]} == {"arn:topic"}


def test_a_shadow_that_misbehaves_rolls_nothing_back() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    [endpoint] = resources["aws_sagemaker_endpoint"].values()
    assert "shadow" not in str(endpoint["deployment_config"])


def test_without_a_shadow_model_there_is_nothing_to_compare() -> None:
    production = environment("staging").releases["linear-learner"].production
    assert shadow_alarms(release=Release(production=production)) == {}


def test_the_settings_are_the_thresholds() -> None:
    endpoint = ShadowedEndpointSettings(
        production=VariantSettings(),
        shadow=VariantSettings(),
        shadow_alarms=ShadowAlarmSettings(invocation_5xx_errors=1, model_latency_p99_ms=10),
    )
    assert {alarm["threshold"] for alarm in shadow_alarms(endpoints=[endpoint]).values()} == {1, 10_000}
