"""The settings of the log groups."""

from collections.abc import Iterator

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import RetentionDays
from settings.problems import Problem


class LogSettings(Settings):
    """The CloudWatch log groups."""

    retention_days: RetentionDays = Field(default=30, description="days a log event is kept")
    owns_account_wide: bool = Field(
        default=True,
        description="make the groups NotebookInstances and TrainingJobs, and, where there is Studio, studio: one "
        "environment per account and region",
    )
    keeps_account_wide: bool = Field(
        default=False,
        description="these stay in AWS when the environment is destroyed, and keep the retention and the key that "
        "they have, none where the platform makes them: where they hold what is older than it, a deploy takes "
        "them over with this set only",
    )

    def rules(self) -> Rules:
        return (self._what_is_kept_is_owned(),)

    def _what_is_kept_is_owned(self) -> Iterator[Problem]:
        if self.keeps_account_wide and not self.owns_account_wide:
            allowed = "must be False where owns_account_wide is False"
            yield Problem(path="keeps_account_wide", value=True, allowed=allowed)
