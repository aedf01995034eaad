"""The settings of the log groups."""

from pydantic import Field

from settings.base import Settings
from settings.limits import RetentionDays


class LogSettings(Settings):
    """The CloudWatch log groups."""

    retention_days: RetentionDays = Field(default=30, description="days a log event is kept")
    owns_account_wide: bool = Field(
        default=True,
        description="make the groups NotebookInstances and TrainingJobs: one environment per account and region",
    )
