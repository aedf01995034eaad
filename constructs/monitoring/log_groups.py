"""The CloudWatch log groups that SageMaker writes to."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

PREFIX = "/aws/sagemaker/"
NOTEBOOK_INSTANCES, TRAINING_JOBS = ACCOUNT_WIDE = (f"{PREFIX}NotebookInstances", f"{PREFIX}TrainingJobs")


def endpoint_log_group(endpoint_name: str) -> str:
    return f"{PREFIX}Endpoints/{endpoint_name}"


class LogGroups(Construct):
    """One group per endpoint and, in the environment that owns them, the two groups an account has once.

    Made up front because SageMaker creates a missing group by itself, and then without retention:
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html

    `by_name` and `account_wide` hold the groups made here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_names: Sequence[str],
        owns_account_wide: bool,
        retention_days: int,
        key_arn: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        endpoints = tuple(endpoint_log_group(name) for name in endpoint_names)
        self.by_name = {
            name: CloudwatchLogGroup(
                self,
                name.removeprefix(PREFIX),
                name=name,
                retention_in_days=retention_days,
                kms_key_id=key_arn,
            )
            for name in (ACCOUNT_WIDE if owns_account_wide else ()) + endpoints
        }
        self.account_wide = tuple(self.by_name.values())[: -len(endpoints)]
