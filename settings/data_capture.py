"""What an endpoint keeps of its requests."""

from collections.abc import Sequence

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import CaptureMode, SamplingPercent


class DataCaptureSettings(Settings):
    """What an endpoint is asked and answers goes to `data-capture/` in the data bucket, encrypted with its key."""

    sampling_percent: SamplingPercent = Field(description="share of the requests, in percent")
    modes: Sequence[CaptureMode] = Field(
        default=("Input", "Output"), min_length=1, max_length=2, description="what is captured of a request"
    )

    def rules(self) -> Rules:
        return (self.differ("modes"),)
