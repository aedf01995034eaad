"""The IAM role of the models behind endpoints."""

from collections.abc import Iterable

from constructs import Construct

from constructs.access.allow import Allow, bucket_list, images_and_metrics, key_use, log_streams, network_interfaces
from constructs.access.service_role import SAGEMAKER, ServiceRole
from constructs.account import Account
from constructs.network.placement import Placement
from constructs.storage.data_bucket import DATA_CAPTURE, MODELS, DataBucket
from settings.names import Names


class HostingRole(Construct):
    """Reads the released artifacts in the bucket and nothing else there; writes what endpoints capture where one of
    them `captures`, and asks for the state of the platform's alarms where one of them `rolls_back`.

    Models must wait for `policies`: SageMaker refuses one whose role cannot read its artifact.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        limit_trust_to_account: bool,
        bucket: DataBucket,
        key_arn: str | None,
        image_repositories: Iterable[str],
        placement: Placement | None,
        captures: bool,
        rolls_back: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        needed_by_some = []
        if captures:
            needed_by_some.append(
                Allow(sid="CaptureWrite", actions=["s3:PutObject"], resources=[f"{bucket.arn}/{DATA_CAPTURE}*"])
            )
        if rolls_back:
            # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
            alarms = account.alarm_arn(names.every_alarm)
            needed_by_some.append(
                Allow(sid="RollbackAlarms", actions=["cloudwatch:DescribeAlarms"], resources=[alarms])
            )
        logs = [[account.log_group_arn(item.log_group) for item in group] for group in names.endpoint_groups]
        role = ServiceRole(
            self,
            "Default",
            account=account,
            name=names.hosting_role,
            service=SAGEMAKER,
            source=account.arn("sagemaker", "*") if limit_trust_to_account else None,
            statements=[
                bucket_list(bucket.arn),
                Allow(sid="ModelRead", actions=["s3:GetObject"], resources=[f"{bucket.arn}/{MODELS}*"]),
                *key_use(key_arn),
                log_streams(logs[0]),
                *images_and_metrics([account.image_repository_arn(name) for name in sorted(image_repositories)]),
                *network_interfaces(account, placement),
                *needed_by_some,
            ],
            more=[[log_streams(group)] for group in logs[1:]],
        )
        self.arn, self.policies = role.arn, role.policies
