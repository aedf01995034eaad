"""The CloudWatch log groups that SageMaker writes to."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

ACCOUNT_WIDE = ("NotebookInstances", "TrainingJobs")


class LogGroups(Construct):
    """One group per endpoint and, in the environment that owns them, the two groups an account has once.

    Made up front because SageMaker creates a missing group by itself, and then without retention:
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html

    `by_name` and `account_wide` hold the groups made here; `names` also those that another environment of the account
    owns.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_names: Sequence[str],
        owns_account_wide: bool,
        retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        endpoints = tuple(f"Endpoints/{name}" for name in endpoint_names)
        self.by_name = {
            f"/aws/sagemaker/{name}": CloudwatchLogGroup(
                self, name, name=f"/aws/sagemaker/{name}", retention_in_days=retention_days
            )
            for name in (ACCOUNT_WIDE if owns_account_wide else ()) + endpoints
        }
        self.account_wide = tuple(self.by_name.values())[: -len(endpoints)]
        self.names = tuple(f"/aws/sagemaker/{name}" for name in ACCOUNT_WIDE + endpoints)
