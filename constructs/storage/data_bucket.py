"""The S3 bucket of the training dataset, the training output, the models and the notebooks."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from constructs.account import Account
from constructs.storage.private_bucket import PrivateBucket
from settings.bucket import BucketSettings
from settings.trained_artifact import TRAINING_OUTPUT

TRAINING_DATA, TRAINING_CODE = "training-data/", "training-code/"
MODELS, NOTEBOOKS, DATA_CAPTURE = "models/", "notebooks/", "data-capture/"
PREFIXES = (TRAINING_DATA, TRAINING_OUTPUT, MODELS, NOTEBOOKS)


class DataBucket(Construct):
    """A private bucket with an empty object per prefix, where old versions and incomplete uploads expire.

    The accounts `reader_account_ids` may read what trainings have left there, to copy a model's artifact.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        name: str,
        bucket: BucketSettings,
        key_arn: str | None,
        reader_account_ids: Sequence[str],
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        made = PrivateBucket(
            self,
            "Default",
            name=name,
            key_arn=key_arn,
            readers={TRAINING_OUTPUT: [account.root_arn_of(reader) for reader in reader_account_ids]}
            if reader_account_ids
            else {},
            force_destroy=bucket.force_destroy,
            prevent_destroy=prevent_destroy,
        )
        self.name, self.arn, self.protection = made.name, made.arn, made.protection
        S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=self.name,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="expire-leftovers",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                            days_after_initiation=bucket.incomplete_upload_days
                        )
                    ],
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                            noncurrent_days=bucket.noncurrent_version_days
                        )
                    ],
                )
            ],
            depends_on=[made.versioning],
        )
        for prefix in PREFIXES:
            S3Object(self, prefix.rstrip("/"), bucket=self.name, key=prefix, content="", depends_on=[*self.protection])
