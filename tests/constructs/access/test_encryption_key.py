"""The KMS key, and who may use it, decided by an IAM simulator."""

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey

from constructs.access.encryption_key import EncryptionKey
from settings.encryption_key import EncryptionKeySettings
from settings.studio import StudioSettings
from tests.support import parts
from tests.support.policies import ACCOUNT, KEY, Policy, Request, decisions, policies
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

EVERYTHING_OF_KMS: Policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}],
}
STUDIO = StudioSettings(user_profiles=["ann"])
PLATFORM = f"arn:aws:iam::{ACCOUNT}:role/ml-platform-prod-sagemaker-training"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"


@pytest.mark.parametrize(("name", "days", "kept"), [("dev", 7, False), ("staging", 30, True), ("prod", 30, True)])
def test_the_key_rotates_and_can_be_saved_for_its_days(name: str, days: int, kept: bool) -> None:
    key = only(synthesized_platform(environment(name))["resource"], KmsKey.TF_RESOURCE_TYPE)
    assert key["enable_key_rotation"] is True
    assert key["deletion_window_in_days"] == days
    assert key.get("lifecycle") == ({"prevent_destroy": True} if kept else None)


def test_the_alias_is_the_environments_name() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    assert only(resources, KmsAlias.TF_RESOURCE_TYPE)["name"] == "alias/ml-platform-prod"


def test_a_key_alone_is_named_after_the_platform_and_kept_where_it_is_protected() -> None:
    def build(stack: TerraformStack) -> None:
        EncryptionKey(
            stack,
            "encryption_key",
            account=parts.account(stack),
            names=parts.names(),
            key=EncryptionKeySettings(deletion_window_days=9).checked(),
            reader_account_ids=[],
            has_studio=False,
            prevent_destroy=True,
        )

    resources = synthesized(build)
    key = only(resources, KmsKey.TF_RESOURCE_TYPE)
    assert (key["deletion_window_in_days"], key["lifecycle"]) == (9, {"prevent_destroy": True})
    assert only(resources, KmsAlias.TF_RESOURCE_TYPE)["name"] == "alias/acme-prod"


CASES: list[tuple[str, str, dict[str, str], str]] = [
    (PLATFORM, "kms:Decrypt", {}, "Allowed"),
    (PLATFORM, "kms:ScheduleKeyDeletion", {}, "Allowed"),  # by EVERYTHING_OF_KMS; its own policy does not have it
    (DEPLOYER, "kms:Decrypt", {}, "ImplicitlyDenied"),
    (DEPLOYER, "kms:Decrypt", {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, "Allowed"),
    (DEPLOYER, "kms:Decrypt", {"kms:ViaService": "rds.us-east-1.amazonaws.com"}, "ImplicitlyDenied"),
    (DEPLOYER, "kms:PutKeyPolicy", {}, "Allowed"),
    (DEPLOYER, "kms:CreateGrant", {}, "ImplicitlyDenied"),
    (
        DEPLOYER,
        "kms:CreateGrant",
        {"kms:ViaService": "sagemaker.us-east-1.amazonaws.com", "kms:GrantIsForAWSResource": "true"},
        "Allowed",
    ),
]


def test_the_key_is_used_by_the_platform_and_through_its_services() -> None:
    asked = [
        Request(
            action=action,
            resource=KEY,
            principal=principal,
            policy=EVERYTHING_OF_KMS,
            resource_policy=policies("prod")["encryption_key_policy_document"],
            context=context,
        )
        for principal, action, context, _ in CASES
    ]
    assert [(*case[:3], decision) for case, decision in zip(CASES, decisions(asked), strict=True)] == CASES


@pytest.mark.parametrize(("studio", "decision"), [(STUDIO, "Allowed"), (None, "ImplicitlyDenied")])
def test_the_key_is_used_through_efs_where_studio_keeps_its_users_homes_there(
    studio: StudioSettings | None, decision: str
) -> None:
    through = {"kms:ViaService": "elasticfilesystem.us-east-1.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
    documents = policies("staging", studio=studio)
    asked = [
        Request(
            action=action,
            resource=KEY,
            principal=DEPLOYER,
            policy=EVERYTHING_OF_KMS,
            resource_policy=documents["encryption_key_policy_document"],
            context=through,
        )
        for action in ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext")
    ]
    assert decisions(asked) == [decision] * len(asked)


def test_nobody_uses_the_key_by_its_own_policy_alone() -> None:
    asked = Request(
        action="kms:Decrypt",
        resource=KEY,
        principal=PLATFORM,
        resource_policy=policies("prod")["encryption_key_policy_document"],
    )
    assert decisions([asked]) == ["ImplicitlyDenied"]


def test_cloudwatch_uses_the_key_for_sagemakers_log_groups_those_included_that_no_setting_names_any_more() -> None:
    """Read, not decided: the simulator does not know the keys of an encryption context."""
    statements = policies("prod")["encryption_key_policy_document"]["Statement"]
    [logs] = [item for item in statements if item["Principal"].get("Service") == ["logs.us-east-1.amazonaws.com"]]
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{GROUP}/aws/sagemaker/*", f"{GROUP}/aws/vpc/*"]}
    }


@pytest.mark.parametrize(
    ("alarm", "account", "decision"),
    [
        ("ml-platform-prod-linear-learner-5xx-errors", ACCOUNT, "Allowed"),
        ("other", ACCOUNT, "ImplicitlyDenied"),
        ("ml-platform-prod-linear-learner-5xx-errors", "999999999999", "ImplicitlyDenied"),
    ],
)
def test_cloudwatch_uses_the_key_to_notify_of_the_platforms_alarms(alarm: str, account: str, decision: str) -> None:
    asked = Request(
        action="kms:GenerateDataKey",
        resource=KEY,
        principal="cloudwatch.amazonaws.com",
        resource_policy=policies("prod")["encryption_key_policy_document"],
        context={
            "aws:SourceAccount": account,
            "aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{account}:alarm:{alarm}",
        },
    )
    assert decisions([asked]) == [decision]


def test_awss_own_keys_are_used_where_the_setting_says_so() -> None:
    platform = synthesized_platform(environment("dev", encryption_key=None))
    assert KmsKey.TF_RESOURCE_TYPE not in platform["resource"]
    assert "aws_kms_key" not in str(platform)
    assert "key_arn" not in platform["output"]


def test_the_deletion_window_is_the_settings() -> None:
    window = EncryptionKeySettings(deletion_window_days=12)
    resources = synthesized_platform(environment("dev", encryption_key=window))["resource"]
    assert only(resources, KmsKey.TF_RESOURCE_TYPE)["deletion_window_in_days"] == 12
