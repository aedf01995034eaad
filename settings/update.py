"""How an endpoint's requests move to the instances of a new release."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from settings.base import Settings, kind_of
from settings.limits import BatchPercent, CanaryPercent, ExecutionTimeoutSeconds, LinearStepPercent, WaitSeconds


class _UpdateSettings(Settings):
    max_execution_timeout_seconds: ExecutionTimeoutSeconds = Field(
        default=3000, description="seconds after which the update has failed"
    )


class _BlueGreenUpdateSettings(_UpdateSettings):
    termination_wait_seconds: WaitSeconds = Field(
        default=300, description="seconds that alarms are watched before the old instances go"
    )


class AllAtOnceUpdateSettings(_BlueGreenUpdateSettings):
    """All requests move to the new instances at once; the old ones wait, in case an alarm goes off."""

    kind: Literal["all_at_once"] = "all_at_once"

    @property
    def waits_seconds(self) -> int:
        return self.termination_wait_seconds


class CanaryUpdateSettings(_BlueGreenUpdateSettings):
    """A part of the requests moves to the new instances first, the rest after a wait without an alarm."""

    kind: Literal["canary"] = "canary"
    canary_percent: CanaryPercent = Field(description="share of the new instances that gets requests first, in percent")
    wait_interval_seconds: WaitSeconds = Field(
        default=300, description="seconds that alarms are watched before the rest moves"
    )

    @property
    def waits_seconds(self) -> int:
        return self.wait_interval_seconds + self.termination_wait_seconds


class LinearUpdateSettings(_BlueGreenUpdateSettings):
    """The requests move to the new instances in equal steps, each after a wait without an alarm."""

    kind: Literal["linear"] = "linear"
    linear_step_percent: LinearStepPercent = Field(
        description="share of the new instances that a step adds, in percent"
    )
    wait_interval_seconds: WaitSeconds = Field(
        default=120, description="seconds that alarms are watched between two steps"
    )

    @property
    def waits_seconds(self) -> int:
        steps = -(-100 // self.linear_step_percent)
        return (steps - 1) * self.wait_interval_seconds + self.termination_wait_seconds


class RollingUpdateSettings(_UpdateSettings):
    """Old instances make room for new ones in batches, each after a wait without an alarm; few are there twice."""

    kind: Literal["rolling"] = "rolling"
    batch_percent: BatchPercent = Field(description="share of the instances that are replaced together, in percent")
    wait_interval_seconds: WaitSeconds = Field(
        default=120, description="seconds that alarms are watched after each batch"
    )

    @property
    def waits_seconds(self) -> int:
        return -(-100 // self.batch_percent) * self.wait_interval_seconds


UpdateSettings = AllAtOnceUpdateSettings | CanaryUpdateSettings | LinearUpdateSettings | RollingUpdateSettings
_AllAtOnce = Annotated[AllAtOnceUpdateSettings, Tag("all_at_once")]
_Canary = Annotated[CanaryUpdateSettings, Tag("canary")]
_Linear = Annotated[LinearUpdateSettings, Tag("linear")]
_Rolling = Annotated[RollingUpdateSettings, Tag("rolling")]
AnyUpdate = Annotated[
    _AllAtOnce | _Canary | _Linear | _Rolling,
    Discriminator(
        kind_of,
        custom_error_type="update_kind",
        custom_error_message="must be AllAtOnceUpdateSettings(...), CanaryUpdateSettings(...), "
        "LinearUpdateSettings(...) or RollingUpdateSettings(...)",
    ),
]
# https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
UpdateBesideShadow = Annotated[
    _AllAtOnce | _Canary | _Linear,
    Discriminator(
        kind_of,
        custom_error_type="update_kind",
        custom_error_message="must be AllAtOnceUpdateSettings(...), CanaryUpdateSettings(...) or "
        "LinearUpdateSettings(...)",
    ),
]
