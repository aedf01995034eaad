"""Autoscaling of an endpoint's variant."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget
from constructs import Construct

from constructs.terraform_data import TerraformData
from settings.scaling import ConcurrencyScalingSettings, InstanceScalingSettings, ScalingSettings


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What is scaled, by which of SageMaker's metrics, and the policy's name after that of its variant."""

    dimension: str
    metric: str
    policy_name: str


# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
SCALED_BY: dict[type[ScalingSettings], Scaled] = {
    InstanceScalingSettings: Scaled(
        dimension="sagemaker:variant:DesiredInstanceCount",
        metric="SageMakerVariantInvocationsPerInstance",
        policy_name="invocations-per-instance",
    ),
    ConcurrencyScalingSettings: Scaled(
        dimension="sagemaker:variant:DesiredProvisionedConcurrency",
        metric="SageMakerVariantProvisionedConcurrencyUtilization",
        policy_name="provisioned-concurrency-utilization",
    ),
}


class VariantScaling(Construct):
    """Target tracking from `min_capacity` up to what the scaling says.

    SageMaker refuses to remove a registered variant or to change its `capacity_type`, an instance type or a memory
    size: the variant is deregistered before the endpoint is updated and registered again after it.
    AWS recommends it for shadow variants too, and says nothing of another way to register them.
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-best-practices.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        variant_name: str,
        capacity_type: str,
        min_capacity: int,
        scaling: ScalingSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        scaled = SCALED_BY[type(scaling)]
        capacity = TerraformData(self, "capacity_type", replaced_by={"capacity_type": capacity_type})
        # replace_triggered_by takes an address; CDKTF would write a reference to the resource, which Terraform refuses.
        renewed = TerraformResourceLifecycle(replace_triggered_by=[capacity.address])
        target = AppautoscalingTarget(
            self,
            "Default",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
            scalable_dimension=scaled.dimension,
            min_capacity=min_capacity,
            max_capacity=scaling.max_capacity,
            lifecycle=renewed,
        )
        AppautoscalingPolicy(
            self,
            "policy",
            name=f"{variant_name}-{scaled.policy_name}",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration=AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                predefined_metric_specification=(
                    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                        predefined_metric_type=scaled.metric
                    )
                ),
                target_value=scaling.target_value,
                scale_in_cooldown=scaling.scale_in_cooldown_seconds,
                scale_out_cooldown=scaling.scale_out_cooldown_seconds,
            ),
            lifecycle=renewed,
        )
