"""What sets off the alarms of an endpoint."""

from pydantic import Field

from settings.base import Settings
from settings.limits import ErrorCount, LatencyMs


class AlarmSettings(Settings):
    """What sets off the alarms of an endpoint's production variant, which roll a guarded update back."""

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
