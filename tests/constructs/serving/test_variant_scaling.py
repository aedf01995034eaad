from typing import Any

import pytest

from constructs.serving.variant_scaling import VariantScaling
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings
from settings.variant import VariantSettings
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

TARGET, POLICY = "aws_appautoscaling_target", "aws_appautoscaling_policy"


def test_a_variant_alone_is_registered_with_a_policy_of_its_own_name() -> None:
    scaling = InstanceScalingSettings(max_instance_count=3, invocations_per_instance=60).checked()
    found = synthesized(
        lambda stack: VariantScaling(
            stack,
            "production_scaling",
            endpoint_name="linear-learner",
            variant_name="production",
            capacity_type="ml.m5.large",
            min_capacity=1,
            scaling=scaling,
        )
    )
    target = only(found, TARGET)
    assert target["resource_id"] == "endpoint/linear-learner/variant/production"
    assert (target["min_capacity"], target["max_capacity"]) == (1, 3)
    assert only(found, POLICY)["name"] == "production-invocations-per-instance"


def scaled_variant(highest: int = 4, lowest: int = 2) -> VariantSettings:
    scaling = InstanceScalingSettings(
        max_instance_count=highest, invocations_per_instance=600, scale_in_cooldown_seconds=900
    )
    return VariantSettings(instance_type="ml.m5.large", instance_count=lowest, scaling=scaling)


def resources(endpoint: object, name: str = "dev") -> dict[str, Any]:
    found: dict[str, Any] = synthesized_platform(environment(name, endpoints=[endpoint]))["resource"]
    return found


def test_instances_follow_the_invocations_of_each() -> None:
    found = resources(ProvisionedEndpointSettings(production=scaled_variant()))
    target, policy = only(found, TARGET), only(found, POLICY)
    assert target["service_namespace"] == "sagemaker"
    assert target["resource_id"] == "endpoint/${aws_sagemaker_endpoint.linear_learner.name}/variant/production"
    assert target["scalable_dimension"] == "sagemaker:variant:DesiredInstanceCount"
    assert (target["min_capacity"], target["max_capacity"]) == (2, 4)
    assert policy["policy_type"] == "TargetTrackingScaling"
    assert policy["target_tracking_scaling_policy_configuration"] == {
        "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
        "target_value": 600,
        "scale_in_cooldown": 900,
        "scale_out_cooldown": 300,
    }


def test_the_initial_count_is_the_least() -> None:
    configuration = only(
        resources(ProvisionedEndpointSettings(production=scaled_variant())), "aws_sagemaker_endpoint_configuration"
    )
    assert configuration["production_variants"][0]["initial_instance_count"] == 2


def test_provisioned_concurrency_follows_its_utilization() -> None:
    scaling = ConcurrencyScalingSettings(max_provisioned_concurrency=8, utilization=0.5)
    endpoint = ServerlessEndpointSettings(max_concurrency=10, provisioned_concurrency=2, scaling=scaling)
    found = resources(endpoint, "prod")
    target, policy = only(found, TARGET), only(found, POLICY)
    assert target["scalable_dimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    assert (target["min_capacity"], target["max_capacity"]) == (2, 8)
    configuration = policy["target_tracking_scaling_policy_configuration"]
    assert configuration["predefined_metric_specification"] == {
        "predefined_metric_type": "SageMakerVariantProvisionedConcurrencyUtilization"
    }
    assert configuration["target_value"] == 0.5


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_nothing_scales_unless_it_is_said(name: str) -> None:
    assert TARGET not in synthesized_platform(environment(name))["resource"]


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        (ProvisionedEndpointSettings(production=scaled_variant(highest=2)), "dev"),
        (
            ServerlessEndpointSettings(
                provisioned_concurrency=3, scaling=ConcurrencyScalingSettings(max_provisioned_concurrency=3)
            ),
            "prod",
        ),
    ],
)
def test_where_the_least_is_the_most_nothing_scales(endpoint: object, name: str) -> None:
    assert TARGET not in resources(endpoint, name)


def test_production_and_shadow_scale_by_themselves() -> None:
    endpoint = ShadowedEndpointSettings(production=scaled_variant(), shadow=scaled_variant(highest=3))
    targets = resources(endpoint, "staging")[TARGET]
    assert {name: target["max_capacity"] for name, target in targets.items()} == {
        "linear_learner_production_scaling": 4,
        "linear_learner_shadow_scaling": 3,
    }


def test_another_instance_type_takes_the_registration_back_and_makes_it_anew() -> None:
    """That it is back before the endpoint is updated, Terraform shows: tests/integration/test_serving.py."""
    found = resources(ProvisionedEndpointSettings(production=scaled_variant()))
    trigger = found["terraform_data"]["linear_learner_production_scaling_capacity_type"]
    assert trigger["triggers_replace"] == {"capacity_type": "ml.m5.large"}
    for kind in (TARGET, POLICY):
        [of_kind] = found[kind].values()
        assert of_kind["lifecycle"] == {
            "replace_triggered_by": ["terraform_data.linear_learner_production_scaling_capacity_type"]
        }
