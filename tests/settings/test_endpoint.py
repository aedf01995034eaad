from typing import Any

import pytest
from pydantic import ValidationError

from settings.base import Settings
from settings.data_capture import DataCaptureSettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.problems import problems_of
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings
from settings.thresholds import AlarmSettings, ShadowAlarmSettings
from settings.update import AllAtOnceUpdateSettings, CanaryUpdateSettings, LinearUpdateSettings, RollingUpdateSettings
from settings.variant import VariantSettings


def problems(*endpoints: object, **changes: Any) -> list[str]:
    values: dict[str, Any] = {"name": "dev", "region": "us-east-1", "protected": False, "endpoints": endpoints}
    try:
        EnvironmentSettings(**values | changes).checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", EnvironmentSettings, error)]
    return []


def variant(**values: Any) -> list[str]:
    return problems(ProvisionedEndpointSettings(production=VariantSettings(instance_type="ml.m5.large", **values)))


def instance_scaling(**values: Any) -> InstanceScalingSettings:
    return InstanceScalingSettings(**{"max_instance_count": 4, "invocations_per_instance": 100} | values)


def updated(update: Any, instance_count: int = 4, instance_type: str = "ml.m5.large") -> list[str]:
    production = VariantSettings(instance_type=instance_type, instance_count=instance_count)
    return problems(ProvisionedEndpointSettings(production=production, update=update))


def serverless(**values: Any) -> list[str]:
    return problems(ServerlessEndpointSettings(**values))


@pytest.mark.parametrize(("highest", "sound"), [(1, False), (2, True), (3, True)])
def test_instances_scale_upwards(highest: int, sound: bool) -> None:
    found = variant(instance_count=2, scaling=instance_scaling(max_instance_count=highest))
    assert (found == []) is sound
    assert all(
        "scaling.max_instance_count: 1: must be at least instance_count, 2 (AWS limit: " in line for line in found
    )


@pytest.mark.parametrize("instance_type", ["ml.t2.medium", "ml.t2.2xlarge"])
def test_rejects_burstable_instances_that_scale(instance_type: str) -> None:
    production = VariantSettings(instance_type=instance_type, scaling=instance_scaling())
    [line] = problems(ProvisionedEndpointSettings(production=production))
    assert (
        f"instance_type: {instance_type!r}: must not be a burstable type, of the series t, where there is scaling"
        in line
    )


@pytest.mark.parametrize(("target", "sound"), [(0.0, False), (0.5, True), (float("inf"), False)])
def test_the_invocations_of_an_instance_are_above_0(target: float, sound: bool) -> None:
    assert (variant(scaling=instance_scaling(invocations_per_instance=target)) == []) is sound


@pytest.mark.parametrize("field", ["scale_in_cooldown_seconds", "scale_out_cooldown_seconds"])
@pytest.mark.parametrize(("seconds", "sound"), [(-1, False), (0, True)])
def test_a_cooldown_is_from_0(field: str, seconds: int, sound: bool) -> None:
    assert (variant(scaling=instance_scaling(**{field: seconds})) == []) is sound
    scaling = ConcurrencyScalingSettings(max_provisioned_concurrency=2, **{field: seconds})
    assert (serverless(provisioned_concurrency=1, scaling=scaling) == []) is sound


@pytest.mark.parametrize(("highest", "sound"), [(1, False), (2, True), (5, True), (6, False)])
def test_provisioned_concurrency_scales_upwards_and_within_the_maximum(highest: int, sound: bool) -> None:
    scaling = ConcurrencyScalingSettings(max_provisioned_concurrency=highest)
    assert (serverless(max_concurrency=5, provisioned_concurrency=2, scaling=scaling) == []) is sound


def test_rejects_scaling_of_a_concurrency_that_is_not_provisioned() -> None:
    [line] = serverless(scaling=ConcurrencyScalingSettings(max_provisioned_concurrency=2))
    assert "provisioned_concurrency: None: must be given where there is scaling" in line


@pytest.mark.parametrize(("utilization", "sound"), [(0.0, False), (0.01, True), (1.0, True), (1.01, False)])
def test_a_utilization_is_a_share(utilization: float, sound: bool) -> None:
    scaling = ConcurrencyScalingSettings(max_provisioned_concurrency=2, utilization=utilization)
    assert (serverless(provisioned_concurrency=1, scaling=scaling) == []) is sound


@pytest.mark.parametrize(
    ("update", "field", "lowest", "highest"),
    [
        (CanaryUpdateSettings, "canary_percent", 1, 50),
        (LinearUpdateSettings, "linear_step_percent", 10, 50),
        (RollingUpdateSettings, "batch_percent", 5, 50),
    ],
)
def test_a_part_of_the_instances_is_within_sagemakers_range(
    update: type[Settings], field: str, lowest: int, highest: int
) -> None:
    for value, sound in ((lowest - 1, False), (lowest, True), (highest, True), (highest + 1, False)):
        assert (updated(update(**{field: value, "wait_interval_seconds": 0})) == []) is sound


@pytest.mark.parametrize(("seconds", "sound"), [(-1, False), (0, True), (3599, True), (3600, False), (3601, False)])
def test_a_wait_has_at_most_an_hour_and_ends_before_the_update_does(seconds: int, sound: bool) -> None:
    update = AllAtOnceUpdateSettings(termination_wait_seconds=seconds, max_execution_timeout_seconds=3600)
    assert (updated(update) == []) is sound


@pytest.mark.parametrize(("seconds", "sound"), [(599, False), (600, True), (3600, True), (3601, False)])
def test_an_update_takes_at_most_the_hour_that_terraform_waits(seconds: int, sound: bool) -> None:
    update = AllAtOnceUpdateSettings(termination_wait_seconds=0, max_execution_timeout_seconds=seconds)
    assert (updated(update) == []) is sound


@pytest.mark.parametrize(
    ("update", "waits"),
    [
        (AllAtOnceUpdateSettings(termination_wait_seconds=700), 700),
        (CanaryUpdateSettings(canary_percent=10, wait_interval_seconds=400, termination_wait_seconds=300), 700),
        # Four steps of 30 %, three waits between them.
        (LinearUpdateSettings(linear_step_percent=30, wait_interval_seconds=200, termination_wait_seconds=100), 700),
        (RollingUpdateSettings(batch_percent=30, wait_interval_seconds=175), 700),
    ],
)
def test_rejects_an_update_that_must_end_before_its_waits_are_over(update: Any, waits: int) -> None:
    for timeout, sound in ((waits, False), (waits + 1, True)):
        limited = type(update)(**vars(update) | {"max_execution_timeout_seconds": timeout})
        found = updated(limited)
        assert (found == []) is sound
        assert all(f": {waits}: must be above the sum of the update's waits, {waits}" in line for line in found)


@pytest.mark.parametrize(
    "update",
    [
        CanaryUpdateSettings(canary_percent=10),
        LinearUpdateSettings(linear_step_percent=50),
        RollingUpdateSettings(batch_percent=50),
    ],
)
def test_rejects_a_part_of_one_instance_and_of_inferentia(update: Any) -> None:
    assert updated(update, instance_count=2) == []
    [line] = updated(update, instance_count=1)
    assert f"production.instance_count: 1: must be at least 2 where update is {update.checked().kind}" in line
    [line] = updated(update, instance_type="ml.inf1.xlarge")
    assert "must not be of the family inf1, which is always updated at once" in line


def test_one_instance_or_inferentia_may_be_updated_at_once() -> None:
    assert updated(AllAtOnceUpdateSettings(), instance_count=1, instance_type="ml.inf1.xlarge") == []


def test_an_endpoint_with_a_shadow_has_no_rolling_update_by_its_type() -> None:
    two = VariantSettings(instance_type="ml.m5.large", instance_count=2)
    rolling: Any = RollingUpdateSettings(batch_percent=50)
    assert problems(ShadowedEndpointSettings(production=two, shadow=two, update=rolling)) == [
        "dev: endpoints.0.update: must be AllAtOnceUpdateSettings(...), CanaryUpdateSettings(...) or "
        "LinearUpdateSettings(...)"
    ]
    canary = CanaryUpdateSettings(canary_percent=50)
    assert problems(ShadowedEndpointSettings(production=two, shadow=two, update=canary)) == []
    one = VariantSettings(instance_type="ml.m5.large")
    [line] = problems(ShadowedEndpointSettings(production=two, shadow=one, update=canary))
    assert "shadow.instance_count: 1: must be at least 2 where update is canary" in line


@pytest.mark.parametrize("field", ["invocation_5xx_errors", "model_latency_p99_ms"])
@pytest.mark.parametrize(("value", "sound"), [(0, False), (1, True)])
def test_an_alarms_threshold_is_from_1(field: str, value: int, sound: bool) -> None:
    assert (serverless(alarms=AlarmSettings(**{field: value})) == []) is sound
    shadow_alarms = ShadowAlarmSettings(**{field: value})
    both = {"production": VariantSettings(), "shadow": VariantSettings()}
    assert (problems(ShadowedEndpointSettings(**both, shadow_alarms=shadow_alarms)) == []) is sound  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("capture", "sound"),
    [
        ({"sampling_percent": -1}, False),
        ({"sampling_percent": 0}, True),
        ({"sampling_percent": 100, "modes": ["Input"]}, True),
        ({"sampling_percent": 101}, False),
        ({"sampling_percent": 1, "modes": []}, False),
        ({"sampling_percent": 1, "modes": ["Input", "Input"]}, False),
        ({"sampling_percent": 1, "modes": ["Both"]}, False),
    ],
)
def test_data_capture_takes_a_share_of_the_requests(capture: dict[str, Any], sound: bool) -> None:
    endpoint = ProvisionedEndpointSettings(production=VariantSettings(), data_capture=DataCaptureSettings(**capture))
    assert (problems(endpoint) == []) is sound


def test_rejects_two_endpoints_of_one_name() -> None:
    assert problems(ServerlessEndpointSettings(), ServerlessEndpointSettings(name="other")) == []
    [line] = problems(ServerlessEndpointSettings(), ServerlessEndpointSettings())
    assert line == (
        "dev: endpoints.1.name: 'linear-learner': must be another name: "
        "the name linear-learner is that of endpoints.0 too"
    )


def test_rejects_endpoints_that_would_have_one_name_in_aws() -> None:
    moved, other = ServerlessEndpointSettings(name="x", name_carries_hosting=True), "x-serverless"
    [line] = problems(moved, ServerlessEndpointSettings(name=other))
    assert line == (
        f"dev: endpoints.1.name: '{other}': must be another name: the endpoint {other} is that of endpoints.0 too"
    )


def test_rejects_endpoints_whose_log_groups_would_have_one_address() -> None:
    [line] = problems(ServerlessEndpointSettings(name="a-b"), ServerlessEndpointSettings(name="a--b"))
    assert line == ("dev: endpoints.1.name: 'a--b': must be another name: the address a_b is that of endpoints.0 too")


def test_every_endpoint_that_meets_another_is_told() -> None:
    endpoints = [ServerlessEndpointSettings(name=name) for name in ("x", "x", "x-serverless")]
    carrying = ServerlessEndpointSettings(name="x", name_carries_hosting=True)
    lines = problems(endpoints[0], endpoints[1], carrying, endpoints[2])
    assert [line.split(": ")[1] for line in lines] == [f"endpoints.{number}.name" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "update",
    [
        AllAtOnceUpdateSettings(termination_wait_seconds=3601),
        CanaryUpdateSettings(canary_percent=10, wait_interval_seconds=3601),
        CanaryUpdateSettings(canary_percent=10, termination_wait_seconds=3601),
        LinearUpdateSettings(linear_step_percent=50, wait_interval_seconds=3601),
        RollingUpdateSettings(batch_percent=50, wait_interval_seconds=3601),
    ],
)
def test_no_wait_is_longer_than_an_hour(update: Any) -> None:
    [line] = updated(update)
    assert "_seconds: 3601: must be less than or equal to 3600" in line


def test_rejects_endpoints_whose_alarms_would_have_one_name() -> None:
    shadowed = ShadowedEndpointSettings(name="x", production=VariantSettings(), shadow=VariantSettings())
    [line] = problems(shadowed, ServerlessEndpointSettings(name="x-shadow"))
    assert line == (
        "dev: endpoints.1.name: 'x-shadow': must be another name: "
        "the alarm ml-platform-dev-x-shadow-5xx-errors is that of endpoints.0 too"
    )
    assert problems(ServerlessEndpointSettings(name="x"), ServerlessEndpointSettings(name="x-shadow")) == []


def test_rejects_addresses_that_differ_in_punctuation_only() -> None:
    for second in ("a-b@x.co", "a.b@x.co"):
        assert problems(ServerlessEndpointSettings(), alarm_emails=["a.b@x.co", "c@x.co", second]) == [
            f"dev: alarm_emails.2: '{second}': must differ from alarm_emails.0 in more than punctuation"
        ]


def test_rejects_an_environment_without_an_endpoint() -> None:
    [line] = problems()
    assert line.startswith("dev: endpoints: ")


def test_a_problem_names_its_endpoint_by_its_place() -> None:
    [line] = problems(ServerlessEndpointSettings(), ServerlessEndpointSettings(name="other", max_concurrency=0))
    assert line.startswith("dev: endpoints.1.max_concurrency: 0: must be")


@pytest.mark.parametrize(
    ("email", "sound"),
    [
        ("ml-team@example.com", True),
        ("a.b+c@mail.example.co", True),
        ("ml-team", False),
        ("ml-team@example", False),
        ("a b@example.com", False),
        ("a" * 250 + "@b.co", False),
        ("$(id)@example.com", False),
    ],
)
def test_alarms_are_sent_to_addresses(email: str, sound: bool) -> None:
    found = problems(ServerlessEndpointSettings(), alarm_emails=[email])
    assert (found == []) is sound
    assert all(line.startswith(f"dev: alarm_emails.0: {email!r}: must ") for line in found)
