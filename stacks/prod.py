"""prod: serverless, so that nothing is paid for between requests."""

from stacks.settings import EnvironmentSettings, LogSettings, ServerlessEndpointSettings

SETTINGS = EnvironmentSettings(
    name="prod",
    region="us-east-1",
    logs=LogSettings(retention_days=365),
    endpoint=ServerlessEndpointSettings(memory_size_mb=2048, max_concurrency=20),
)
