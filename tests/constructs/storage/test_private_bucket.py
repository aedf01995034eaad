from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import S3BucketOwnershipControls
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA

from constructs.storage.private_bucket import PrivateBucket
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform


@pytest.fixture(scope="module")
def resources() -> Resources:
    return synthesized(bucket)


def bucket(stack: TerraformStack, **changes: Any) -> PrivateBucket:
    values: dict[str, Any] = {
        "name": "acme-sagemaker-data",
        "key_arn": None,
        "readers": {},
        "force_destroy": False,
        "prevent_destroy": False,
    }
    return PrivateBucket(stack, "bucket", **values | changes)


def test_the_bucket_has_the_name_it_is_given(resources: Resources) -> None:
    assert only(resources, S3Bucket.TF_RESOURCE_TYPE)["bucket"] == "acme-sagemaker-data"


def test_objects_are_versioned_and_encrypted(resources: Resources) -> None:
    versioning = only(resources, S3BucketVersioningA.TF_RESOURCE_TYPE)
    encryption = only(resources, S3BucketServerSideEncryptionConfigurationA.TF_RESOURCE_TYPE)
    assert versioning["versioning_configuration"] == {"status": "Enabled"}
    assert encryption["rule"] == [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]


def test_nothing_can_become_public(resources: Resources) -> None:
    block = only(resources, S3BucketPublicAccessBlock.TF_RESOURCE_TYPE)
    assert {value for key, value in block.items() if key != "bucket"} == {True}
    assert only(resources, S3BucketOwnershipControls.TF_RESOURCE_TYPE)["rule"] == {
        "object_ownership": "BucketOwnerEnforced"
    }


def test_plain_http_is_denied_to_everybody() -> None:
    documents = synthesized_platform(environment("dev"))["data"]["aws_iam_policy_document"]
    [statement] = documents["data_bucket_tls_only_document"]["statement"]
    assert (statement["effect"], statement["actions"]) == ("Deny", ["s3:*"])
    assert statement["principals"] == [{"type": "*", "identifiers": ["*"]}]
    assert statement["condition"] == [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}]
    assert [resource.rpartition("}")[2] for resource in statement["resources"]] == ["", "/*"]


@pytest.mark.parametrize("force_destroy", [True, False])
def test_a_full_bucket_is_destroyed_only_where_the_setting_says_so(force_destroy: bool) -> None:
    resources = synthesized(lambda stack: bucket(stack, force_destroy=force_destroy))
    assert only(resources, S3Bucket.TF_RESOURCE_TYPE)["force_destroy"] is force_destroy


def test_objects_are_encrypted_with_the_key_and_few_calls_to_it() -> None:
    resources = synthesized(lambda stack: bucket(stack, key_arn="arn:aws:kms:us-east-1:111111111111:key/1"))
    [rule] = only(resources, S3BucketServerSideEncryptionConfigurationA.TF_RESOURCE_TYPE)["rule"]
    assert rule == {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": "arn:aws:kms:us-east-1:111111111111:key/1",
        },
        "bucket_key_enabled": True,
    }


@pytest.mark.parametrize(("prevent_destroy", "lifecycle"), [(True, {"prevent_destroy": True}), (False, None)])
def test_terraform_refuses_to_destroy_it_where_it_is_told_to(
    prevent_destroy: bool, lifecycle: dict[str, bool] | None
) -> None:
    resources = synthesized(lambda stack: bucket(stack, prevent_destroy=prevent_destroy))
    assert only(resources, S3Bucket.TF_RESOURCE_TYPE).get("lifecycle") == lifecycle
