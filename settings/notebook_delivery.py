"""The settings of what is handed out to those who work in notebooks."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from settings import limits
from settings.base import Rules, Settings
from settings.lifecycle_scripts import FILLED_IN
from settings.limits import NotebookPattern, Placeholder
from settings.problems import Problem


class NotebookDeliverySettings(Settings):
    """Which notebooks below notebooks/ in the data bucket are handed out, at every start, and what is filled in."""

    patterns: Sequence[NotebookPattern] = Field(
        default=("Lab1*.ipynb", "PythonCheatSheet*.ipynb"),
        min_length=1,
        max_length=limits.NOTEBOOK_PATTERNS_MAX_COUNT,
        description="names of the notebooks, where `*` is any text, `?` any character and `[ab]` one of these",
    )
    placeholders: Sequence[Placeholder] = Field(
        default=("<DATA_BUCKET>", "<LabBucketName>", "ml-pipeline-bucket"),
        max_length=limits.PLACEHOLDERS_MAX_COUNT,
        description="what the data bucket's name is filled in for, besides the "
        + f"placeholders of the platform: {', '.join(f'`{name}`' for name in FILLED_IN)}",
    )

    def rules(self) -> Rules:
        return self.differ("patterns"), self.differ("placeholders"), self._placeholders_are_free()

    def _placeholders_are_free(self) -> Iterator[Problem]:
        for number, placeholder in enumerate(self.placeholders):
            if placeholder in FILLED_IN:
                allowed = "must be another: the platform fills in something else for it"
                yield Problem(path=f"placeholders.{number}", value=placeholder, allowed=allowed)
