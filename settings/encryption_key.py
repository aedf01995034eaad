"""The settings of an environment's KMS key."""

from pydantic import Field

from settings.base import Settings
from settings.limits import KeyDeletionWindowDays


class EncryptionKeySettings(Settings):
    """The KMS key of the environment's data: bucket, log groups, notebook volume, endpoint storage."""

    deletion_window_days: KeyDeletionWindowDays = Field(
        default=30, description="days that a destroyed key, and with it the data, can still be saved"
    )
