"""The instances behind a variant of an endpoint."""

from collections.abc import Iterator

from pydantic import Field

from settings import limits
from settings.base import Rules, Settings
from settings.limits import InstanceCount, VariantInstanceType, VariantWeight
from settings.problems import Problem
from settings.scaling import InstanceScalingSettings


class VariantSettings(Settings):
    """Instances behind a variant of a provisioned endpoint."""

    instance_type: VariantInstanceType = Field(default="ml.t2.medium", description="instance type")
    instance_count: InstanceCount = Field(default=1, description="number of instances; where they scale, the least")
    weight: VariantWeight = Field(
        default=1.0,
        description="share of the requests: weight / sum of weights; a shadow's: that share of the requests is copied",
    )
    scaling: InstanceScalingSettings | None = Field(default=None, description="autoscaling; left out: none")

    @property
    def scaling_in_effect(self) -> InstanceScalingSettings | None:
        """None too where the most is the least."""
        scales = self.scaling is not None and self.scaling.max_capacity > self.instance_count
        return self.scaling if scales else None

    def rules(self) -> Rules:
        return self._scaling_goes_up(), self._burstable_instances_do_not_scale()

    def _scaling_goes_up(self) -> Iterator[Problem]:
        if self.scaling is not None and self.scaling.max_instance_count < self.instance_count:
            yield Problem(
                path="scaling.max_instance_count",
                value=self.scaling.max_instance_count,
                allowed=f"must be at least instance_count, {self.instance_count}",
                page=limits.SCALABLE_TARGET,
            )

    def _burstable_instances_do_not_scale(self) -> Iterator[Problem]:
        if self.scaling is not None and limits.is_burstable(self.instance_type):
            yield Problem(
                path="instance_type",
                value=self.instance_type,
                allowed="must not be a burstable type, of the series t, where there is scaling",
                page=limits.AUTOSCALING,
            )
