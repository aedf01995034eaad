"""What a training has left in a data bucket, copied into the data bucket of the environment that serves it."""

import base64
from collections.abc import Sequence

from cdktf import ITerraformDependable, Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.s3_object_copy import S3ObjectCopy
from constructs import Construct

from constructs.account import Account
from constructs.literal import literal
from settings.trained_artifact import TrainedArtifact

# What a copy, once it is there, no longer depends on. A change of any of these would have the provider copy again, from
# a source that may be gone by then.
# https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/s3/object_copy.go
OF_THE_COPYING = ("source", "expected_bucket_owner", "expected_source_bucket_owner", "kms_key_id")


class CopiedObject(Construct):
    """S3 copies it, of up to 5 GiB, in one request: it is there whole or not at all. It must have the artifact's
    SHA-256, which S3 computes, or nothing that needs it is made.

    Who deploys reads the source and nothing else of it: its tags, which would need a permission of their own, are
    replaced by those of the environment. It is encrypted with the KMS key `key_arn`, or with S3's own.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

    `s3_uri` refers to the object in place.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        bucket: str,
        key: str,
        artifact: TrainedArtifact,
        catalogue_name: str,
        key_arn: str | None,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        owner = account.id if artifact.account_id is None else artifact.account_id
        source = f"{artifact.names.bucket(owner)}/{literal(artifact.key)}"
        checksum = base64.b64encode(bytes.fromhex(artifact.sha256)).decode()
        made = S3ObjectCopy(
            self,
            "Default",
            bucket=bucket,
            key=literal(key),
            source=source,
            expected_bucket_owner=account.id,
            expected_source_bucket_owner=owner,
            kms_key_id=key_arn,
            checksum_algorithm="SHA256",
            tagging_directive="REPLACE",
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=[*OF_THE_COPYING],
                postcondition=[
                    Postcondition(
                        condition=f'${{self.checksum_sha256 == "{checksum}"}}',
                        error_message=f"{catalogue_name}: the bytes of s3://{source} are not those that were released, "
                        f"whose SHA-256 is {artifact.sha256}: they were changed afterwards, and nothing serves them. "
                        "Put the released ones back, or release another version; then make deploy",
                    )
                ],
            ),
            depends_on=[*depends_on],
        )
        self.s3_uri = f"s3://{made.bucket}/{made.key}"
