from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import S3BucketLifecycleConfiguration
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA
from cdktf_cdktf_provider_aws.s3_object import S3Object

from constructs.storage.data_bucket import DataBucket
from settings.bucket import BucketSettings
from tests.support import parts
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform


@pytest.fixture(scope="module")
def resources() -> Resources:
    return synthesized(bucket)


def bucket(stack: TerraformStack, **changes: Any) -> DataBucket:
    values: dict[str, Any] = {
        "name": "acme-sagemaker-data",
        "bucket": BucketSettings(noncurrent_version_days=30, incomplete_upload_days=3).checked(),
        "key_arn": None,
        "account": parts.account(stack),
        "reader_account_ids": [],
        "prevent_destroy": False,
    }
    return DataBucket(stack, "data_bucket", **values | changes)


def test_every_prefix_exists_as_an_empty_object(resources: Resources) -> None:
    objects = resources[S3Object.TF_RESOURCE_TYPE].values()
    assert {item["key"] for item in objects} == {"training-data/", "training-output/", "models/", "notebooks/"}
    assert {item["content"] for item in objects} == {""}


def test_objects_wait_for_versioning_encryption_and_the_policies(resources: Resources) -> None:
    for item in resources[S3Object.TF_RESOURCE_TYPE].values():
        assert {address.split(".")[0] for address in item["depends_on"]} == {
            S3BucketVersioningA.TF_RESOURCE_TYPE,
            S3BucketServerSideEncryptionConfigurationA.TF_RESOURCE_TYPE,
            S3BucketPublicAccessBlock.TF_RESOURCE_TYPE,
            S3BucketPolicy.TF_RESOURCE_TYPE,
        }


def test_incomplete_uploads_and_old_versions_expire_after_their_days(resources: Resources) -> None:
    [rule] = only(resources, S3BucketLifecycleConfiguration.TF_RESOURCE_TYPE)["rule"]
    assert rule["status"] == "Enabled"
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 3}]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]


@pytest.mark.parametrize(("name", "protected"), [("dev", False), ("staging", True), ("prod", True)])
def test_only_dev_may_destroy_its_bucket_and_what_is_in_it(name: str, protected: bool) -> None:
    found = only(synthesized_platform(environment(name))["resource"], S3Bucket.TF_RESOURCE_TYPE)
    assert found["force_destroy"] is not protected
    assert found.get("lifecycle") == ({"prevent_destroy": True} if protected else None)


def test_a_name_left_out_holds_sagemaker_the_account_and_the_region() -> None:
    platform = synthesized_platform(environment("prod"))
    assert only(platform["resource"], S3Bucket.TF_RESOURCE_TYPE)["bucket"] == (
        "ml-platform-prod-sagemaker-${data.aws_caller_identity.account.account_id}-us-east-1"
    )
