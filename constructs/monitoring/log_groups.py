"""The CloudWatch log groups that SageMaker writes to."""

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from constructs.log_storage import LogStorage
from settings.logs import LogSettings
from settings.names import ACCOUNT_WIDE_LOG_GROUPS, LOG_GROUPS, STUDIO, Names


class LogGroups(Construct):
    """One group per endpoint and, in the environment that owns them, the groups an account has once; Studio's is made
    where there is Studio.

    Made up front because SageMaker creates a missing group by itself, and then without retention:
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html

    `account_wide` are those of the account, where they are made here, `of_endpoints` the others by the endpoint's name
    in the settings; `outputs` has the names of all.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        logs: LogSettings,
        has_studio: bool,
        storage: LogStorage,
    ) -> None:
        super().__init__(scope, construct_id)

        def group(group_id: str, name: str, *, kept: bool = False) -> CloudwatchLogGroup:
            if not kept:
                return storage.group(self, group_id, name=name)
            # What is in it is older than the platform and outlives it: neither cut short nor locked with its key.
            older = TerraformResourceLifecycle(ignore_changes=["kms_key_id", "retention_in_days"])
            return CloudwatchLogGroup(self, group_id, name=name, skip_destroy=True, lifecycle=older)

        every = [*ACCOUNT_WIDE_LOG_GROUPS, *([STUDIO] if has_studio else [])]
        account_wide = every if logs.owns_account_wide else []
        self.outputs = {"log_group_names": [*account_wide, *names.endpoint_log_groups]}
        self.account_wide = [
            group(name.removeprefix(LOG_GROUPS), name, kept=logs.keeps_account_wide) for name in account_wide
        ]
        self.of_endpoints: dict[str, ITerraformDependable] = {
            name: group(endpoint.log_group.removeprefix(LOG_GROUPS), endpoint.log_group)
            for name, endpoint in names.endpoints.items()
        }
