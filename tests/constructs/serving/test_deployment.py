"""How requests move to new instances, as Terraform gets it."""

from typing import Any

import pytest
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint

from constructs.serving.deployment import deployment_config
from settings.update import AllAtOnceUpdateSettings, CanaryUpdateSettings, LinearUpdateSettings, RollingUpdateSettings
from tests.support.synthesis import only, synthesized


def deployed(update: Any) -> dict[str, Any]:
    resources = synthesized(
        lambda stack: SagemakerEndpoint(
            stack,
            "endpoint",
            endpoint_config_name="first",
            deployment_config=deployment_config(update.checked(), ["errors", "latency"]),
        )
    )
    config: dict[str, Any] = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["deployment_config"]
    rollback = config.pop("auto_rollback_configuration")
    assert rollback == {"alarms": [{"alarm_name": "errors"}, {"alarm_name": "latency"}]}
    return config


def blue_green(routing: dict[str, Any], *, wait: int = 300, timeout: int = 3000) -> dict[str, Any]:
    return {
        "blue_green_update_policy": {
            "traffic_routing_configuration": routing,
            "termination_wait_in_seconds": wait,
            "maximum_execution_timeout_in_seconds": timeout,
        }
    }


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (AllAtOnceUpdateSettings(), blue_green({"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0})),
        (
            AllAtOnceUpdateSettings(termination_wait_seconds=0, max_execution_timeout_seconds=600),
            blue_green({"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0}, wait=0, timeout=600),
        ),
        (
            CanaryUpdateSettings(canary_percent=25, wait_interval_seconds=60),
            blue_green(
                {
                    "type": "CANARY",
                    "canary_size": {"type": "CAPACITY_PERCENT", "value": 25},
                    "wait_interval_in_seconds": 60,
                }
            ),
        ),
        (
            LinearUpdateSettings(linear_step_percent=50),
            blue_green(
                {
                    "type": "LINEAR",
                    "linear_step_size": {"type": "CAPACITY_PERCENT", "value": 50},
                    "wait_interval_in_seconds": 120,
                }
            ),
        ),
        (
            RollingUpdateSettings(batch_percent=25, wait_interval_seconds=30),
            {
                "rolling_update_policy": {
                    "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 25},
                    "wait_interval_in_seconds": 30,
                    "maximum_execution_timeout_in_seconds": 3000,
                }
            },
        ),
    ],
)
def test_each_way_to_update_is_what_the_settings_say(update: Any, expected: dict[str, Any]) -> None:
    assert deployed(update) == expected
