"""dev: where models are tried out. One small instance, a notebook, everything may be destroyed."""

from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.notebook import NotebookSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="dev",
    region="us-east-1",
    protected=False,
    bucket=BucketSettings(force_destroy=True),
    encryption_key=EncryptionKeySettings(deletion_window_days=7),
    notebook=NotebookSettings(),
    endpoints=[ProvisionedEndpointSettings(production=VariantSettings(), soak_minutes=0)],
)
