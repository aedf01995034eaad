"""The settings of the data bucket."""

from pydantic import Field

from settings.base import Settings
from settings.limits import BucketName, ExpiryDays


class BucketSettings(Settings):
    """The data bucket."""

    name: BucketName | None = Field(
        default=None, description="a name of your own; left out: `<project>-<environment>-sagemaker-<account>-<region>`"
    )
    force_destroy: bool = Field(default=False, description="let a destroy delete a bucket that holds objects")
    noncurrent_version_days: ExpiryDays = Field(default=90, description="days an overwritten or deleted object is kept")
    incomplete_upload_days: ExpiryDays = Field(default=7, description="days an incomplete upload is kept")
