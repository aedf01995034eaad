"""prod: serverless, without instances that wait for requests."""

from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings
from settings.network import NewNetworkSettings

SETTINGS = EnvironmentSettings(
    name="prod",
    region="us-east-1",
    receives_from="staging",
    local_state=True,  # until there is a bucket for it: make state-bucket
    logs=LogSettings(retention_days=365),
    network=NewNetworkSettings(cidr_block="10.0.32.0/20"),
    endpoints=[ServerlessEndpointSettings(memory_size_mb=2048, max_concurrency=20)],
)
