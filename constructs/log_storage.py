"""How an environment keeps its logs."""

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class LogStorage:
    """What all log groups of an environment have in common; `skip_destroy`: one that the settings no longer name stays.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group#skip_destroy-1
    """

    retention_days: int
    key_arn: str | None
    skip_destroy: bool

    def group(self, scope: Construct, construct_id: str, *, name: str) -> CloudwatchLogGroup:
        return CloudwatchLogGroup(
            scope,
            construct_id,
            name=name,
            retention_in_days=self.retention_days,
            kms_key_id=self.key_arn,
            skip_destroy=True if self.skip_destroy else None,
        )
