"""How an endpoint's requests move to the instances of a new configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.sagemaker_endpoint import (
    SagemakerEndpointDeploymentConfig,
    SagemakerEndpointDeploymentConfigAutoRollbackConfiguration,
    SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms,
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy,
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration,
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize,
    SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize,
    SagemakerEndpointDeploymentConfigRollingUpdatePolicy,
    SagemakerEndpointDeploymentConfigRollingUpdatePolicyMaximumBatchSize,
)

PERCENT = "CAPACITY_PERCENT"


@dataclass(frozen=True, kw_only=True)
class BlueGreenUpdate:
    """All new instances beside the old ones; the requests move at once, in two parts or in steps.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    """

    canary_percent: int | None = None
    linear_step_percent: int | None = None
    wait_interval_seconds: int = 0
    termination_wait_seconds: int
    max_execution_timeout_seconds: int


@dataclass(frozen=True, kw_only=True)
class RollingUpdate:
    """New instances in the place of old ones, a batch at a time.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
    """

    batch_percent: int
    wait_interval_seconds: int
    max_execution_timeout_seconds: int


Update = BlueGreenUpdate | RollingUpdate


def deployment_config(update: Update, rollback_alarm_names: Sequence[str]) -> SagemakerEndpointDeploymentConfig:
    """The update takes itself back when one of the alarms goes off."""
    rollback = SagemakerEndpointDeploymentConfigAutoRollbackConfiguration(
        alarms=[
            SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms(alarm_name=name)
            for name in rollback_alarm_names
        ]
    )
    if isinstance(update, RollingUpdate):
        return SagemakerEndpointDeploymentConfig(
            rolling_update_policy=SagemakerEndpointDeploymentConfigRollingUpdatePolicy(
                maximum_batch_size=SagemakerEndpointDeploymentConfigRollingUpdatePolicyMaximumBatchSize(
                    type=PERCENT, value=update.batch_percent
                ),
                wait_interval_in_seconds=update.wait_interval_seconds,
                maximum_execution_timeout_in_seconds=update.max_execution_timeout_seconds,
            ),
            auto_rollback_configuration=rollback,
        )
    return SagemakerEndpointDeploymentConfig(
        blue_green_update_policy=SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy(
            traffic_routing_configuration=_routing(update),
            termination_wait_in_seconds=update.termination_wait_seconds,
            maximum_execution_timeout_in_seconds=update.max_execution_timeout_seconds,
        ),
        auto_rollback_configuration=rollback,
    )


def _routing(
    update: BlueGreenUpdate,
) -> SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration:
    canary_size = linear_step_size = None
    if update.canary_percent is not None:
        canary_size = SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize(
            type=PERCENT, value=update.canary_percent
        )
    if update.linear_step_percent is not None:
        linear_step_size = (
            SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize(
                type=PERCENT, value=update.linear_step_percent
            )
        )
    return SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration(
        type="CANARY" if canary_size else "LINEAR" if linear_step_size else "ALL_AT_ONCE",
        wait_interval_in_seconds=update.wait_interval_seconds,
        canary_size=canary_size,
        linear_step_size=linear_step_size,
    )
