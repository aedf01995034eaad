"""dev: where models are tried out. One small instance, a notebook, everything may be destroyed."""

from settings.endpoint import ProvisionedEndpointSettings, VariantSettings
from settings.environment import BucketSettings, EncryptionKeySettings, EnvironmentSettings, NotebookSettings

SETTINGS = EnvironmentSettings(
    name="dev",
    region="us-east-1",
    protected=False,
    bucket=BucketSettings(force_destroy=True),
    encryption_key=EncryptionKeySettings(deletion_window_days=7),
    notebook=NotebookSettings(),
    endpoints=[ProvisionedEndpointSettings(production=VariantSettings())],
)
