"""The AWS account and region that a stack is deployed to."""

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from constructs import Construct


class Account(Construct):
    """Spells ARNs, of what is there and of what is yet to be made. `id` and `partition` are known at apply.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, region: str) -> None:
        super().__init__(scope, construct_id)
        self.region = region
        self.id = DataAwsCallerIdentity(self, "account").account_id
        self.partition = DataAwsPartition(self, "partition").partition

    @property
    def root_arn(self) -> str:
        return self.root_arn_of(self.id)

    def root_arn_of(self, account_id: str) -> str:
        """Of another account, in the same partition: whom that account's own policies allow it."""
        return f"arn:{self.partition}:iam::{account_id}:root"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def role_arn(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.id}:role/{name}"

    def log_group_arn(self, name: str) -> str:
        return self.arn("logs", f"log-group:{name}")

    def alarm_arn(self, name: str) -> str:
        return self.arn("cloudwatch", f"alarm:{name}")

    def image_repository_arn(self, name: str) -> str:
        """AWS keeps its images in accounts of its own, another one for each region and image."""
        return f"arn:{self.partition}:ecr:{self.region}:*:repository/{name}"

    def aws_policy_arn(self, name: str) -> str:
        """Of one of AWS's managed policies."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"
