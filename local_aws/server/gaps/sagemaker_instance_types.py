"""Gap: moto's lists of instance types end about 2020 and refuse every newer one."""

import psutil
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.sagemaker.models import FakeEndpointConfig, FakeSagemakerNotebookInstance


def fill() -> None:
    for resource in (FakeEndpointConfig, FakeSagemakerNotebookInstance):
        resource.validate_instance_type = lambda _resource, _instance_type: None


def memory_mb(instance_type: str) -> int:
    """What an instance has in AWS, and at most half of what this machine has."""
    instance = INSTANCE_TYPES.get(instance_type.removeprefix("ml."), INSTANCE_TYPES["m5.large"])
    return at_most_half(int(instance["MemoryInfo"]["SizeInMiB"]))


def at_most_half(asked_mb: int) -> int:
    """Of this machine's memory."""
    return min(asked_mb, int(psutil.virtual_memory().total) // 1024**2 // 2)
