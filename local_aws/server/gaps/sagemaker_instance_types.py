"""Gap: moto's lists of instance types end about 2020 and refuse every newer one."""

from moto.sagemaker.models import FakeEndpointConfig, FakeSagemakerNotebookInstance


def fill() -> None:
    for resource in (FakeEndpointConfig, FakeSagemakerNotebookInstance):
        resource.validate_instance_type = lambda _resource, _instance_type: None
