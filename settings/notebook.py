"""The settings of the notebook instance."""

from pydantic import Field

from settings.base import Settings
from settings.limits import IdleStopMinutes, NotebookInstanceType, NotebookVolumeSizeGb


class NotebookSettings(Settings):
    """The notebook instance."""

    instance_type: NotebookInstanceType = Field(default="ml.t3.medium", description="instance type")
    volume_size_gb: NotebookVolumeSizeGb = Field(default=5, description="size of /home/ec2-user/SageMaker, in GB")
    idle_stop_minutes: IdleStopMinutes = Field(
        default=60, description="minutes without use after which the instance stops itself"
    )
    root_access: bool = Field(default=False, description="let the notebook's users become root")
