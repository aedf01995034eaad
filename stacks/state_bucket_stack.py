"""The S3 bucket of one environment's Terraform state."""

from cdktf import LocalBackend, TerraformOutput
from constructs import Construct

from constructs.storage.private_bucket import PrivateBucket
from settings.environment import EnvironmentSettings
from stacks.aws_stack import AwsStack


class StateBucketStack(AwsStack):
    """Not part of the environment's own stack, whose state is in the bucket. Every version of a state is kept.

    Its own state is a local file that may be lost: `make state-bucket` finds the bucket again.
    """

    def __init__(self, scope: Construct, stack_id: str, *, name: str, settings: EnvironmentSettings) -> None:
        super().__init__(scope, stack_id, settings=settings)
        LocalBackend(self, path=f"../../../terraform.{stack_id}.tfstate")
        bucket = PrivateBucket(self, "state_bucket", name=name, key_arn=None, force_destroy=False, prevent_destroy=True)
        TerraformOutput(self, "bucket_name", value=bucket.name, static_id=True)
