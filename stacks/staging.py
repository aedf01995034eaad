"""staging: the next model is compared with the one in production, on the same requests."""

from stacks.settings import EnvironmentSettings, LogSettings, ProvisionedEndpointSettings, VariantSettings

SETTINGS = EnvironmentSettings(
    name="staging",
    region="us-east-1",
    logs=LogSettings(retention_days=90),
    endpoint=ProvisionedEndpointSettings(
        production=VariantSettings(instance_type="ml.m5.large"),
        shadow=VariantSettings(instance_type="ml.m5.large"),
    ),
)
