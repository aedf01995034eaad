"""The IAM role of the models behind endpoints."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.allow import Allow, bucket_list, images_and_metrics, key_use, log_streams, network_interfaces
from constructs.access.service_role import SAGEMAKER, ServiceRole


class HostingRole(Construct):
    """Reads the released artifacts below `model_prefix` of the bucket and nothing else there; writes what endpoints
    capture below `capture_prefix`, where there is one. Asks for the state of the alarms that guard an update.

    Models must wait for `policy`: SageMaker refuses one whose role cannot read its artifact.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source_account: str | None,
        source_arns: Sequence[str],
        bucket_arn: str,
        model_prefix: str,
        capture_prefix: str | None,
        alarm_arns: Sequence[str],
        key_arn: str | None,
        log_group_arns: Sequence[str],
        image_repository_arns: Sequence[str],
        network_interface_arn: str,
        placement_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        needed_by_some = []
        if capture_prefix is not None:
            needed_by_some.append(
                Allow(sid="CaptureWrite", actions=["s3:PutObject"], resources=[f"{bucket_arn}/{capture_prefix}*"])
            )
        if alarm_arns:
            # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
            needed_by_some.append(
                Allow(sid="RollbackAlarms", actions=["cloudwatch:DescribeAlarms"], resources=alarm_arns)
            )
        role = ServiceRole(
            self,
            "Default",
            name=name,
            service=SAGEMAKER,
            source_account=source_account,
            source_arns=source_arns,
            statements=[
                bucket_list(bucket_arn),
                Allow(sid="ModelRead", actions=["s3:GetObject"], resources=[f"{bucket_arn}/{model_prefix}*"]),
                *key_use(key_arn),
                log_streams(log_group_arns),
                *images_and_metrics(image_repository_arns),
                *network_interfaces(network_interface_arn, placement_arns),
                *needed_by_some,
            ],
        )
        self.arn, self.policy = role.arn, role.policy
