import json
from typing import Any

import pytest
from cdktf import Testing

from operations import state_bucket
from stacks.environments import ROOT
from stacks.state_bucket_stack import StateBucketStack
from stacks.synthesized_stack import OperationError
from tests.support.synthesis import environment, only, without_comments


def synthesized() -> dict[str, Any]:
    settings = environment("prod", state_bucket="acme-terraform-state").settings
    stack = StateBucketStack(Testing.app(), "prod-state-bucket", name="acme-terraform-state", settings=settings)
    found: dict[str, Any] = without_comments(json.loads(Testing.synth(stack)))
    return found


def test_the_bucket_is_versioned_encrypted_private_and_cannot_be_destroyed() -> None:
    resources = synthesized()["resource"]
    assert only(resources, "aws_s3_bucket")["lifecycle"] == {"prevent_destroy": True}
    assert only(resources, "aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}
    assert "aws_s3_bucket_server_side_encryption_configuration" in resources
    assert "aws_s3_bucket_public_access_block" in resources


def test_no_version_of_a_state_expires() -> None:
    assert "aws_s3_bucket_lifecycle_configuration" not in synthesized()["resource"]


def test_its_own_state_is_a_file_beside_those_of_the_environments() -> None:
    assert synthesized()["terraform"]["backend"] == {"local": {"path": "../../../terraform.prod-state-bucket.tfstate"}}


def test_without_a_name_it_says_where_to_give_one() -> None:
    settings = environment("prod").settings
    with pytest.raises(OperationError, match=r"None: must be given, in stacks/prod\.py or as ML_PLATFORM_PROD_STATE"):
        state_bucket.make(settings, ROOT / "cdktf.out", {})
