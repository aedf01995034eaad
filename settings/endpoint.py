"""The settings of one endpoint: what serves the released model, how it scales and is updated, what sets off alarms.

What AWS does not let be combined has no field here: serverless endpoints know no instances, no shadow, no VPC, no data
capture and no guarded update, endpoints with a shadow no rolling update.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from settings import limits
from settings.base import Settings, kind_of
from settings.limits import (
    BatchPercent,
    CanaryPercent,
    CaptureMode,
    Concurrency,
    CooldownSeconds,
    ErrorCount,
    ExecutionTimeoutSeconds,
    InstanceCount,
    LatencyMs,
    LinearStepPercent,
    MemorySizeMb,
    Name,
    SamplingPercent,
    TargetInvocations,
    TargetUtilization,
    VariantInstanceType,
    VariantWeight,
    WaitSeconds,
)
from settings.problems import limit

PROVISIONED, SERVERLESS = "provisioned", "serverless"
# What an endpoint's constructs are called, after the endpoint: stacks/serving.py.
CONSTRUCT_SUFFIXES = (
    "",
    "_alarms",
    "_configuration",
    "_production_scaling",
    "_rollback_guard",
    "_shadow_alarms",
    "_shadow_scaling",
)
UPDATE = (
    "how requests move to the instances of a new release, and back when an alarm goes off; None: at once, no alarm "
    "watched, for an endpoint that was made so, which Terraform would replace"
)


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


class ConcurrencyScalingSettings(_ScalingSettings):
    """Provisioned concurrency follows its use, from `provisioned_concurrency` up to `max_provisioned_concurrency`."""

    max_provisioned_concurrency: Concurrency = Field(
        description="provisioned concurrency at most; the endpoint's provisioned_concurrency: no scaling"
    )
    utilization: TargetUtilization = Field(
        default=0.7, description="share of the provisioned concurrency that is to be in use"
    )


class VariantSettings(Settings):
    """Instances behind a variant of a provisioned endpoint."""

    instance_type: VariantInstanceType = Field(default="ml.t2.medium", description="instance type")
    instance_count: InstanceCount = Field(default=1, description="number of instances; where they scale, the least")
    weight: VariantWeight = Field(
        default=1.0,
        description="share of the requests: weight / sum of weights; a shadow's: that share of the requests is copied",
    )
    scaling: InstanceScalingSettings | None = Field(default=None, description="autoscaling; left out: none")

    def rules(self) -> Iterable[Iterator[str]]:
        return self._scaling_goes_up(), self._burstable_instances_do_not_scale()

    def _scaling_goes_up(self) -> Iterator[str]:
        if self.scaling is not None and self.scaling.max_instance_count < self.instance_count:
            allowed = limit(f"must be at least instance_count, {self.instance_count}", limits.SCALABLE_TARGET)
            yield f"scaling.max_instance_count is {self.scaling.max_instance_count}: {allowed}"

    def _burstable_instances_do_not_scale(self) -> Iterator[str]:
        if self.scaling is not None and self.instance_type.startswith("ml.t"):
            allowed = limit("must not be a burstable type, ml.t*, where there is scaling", limits.AUTOSCALING)
            yield f"instance_type is {self.instance_type!r}: {allowed}"


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
_UPDATE = Discriminator(
    kind_of,
    custom_error_type="update_kind",
    custom_error_message="must be AllAtOnceUpdateSettings(...), CanaryUpdateSettings(...) or LinearUpdateSettings(...)",
)
_ANY_UPDATE = Discriminator(
    kind_of,
    custom_error_type="update_kind",
    custom_error_message="must be AllAtOnceUpdateSettings(...), CanaryUpdateSettings(...), LinearUpdateSettings(...) "
    "or RollingUpdateSettings(...)",
)
_AllAtOnce = Annotated[AllAtOnceUpdateSettings, Tag("all_at_once")]
_Canary = Annotated[CanaryUpdateSettings, Tag("canary")]
_Linear = Annotated[LinearUpdateSettings, Tag("linear")]
_Rolling = Annotated[RollingUpdateSettings, Tag("rolling")]


class AlarmSettings(Settings):
    """What sets off the alarms of an endpoint's production variant, and takes a guarded update back."""

    invocation_5xx_errors: ErrorCount = Field(default=5, description="5XX errors in a minute, at least so many")
    model_latency_p99_ms: LatencyMs = Field(
        default=1000,
        description="p99 of the model's latency, in milliseconds, above this in three of five minutes",
    )


class ShadowAlarmSettings(Settings):
    """What sets off the alarms on the difference that the shadow shows: shadow less production, over five minutes."""

    invocation_5xx_errors: ErrorCount = Field(default=5, description="5XX errors, at least so many more")
    model_latency_p99_ms: LatencyMs = Field(
        default=200, description="p99 of the model's latency, in milliseconds, by more than this above production's"
    )


class DataCaptureSettings(Settings):
    """What an endpoint is asked and answers goes to `data-capture/` in the data bucket, encrypted with its key."""

    sampling_percent: SamplingPercent = Field(description="share of the requests, in percent")
    modes: Sequence[CaptureMode] = Field(
        default=("Input", "Output"), min_length=1, max_length=2, description="what is captured of a request"
    )

    def rules(self) -> Iterable[Iterator[str]]:
        return (self._modes_differ(),)

    def _modes_differ(self) -> Iterator[str]:
        if len(set(self.modes)) < len(self.modes):
            yield f"modes are {', '.join(self.modes)}: must differ"


class _EndpointSettings(Settings):
    hosting: ClassVar[str]

    name: Name = Field(default="linear-learner", description="the endpoint's name")
    name_carries_hosting: bool = Field(
        default=False,
        description="the name ends with `-provisioned` or `-serverless`: to be set, or unset, in the change that moves "
        "the endpoint from one to the other, which SageMaker does not do in place",
    )
    alarms: AlarmSettings = Field(default_factory=AlarmSettings, description="what sets off its alarms")

    @property
    def construct_id(self) -> str:
        return self.name.replace("-", "_")


class _InstanceEndpointSettings(_EndpointSettings):
    hosting: ClassVar[str] = PROVISIONED

    production: VariantSettings = Field(description="the production variant")
    data_capture: DataCaptureSettings | None = Field(default=None, description="data capture; left out: none")

    @property
    def variants(self) -> dict[str, VariantSettings]:
        return {"production": self.production}

    @property
    def takes_a_key(self) -> bool:
        """Whether SageMaker lets a KMS key be named for the instances' storage."""
        return not any(limits.has_instance_storage(variant.instance_type) for variant in self.variants.values())

    def rules(self) -> Iterable[Iterator[str]]:
        return self._some_variant_gets_requests(), self._update_fits()

    def _some_variant_gets_requests(self) -> Iterator[str]:
        if self.production.weight == 0:
            allowed = limit("must be above 0, as a share of 0 by 0 is none", f"{limits.API}/API_ProductionVariant.html")
            yield f"production.weight is 0 and it is the only production variant: {allowed}"

    def _update_fits(self) -> Iterator[str]:
        update: UpdateSettings | None = self.update  # type: ignore[attr-defined]
        if update is None:
            return
        timeout, waits = update.max_execution_timeout_seconds, update.waits_seconds
        if timeout <= waits:
            allowed = limit(f"must be above the sum of the update's waits, {waits}", limits.BLUE_GREEN)
            yield f"update.max_execution_timeout_seconds is {timeout}: {allowed}"
        if isinstance(update, AllAtOnceUpdateSettings):
            return
        for name, variant in self.variants.items():
            if variant.instance_count < limits.SHIFTED_INSTANCES_MIN_COUNT:
                allowed = limit(
                    f"must be at least {limits.SHIFTED_INSTANCES_MIN_COUNT} for a part of them to be at most half",
                    limits.BLUE_GREEN,
                )
                yield f"{name}.instance_count is {variant.instance_count} and update is {update.kind}: {allowed}"
            if variant.instance_type.startswith("ml.inf1."):
                allowed = limit("must not be of the family inf1, which is always updated at once", limits.GUARDRAILS)
                yield f"{name}.instance_type is {variant.instance_type!r} and update is {update.kind}: {allowed}"


class ProvisionedEndpointSettings(_InstanceEndpointSettings):
    """An endpoint on instances of its own."""

    kind: Literal["provisioned"] = "provisioned"
    update: Annotated[_AllAtOnce | _Canary | _Linear | _Rolling, _ANY_UPDATE] | None = Field(
        default_factory=AllAtOnceUpdateSettings, description=UPDATE
    )


class ShadowedEndpointSettings(_InstanceEndpointSettings):
    """An endpoint on instances of its own, with room for a shadow variant beside the production variant."""

    kind: Literal["shadowed"] = "shadowed"
    shadow: VariantSettings = Field(
        description="the shadow variant: serves a copy of the requests when releases.json names a shadow model"
    )
    shadow_alarms: ShadowAlarmSettings = Field(
        default_factory=ShadowAlarmSettings, description="what sets off the alarms on the shadow's difference"
    )
    update: Annotated[_AllAtOnce | _Canary | _Linear, _UPDATE] | None = Field(
        default_factory=AllAtOnceUpdateSettings, description=UPDATE
    )

    @property
    def variants(self) -> dict[str, VariantSettings]:
        return {"production": self.production, "shadow": self.shadow}

    def rules(self) -> Iterable[Iterator[str]]:
        return *super().rules(), self._no_inferentia_beside_a_shadow()

    def _no_inferentia_beside_a_shadow(self) -> Iterator[str]:
        for name, variant in self.variants.items():
            if variant.instance_type.startswith("ml.inf1."):
                allowed = limit("must not be of the family inf1 where there is a shadow", limits.SHADOW_EXCLUSIONS)
                yield f"{name}.instance_type is {variant.instance_type!r}: {allowed}"


class ServerlessEndpointSettings(_EndpointSettings):
    """An endpoint without instances. SageMaker allows it neither shadow variants nor a VPC nor data capture."""

    hosting: ClassVar[str] = SERVERLESS

    kind: Literal["serverless"] = "serverless"
    memory_size_mb: MemorySizeMb = Field(default=2048, description="memory, in MB")
    max_concurrency: Concurrency = Field(default=5, description="invocations at the same time, at most")
    provisioned_concurrency: Concurrency | None = Field(
        default=None,
        description="invocations kept warm, at most max_concurrency; where they scale, the least; left out: none",
    )
    scaling: ConcurrencyScalingSettings | None = Field(
        default=None, description="autoscaling of the provisioned concurrency; left out: none"
    )

    def rules(self) -> Iterable[Iterator[str]]:
        return self._provisioned_concurrency_within_max_concurrency(), self._scaling_fits()

    def _provisioned_concurrency_within_max_concurrency(self) -> Iterator[str]:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            allowed = limit(f"must be at most max_concurrency, {self.max_concurrency}", limits.SERVERLESS)
            yield f"provisioned_concurrency is {self.provisioned_concurrency}: {allowed}"

    def _scaling_fits(self) -> Iterator[str]:
        if self.scaling is None:
            return
        highest = self.scaling.max_provisioned_concurrency
        if self.provisioned_concurrency is None:
            allowed = limit("must be given where there is scaling", limits.SERVERLESS_SCALING)
            yield f"provisioned_concurrency is None: {allowed}"
        elif highest < self.provisioned_concurrency:
            allowed = limit(
                f"must be at least provisioned_concurrency, {self.provisioned_concurrency}", limits.SCALABLE_TARGET
            )
            yield f"scaling.max_provisioned_concurrency is {highest}: {allowed}"
        if highest > self.max_concurrency:
            allowed = limit(f"must be at most max_concurrency, {self.max_concurrency}", limits.SERVERLESS)
            yield f"scaling.max_provisioned_concurrency is {highest}: {allowed}"


EndpointSettings = Annotated[
    Annotated[ProvisionedEndpointSettings, Tag("provisioned")]
    | Annotated[ShadowedEndpointSettings, Tag("shadowed")]
    | Annotated[ServerlessEndpointSettings, Tag("serverless")],
    Discriminator(
        kind_of,
        custom_error_type="endpoint_kind",
        custom_error_message="must be ProvisionedEndpointSettings(...), ShadowedEndpointSettings(...) or "
        "ServerlessEndpointSettings(...)",
    ),
]
