"""A copy of an artifact as Terraform is told of it; that Terraform does so: tests/integration/test_copies.py."""

import base64
from typing import Any

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.s3_object_copy import S3ObjectCopy

from constructs.storage.copied_object import CopiedObject
from settings.trained_artifact import TrainedArtifact
from tests.support import parts
from tests.support.synthesis import only, synthesized

DIGEST = bytes(range(32))
# Of the plain stack that the construct is built in, with CDKTF's hash in its name.
OWN_ACCOUNT = "${data.aws_caller_identity."


def copy(account_id: str | None = "111111111111", key_arn: str | None = None) -> dict[str, Any]:
    artifact = TrainedArtifact(
        names=parts.names(name="dev"),
        account_id=account_id,
        key="training-output/job/output/model.tar.gz",
        sha256=DIGEST.hex(),
        size=3,
    )

    def build(stack: TerraformStack) -> None:
        CopiedObject(
            stack,
            "copy",
            account=parts.account(stack),
            bucket="acme",
            key="models/churn-00000000/1.tar.gz",
            artifact=artifact,
            catalogue_name="churn",
            key_arn=key_arn,
            depends_on=[],
        )

    return only(synthesized(build), S3ObjectCopy.TF_RESOURCE_TYPE)


def test_it_comes_from_the_bucket_of_the_environment_that_trained_it() -> None:
    made = copy()
    bucket = "acme-dev-sagemaker-111111111111-eu-west-1"
    assert made["source"] == f"{bucket}/training-output/job/output/model.tar.gz"
    assert made["expected_source_bucket_owner"] == "111111111111"
    assert (made["bucket"], made["key"]) == ("acme", "models/churn-00000000/1.tar.gz")
    assert made["expected_bucket_owner"].startswith(OWN_ACCOUNT)


def test_without_an_account_id_it_comes_from_the_account_that_it_goes_to() -> None:
    made = copy(account_id=None)
    assert made["expected_source_bucket_owner"] == made["expected_bucket_owner"]
    assert made["source"].startswith(f"acme-dev-sagemaker-{made['expected_bucket_owner']}-eu-west-1/training-output/")


def test_nothing_of_the_source_is_read_but_its_bytes() -> None:
    assert copy()["tagging_directive"] == "REPLACE"


def test_it_is_encrypted_with_the_key_that_there_is() -> None:
    assert copy(key_arn=parts.KEY_ARN)["kms_key_id"] == parts.KEY_ARN
    assert "kms_key_id" not in copy()


def test_s3_computes_the_digest_and_another_one_ends_the_deploy_with_what_to_do() -> None:
    made = copy()
    [condition] = made["lifecycle"]["postcondition"]
    assert made["checksum_algorithm"] == "SHA256"
    assert condition["condition"] == f'${{self.checksum_sha256 == "{base64.b64encode(DIGEST).decode()}"}}'
    said = condition["error_message"]
    assert said.startswith(f"churn: the bytes of s3://{made['source']} are not those that were released")
    assert DIGEST.hex() in said


def test_what_is_copied_does_not_hang_on_its_source_any_more() -> None:
    ignored = {"source", "expected_bucket_owner", "expected_source_bucket_owner", "kms_key_id"}
    assert set(copy()["lifecycle"]["ignore_changes"]) == ignored
