"""The S3 bucket of the training dataset, the training output, the models and the notebooks."""

from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from constructs.storage.private_bucket import PrivateBucket

MODELS, TRAINING_OUTPUT, DATA_CAPTURE = "models/", "training-output/", "data-capture/"
PREFIXES = ("training-data/", TRAINING_OUTPUT, MODELS, "notebooks/")


class DataBucket(Construct):
    """A private bucket with an empty object per prefix, where old versions and incomplete uploads expire."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key_arn: str | None,
        force_destroy: bool,
        prevent_destroy: bool,
        noncurrent_version_days: int,
        incomplete_upload_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = PrivateBucket(
            self,
            "Default",
            name=name,
            key_arn=key_arn,
            force_destroy=force_destroy,
            prevent_destroy=prevent_destroy,
        )
        self.name, self.arn, self.protection = bucket.name, bucket.arn, bucket.protection
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
                            days_after_initiation=incomplete_upload_days
                        )
                    ],
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                            noncurrent_days=noncurrent_version_days
                        )
                    ],
                )
            ],
            depends_on=[bucket.versioning],
        )
        for prefix in PREFIXES:
            S3Object(self, prefix.rstrip("/"), bucket=self.name, key=prefix, content="", depends_on=[*self.protection])
