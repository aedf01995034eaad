"""The IAM role of training jobs."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.allow import Allow, bucket_list, images_and_metrics, key_use, log_streams, network_interfaces
from constructs.access.service_role import SAGEMAKER, ServiceRole


class TrainingRole(Construct):
    """Reads the bucket, writes below `output_prefixes` of it, and pulls the images named."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source_account: str | None,
        source_arns: Sequence[str],
        bucket_arn: str,
        output_prefixes: Sequence[str],
        key_arn: str | None,
        log_group_arns: Sequence[str],
        image_repository_arns: Sequence[str],
        network_interface_arn: str,
        placement_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Default",
            name=name,
            service=SAGEMAKER,
            source_account=source_account,
            source_arns=source_arns,
            statements=[
                bucket_list(bucket_arn),
                Allow(sid="BucketRead", actions=["s3:GetObject"], resources=[f"{bucket_arn}/*"]),
                Allow(
                    sid="BucketWrite",
                    actions=["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
                    resources=[f"{bucket_arn}/{prefix}*" for prefix in output_prefixes],
                ),
                *key_use(key_arn),
                log_streams(log_group_arns),
                *images_and_metrics(image_repository_arns),
                *network_interfaces(network_interface_arn, placement_arns),
            ],
        )
        self.arn, self.policy = role.arn, role.policy
