from typing import Any

import pytest
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
)

from constructs.storage.storage import Storage
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.logs import LogSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized


def made(encryption_key: EncryptionKeySettings | None, *, protected: bool, found: list[Storage]) -> Resources:
    return synthesized(
        lambda stack: found.append(
            Storage(
                stack,
                "(storage)",
                account=parts.account(stack),
                names=parts.names(),
                bucket=BucketSettings().checked(),
                encryption_key=encryption_key,
                logs=LogSettings(retention_days=14).checked(),
                has_studio=False,
                reader_account_ids=[],
                protected=protected,
            )
        )
    )


def test_bucket_and_logs_have_the_environments_key() -> None:
    found: list[Storage] = []
    resources = made(EncryptionKeySettings().checked(), protected=False, found=found)
    rule: Any = only(resources, S3BucketServerSideEncryptionConfigurationA.TF_RESOURCE_TYPE)["rule"]
    [storage] = found
    assert KmsKey.TF_RESOURCE_TYPE in str(rule)
    assert storage.key_arn is not None
    assert (storage.logs.key_arn, storage.logs.retention_days) == (storage.key_arn, 14)


def test_without_a_key_awss_own_encrypt() -> None:
    found: list[Storage] = []
    resources = made(None, protected=False, found=found)
    assert KmsKey.TF_RESOURCE_TYPE not in resources
    [storage] = found
    assert (storage.key_arn, storage.logs.key_arn) == (None, None)


@pytest.mark.parametrize("protected", [True, False])
def test_what_is_protected_cannot_be_destroyed(protected: bool) -> None:
    found: list[Storage] = []
    resources = made(EncryptionKeySettings().checked(), protected=protected, found=found)
    for kind in (KmsKey, S3Bucket):
        lifecycle = only(resources, kind.TF_RESOURCE_TYPE).get("lifecycle", {})
        assert lifecycle.get("prevent_destroy", False) is protected
    [storage] = found
    assert storage.logs.skip_destroy is protected
