"""Instances that AWS may take back."""

from pydantic import Field

from settings.base import Settings
from settings.limits import MaxWaitSeconds


class SpotSettings(Settings):
    """Training runs on spot instances: cheaper, and interrupted whenever AWS needs them."""

    max_wait_seconds: MaxWaitSeconds = Field(
        description="seconds after which training has failed, the wait for instances included"
    )
