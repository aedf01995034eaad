"""An endpoint's update as Terraform's provider takes it."""

from collections.abc import Sequence

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

from settings.update import (
    AllAtOnceUpdateSettings,
    CanaryUpdateSettings,
    LinearUpdateSettings,
    RollingUpdateSettings,
    UpdateSettings,
)

PERCENT = "CAPACITY_PERCENT"
_Routing = SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration
_CanarySize = SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize
_LinearStepSize = SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize


def deployment_config(update: UpdateSettings, rollback_alarm_names: Sequence[str]) -> SagemakerEndpointDeploymentConfig:
    """SageMaker rolls the update back when one of the alarms goes off.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
    """
    rollback = SagemakerEndpointDeploymentConfigAutoRollbackConfiguration(
        alarms=[
            SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms(alarm_name=name)
            for name in rollback_alarm_names
        ]
    )
    if isinstance(update, RollingUpdateSettings):
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


def _routing(update: AllAtOnceUpdateSettings | CanaryUpdateSettings | LinearUpdateSettings) -> _Routing:
    match update:
        case CanaryUpdateSettings():
            return _Routing(
                type="CANARY",
                wait_interval_in_seconds=update.wait_interval_seconds,
                canary_size=_CanarySize(type=PERCENT, value=update.canary_percent),
            )
        case LinearUpdateSettings():
            return _Routing(
                type="LINEAR",
                wait_interval_in_seconds=update.wait_interval_seconds,
                linear_step_size=_LinearStepSize(type=PERCENT, value=update.linear_step_percent),
            )
    return _Routing(type="ALL_AT_ONCE", wait_interval_in_seconds=0)
