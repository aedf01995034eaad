"""The S3 bucket of one environment's Terraform state."""

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
        self.keep_state(stack_id)
        bucket = PrivateBucket(
            self, "state_bucket", name=name, key_arn=None, readers={}, force_destroy=False, prevent_destroy=True
        )
        self.publish({"bucket_name": bucket.name})
