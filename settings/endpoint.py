"""The settings of one endpoint: what serves the released model, how it scales and is updated, what sets off alarms.

What AWS does not let be combined has no field here: serverless endpoints know no instances, no shadow, no VPC, no data
capture and no guarded update, endpoints with a shadow no rolling update.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from settings import limits
from settings.base import Rules, Settings, kind_of
from settings.data_capture import DataCaptureSettings
from settings.limits import Concurrency, MemorySizeMb, Name, SoakMinutes
from settings.names import PRODUCTION, SHADOW
from settings.problems import Problem
from settings.scaling import ConcurrencyScalingSettings
from settings.thresholds import AlarmSettings, ShadowAlarmSettings
from settings.update import AllAtOnceUpdateSettings, AnyUpdate, UpdateBesideShadow, UpdateSettings
from settings.variant import VariantSettings

UPDATE = (
    "how requests move to the instances of a new release, and back when an alarm goes off; None: all at once and no "
    "alarm is watched, to keep an endpoint that was made without alarms: Terraform would replace it"
)


class _EndpointSettings(Settings):
    hosting: ClassVar[str]
    # Whether SageMaker lets its models be in a VPC, isolated from the network, and their endpoint's updates be guarded:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    on_instances: ClassVar[bool]
    variant_names: ClassVar[Sequence[str]] = (PRODUCTION,)

    name: Name = Field(default="linear-learner", description="the endpoint's name")
    name_carries_hosting: bool = Field(
        default=False,
        description="the name ends with `-provisioned` or `-serverless`: to be set, or unset, in the change that moves "
        "the endpoint from one to the other, which SageMaker does not do in place",
    )
    alarms: AlarmSettings = Field(default_factory=AlarmSettings, description="what sets off its alarms")
    soak_minutes: SoakMinutes = Field(
        default=60,
        description="how long a model must have been served here, as production or shadow, before it is promoted on",
    )

    @property
    def has_shadow(self) -> bool:
        """Whether there is room for one."""
        return SHADOW in self.variant_names

    @property
    def captures(self) -> bool:
        """Whether requests are kept in the data bucket."""
        return False

    @property
    def model_suffix(self) -> str:
        """Tells the models that one kind of hosting serves from those of the other."""
        return "" if self.on_instances else f"_{self.hosting}"


class _InstanceEndpointSettings(_EndpointSettings):
    hosting: ClassVar[str] = "provisioned"
    on_instances: ClassVar[bool] = True

    production: VariantSettings = Field(description="the production variant")
    data_capture: DataCaptureSettings | None = Field(default=None, description="data capture; left out: none")

    @property
    def captures(self) -> bool:
        return self.data_capture is not None

    @property
    def variants(self) -> Mapping[str, VariantSettings]:
        return {PRODUCTION: self.production}

    @property
    def shadow_thresholds(self) -> ShadowAlarmSettings | None:
        return None

    @property
    def takes_a_key(self) -> bool:
        """Whether SageMaker lets a KMS key be named for the instances' storage."""
        return not any(limits.has_instance_storage(variant.instance_type) for variant in self.variants.values())

    def rules(self) -> Rules:
        return self._some_variant_gets_requests(), self._update_outlasts_its_waits(), self._update_has_parts()

    @property
    def _update(self) -> UpdateSettings | None:
        update: UpdateSettings | None = self.update  # type: ignore[attr-defined]
        return update

    def _some_variant_gets_requests(self) -> Iterator[Problem]:
        if self.production.weight == 0:
            yield Problem(
                path="production.weight",
                value=self.production.weight,
                allowed="must be above 0, as it is the only production variant and a share of 0 by 0 is none",
                page=f"{limits.API}/API_ProductionVariant.html",
            )

    def _update_outlasts_its_waits(self) -> Iterator[Problem]:
        update = self._update
        if update is not None and update.max_execution_timeout_seconds <= update.waits_seconds:
            yield Problem(
                path="update.max_execution_timeout_seconds",
                value=update.max_execution_timeout_seconds,
                allowed=f"must be above the sum of the update's waits, {update.waits_seconds}",
                page=limits.BLUE_GREEN,
            )

    def _update_has_parts(self) -> Iterator[Problem]:
        update = self._update
        if update is None or isinstance(update, AllAtOnceUpdateSettings):
            return
        for name, variant in self.variants.items():
            if variant.instance_count < limits.SHIFTED_INSTANCES_MIN_COUNT:
                yield Problem(
                    path=f"{name}.instance_count",
                    value=variant.instance_count,
                    allowed=f"must be at least {limits.SHIFTED_INSTANCES_MIN_COUNT} where update is {update.kind}, "
                    "for a part of them to be at most half",
                    page=limits.BLUE_GREEN,
                )
            if variant.instance_type.startswith("ml.inf1."):
                yield Problem(
                    path=f"{name}.instance_type",
                    value=variant.instance_type,
                    allowed=f"must not be of the family inf1, which is always updated at once, where update is "
                    f"{update.kind}",
                    page=limits.GUARDRAILS,
                )


class ProvisionedEndpointSettings(_InstanceEndpointSettings):
    """An endpoint on instances of its own."""

    kind: Literal["provisioned"] = "provisioned"
    update: AnyUpdate | None = Field(default_factory=AllAtOnceUpdateSettings, description=UPDATE)


class ShadowedEndpointSettings(_InstanceEndpointSettings):
    """An endpoint on instances of its own, with room for a shadow variant beside the production variant."""

    variant_names: ClassVar[Sequence[str]] = (PRODUCTION, SHADOW)

    kind: Literal["shadowed"] = "shadowed"
    shadow: VariantSettings = Field(
        description="the shadow variant: serves a copy of the requests when releases.json names a shadow model"
    )
    shadow_alarms: ShadowAlarmSettings = Field(
        default_factory=ShadowAlarmSettings, description="what sets off the alarms on the shadow's difference"
    )
    update: UpdateBesideShadow | None = Field(default_factory=AllAtOnceUpdateSettings, description=UPDATE)

    @property
    def variants(self) -> Mapping[str, VariantSettings]:
        return {PRODUCTION: self.production, SHADOW: self.shadow}

    @property
    def shadow_thresholds(self) -> ShadowAlarmSettings | None:
        return self.shadow_alarms

    def rules(self) -> Rules:
        return *super().rules(), self._no_inferentia_beside_a_shadow()

    def _no_inferentia_beside_a_shadow(self) -> Iterator[Problem]:
        for name, variant in self.variants.items():
            if variant.instance_type.startswith("ml.inf1."):
                yield Problem(
                    path=f"{name}.instance_type",
                    value=variant.instance_type,
                    allowed="must not be of the family inf1 where there is a shadow",
                    page=limits.SHADOW_EXCLUSIONS,
                )


class ServerlessEndpointSettings(_EndpointSettings):
    """An endpoint without instances. SageMaker allows it neither shadow variants nor a VPC nor data capture."""

    hosting: ClassVar[str] = "serverless"
    on_instances: ClassVar[bool] = False

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

    @property
    def scaling_in_effect(self) -> ConcurrencyScalingSettings | None:
        """None too where the most is the least."""
        lowest = self.provisioned_concurrency
        scales = self.scaling is not None and lowest is not None and self.scaling.max_capacity > lowest
        return self.scaling if scales else None

    def rules(self) -> Rules:
        return self._provisioned_concurrency_within_max_concurrency(), self._scaling_fits()

    def _provisioned_concurrency_within_max_concurrency(self) -> Iterator[Problem]:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            yield self._above_max_concurrency("provisioned_concurrency", self.provisioned_concurrency)

    def _scaling_fits(self) -> Iterator[Problem]:
        if self.scaling is None:
            return
        highest = self.scaling.max_provisioned_concurrency
        if self.provisioned_concurrency is None:
            yield Problem(
                path="provisioned_concurrency",
                value=None,
                allowed="must be given where there is scaling",
                page=limits.SERVERLESS_SCALING,
            )
        elif highest < self.provisioned_concurrency:
            yield Problem(
                path="scaling.max_provisioned_concurrency",
                value=highest,
                allowed=f"must be at least provisioned_concurrency, {self.provisioned_concurrency}",
                page=limits.SCALABLE_TARGET,
            )
        if highest > self.max_concurrency:
            yield self._above_max_concurrency("scaling.max_provisioned_concurrency", highest)

    def _above_max_concurrency(self, path: str, value: int) -> Problem:
        allowed = f"must be at most max_concurrency, {self.max_concurrency}"
        return Problem(path=path, value=value, allowed=allowed, page=limits.SERVERLESS)


InstanceEndpointSettings = ProvisionedEndpointSettings | ShadowedEndpointSettings
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
