"""staging: the next model is compared with the one in production, on the same requests."""

from settings.endpoint import ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings
from settings.network import NewNetworkSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="staging",
    region="us-east-1",
    receives_from="dev",
    local_state=True,  # until there is a bucket for it: make state-bucket
    logs=LogSettings(retention_days=90),
    network=NewNetworkSettings(cidr_block="10.0.16.0/20"),
    endpoints=[
        ShadowedEndpointSettings(
            production=VariantSettings(instance_type="ml.m5.large"),
            shadow=VariantSettings(instance_type="ml.m5.large"),
        )
    ],
)
