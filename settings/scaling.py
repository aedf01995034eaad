"""How the capacity behind a variant follows its use."""

from pydantic import Field

from settings.base import Settings
from settings.limits import Concurrency, CooldownSeconds, InstanceCount, TargetInvocations, TargetUtilization


class _ScalingSettings(Settings):
    scale_in_cooldown_seconds: CooldownSeconds = Field(
        default=300, description="seconds between the end of one reduction and the next"
    )
    scale_out_cooldown_seconds: CooldownSeconds = Field(
        default=300, description="seconds between the end of one increase and the next"
    )


class InstanceScalingSettings(_ScalingSettings):
    """Instances of a variant follow its invocations, from `instance_count` up to `max_instance_count`."""

    max_instance_count: InstanceCount = Field(description="instances at most; the variant's instance_count: no scaling")
    invocations_per_instance: TargetInvocations = Field(description="invocations a minute that each instance is to get")

    @property
    def max_capacity(self) -> int:
        return self.max_instance_count

    @property
    def target_value(self) -> float:
        return self.invocations_per_instance


class ConcurrencyScalingSettings(_ScalingSettings):
    """Provisioned concurrency follows its use, from `provisioned_concurrency` up to `max_provisioned_concurrency`."""

    max_provisioned_concurrency: Concurrency = Field(
        description="provisioned concurrency at most; the endpoint's provisioned_concurrency: no scaling"
    )
    utilization: TargetUtilization = Field(
        default=0.7, description="share of the provisioned concurrency that is to be in use"
    )

    @property
    def max_capacity(self) -> int:
        return self.max_provisioned_concurrency

    @property
    def target_value(self) -> float:
        return self.utilization


ScalingSettings = InstanceScalingSettings | ConcurrencyScalingSettings
