"""The IAM role of training jobs."""

from collections.abc import Iterable

from constructs import Construct

from constructs.access.allow import Allow, bucket_list, images_and_metrics, key_use, log_streams, network_interfaces
from constructs.access.service_role import SAGEMAKER, ServiceRole
from constructs.account import Account
from constructs.network.placement import Placement
from constructs.storage.data_bucket import DataBucket
from settings.names import TRAINING_JOBS, Names
from settings.trained_artifact import TRAINING_OUTPUT


class TrainingRole(Construct):
    """Reads the bucket, writes the training output, and pulls from the image repositories."""

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
    ) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Default",
            account=account,
            name=names.training_role,
            service=SAGEMAKER,
            source=account.arn("sagemaker", "*") if limit_trust_to_account else None,
            statements=[
                bucket_list(bucket.arn),
                Allow(sid="BucketRead", actions=["s3:GetObject"], resources=[f"{bucket.arn}/*"]),
                Allow(
                    sid="BucketWrite",
                    actions=["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
                    resources=[f"{bucket.arn}/{TRAINING_OUTPUT}*"],
                ),
                *key_use(key_arn),
                log_streams([account.log_group_arn(TRAINING_JOBS)]),
                *images_and_metrics([account.image_repository_arn(name) for name in sorted(image_repositories)]),
                *network_interfaces(account, placement),
            ],
        )
        self.arn = role.arn
