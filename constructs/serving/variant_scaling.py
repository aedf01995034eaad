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


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What is scaled, and by which of SageMaker's metrics."""

    dimension: str
    metric: str


# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
INSTANCES = Scaled(dimension="sagemaker:variant:DesiredInstanceCount", metric="SageMakerVariantInvocationsPerInstance")
PROVISIONED_CONCURRENCY = Scaled(
    dimension="sagemaker:variant:DesiredProvisionedConcurrency",
    metric="SageMakerVariantProvisionedConcurrencyUtilization",
)


class VariantScaling(Construct):
    """Target tracking between `min_capacity` and `max_capacity`.

    SageMaker refuses to remove a registered variant or to change its `capacity_type`, an instance type or a memory
    size: the registration is taken back before the endpoint is updated, and made anew after it.
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        endpoint_name: str,
        variant_name: str,
        capacity_type: str,
        scaled: Scaled,
        min_capacity: int,
        max_capacity: int,
        target_value: float,
        scale_in_cooldown_seconds: int,
        scale_out_cooldown_seconds: int,
    ) -> None:
        super().__init__(scope, construct_id)
        capacity = TerraformData(self, "capacity_type", replaced_by={"capacity_type": capacity_type})
        # By its address: a reference, which CDKTF makes of the resource, Terraform does not take here.
        renewed = TerraformResourceLifecycle(replace_triggered_by=[capacity.address])
        target = AppautoscalingTarget(
            self,
            "Default",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
            scalable_dimension=scaled.dimension,
            min_capacity=min_capacity,
            max_capacity=max_capacity,
            lifecycle=renewed,
        )
        AppautoscalingPolicy(
            self,
            "policy",
            name=name,
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
                target_value=target_value,
                scale_in_cooldown=scale_in_cooldown_seconds,
                scale_out_cooldown=scale_out_cooldown_seconds,
            ),
            lifecycle=renewed,
        )
