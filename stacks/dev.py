"""dev: where models are tried out. One small instance, a notebook, everything may be destroyed."""

from stacks.settings import (
    BucketSettings,
    EnvironmentSettings,
    NotebookSettings,
    ProvisionedEndpointSettings,
    VariantSettings,
)

SETTINGS = EnvironmentSettings(
    name="dev",
    region="us-east-1",
    bucket=BucketSettings(force_destroy=True),
    sagemaker_full_access=True,
    notebook=NotebookSettings(),
    endpoint=ProvisionedEndpointSettings(production=VariantSettings()),
)
