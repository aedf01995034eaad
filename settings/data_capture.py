"""What an endpoint keeps of its requests."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import CaptureMode, SamplingPercent
from settings.problems import Problem


class DataCaptureSettings(Settings):
    """What an endpoint is asked and answers goes to `data-capture/` in the data bucket, encrypted with its key."""

    sampling_percent: SamplingPercent = Field(description="share of the requests, in percent")
    modes: Sequence[CaptureMode] = Field(
        default=("Input", "Output"), min_length=1, max_length=2, description="what is captured of a request"
    )

    def rules(self) -> Rules:
        return (self._modes_differ(),)

    def _modes_differ(self) -> Iterator[Problem]:
        if len(set(self.modes)) < len(self.modes):
            yield Problem(path="modes", value=[*self.modes], allowed="must differ")
