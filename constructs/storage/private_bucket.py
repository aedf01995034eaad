"""An S3 bucket that keeps what is in it."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket, S3BucketTimeouts
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA, S3BucketVersioningVersioningConfiguration
from constructs import Construct

from constructs.access.allow import condition_blocks


class PrivateBucket(Construct):
    """Versioned, encrypted, closed to the public and to plain HTTP. Of other accounts those in `readers` may read the
    objects below a prefix, by the ARNs of their roots.

    Encrypted with the KMS key `key_arn`, asked once for many objects, or with S3's own where it is None. What goes into
    the bucket must wait for `protection`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key_arn: str | None,
        readers: Mapping[str, Sequence[str]],
        force_destroy: bool,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = S3Bucket(
            self,
            "Default",
            bucket=name,
            force_destroy=force_destroy,
            # It is there within seconds; the provider's 20 minutes would keep a deploy waiting while nothing answers.
            timeouts=S3BucketTimeouts(create="5m"),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None,
        )
        # Not its id, which is not known while a deleted bucket is made again: a model would be replaced for it.
        self.name, self.arn = bucket.bucket, bucket.arn
        self.versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=self.name,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        encryption = S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self.name,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=(
                        S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                            sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
                        )
                    ),
                    bucket_key_enabled=None if key_arn is None else True,
                )
            ],
        )
        public_access_block = S3BucketPublicAccessBlock(
            self,
            "public_access_block",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self.name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        tls_only = S3BucketPolicy(
            self,
            "tls_only",
            bucket=self.name,
            policy=self._document(self.arn, readers).json,
            # S3 refuses two changes of a bucket's access at the same time: OperationAborted.
            depends_on=[public_access_block],
        )
        self.protection: Sequence[ITerraformDependable] = (self.versioning, encryption, public_access_block, tls_only)

    def _document(self, arn: str, readers: Mapping[str, Sequence[str]]) -> DataAwsIamPolicyDocument:
        return DataAwsIamPolicyDocument(
            self,
            "tls_only_document",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    sid="DenyPlainHttp",
                    effect="Deny",
                    actions=["s3:*"],
                    resources=[arn, f"{arn}/*"],
                    principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="*", identifiers=["*"])],
                    condition=condition_blocks({("Bool", "aws:SecureTransport"): ["false"]}),
                ),
                *(
                    DataAwsIamPolicyDocumentStatement(
                        sid="Readers",
                        actions=["s3:GetObject"],
                        resources=[f"{arn}/{prefix}*"],
                        principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="AWS", identifiers=[*roots])],
                    )
                    for prefix, roots in readers.items()
                ),
            ],
        )
