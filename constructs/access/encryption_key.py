"""The KMS key of an environment's data."""

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from constructs.access.allow import condition_blocks
from constructs.account import Account
from settings.encryption_key import EncryptionKeySettings
from settings.names import FLOW_LOGS, LOG_GROUPS, Names

# Without kms:CreateGrant and without use: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
ADMINISTRATION = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
]
USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


class EncryptionKey(Construct):
    """Rotated every year. Its policy names who may use it: the platform's roles, CloudWatch Logs for the log groups of
    SageMaker and of flow logs, CloudWatch for its alarms, which notify an encrypted SNS topic, and whoever the
    account's own policies let work with the key through S3 and SageMaker, as the deploy does; with `has_studio`,
    through EFS too, where SageMaker keeps the homes of Studio's users. The accounts `reader_account_ids` may decrypt
    through S3 what the bucket lets them read.

    The roles are named by a condition and not as principals: KMS refuses a principal that does not exist yet.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        key: EncryptionKeySettings,
        reader_account_ids: Sequence[str],
        has_studio: bool,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)

        def statement(
            sid: str,
            actions: Sequence[str],
            principal: tuple[str, str | Sequence[str]],
            conditions: dict[tuple[str, str], Sequence[str]],
        ) -> DataAwsIamPolicyDocumentStatement:
            kind, named = principal
            identifiers = [named] if isinstance(named, str) else [*named]
            return DataAwsIamPolicyDocumentStatement(
                sid=sid,
                actions=[*actions],
                resources=["*"],  # in a key's policy: this key
                principals=[DataAwsIamPolicyDocumentStatementPrincipals(type=kind, identifiers=identifiers)],
                condition=condition_blocks(conditions),
            )

        everybody, region = ("AWS", account.root_arn), account.region
        roles: tuple[str, str] = ("ArnEquals", "aws:PrincipalArn")
        via: tuple[str, str] = ("StringEquals", "kms:ViaService")
        platform_roles = [account.role_arn(name) for name in names.platform_roles]
        for_aws: dict[tuple[str, str], Sequence[str]] = {("Bool", "kms:GrantIsForAWSResource"): ["true"]}
        granting = [
            f"{name}.{region}.amazonaws.com" for name in ("sagemaker", *(["elasticfilesystem"] if has_studio else []))
        ]
        readers = [account.root_arn_of(reader) for reader in reader_account_ids]
        document = DataAwsIamPolicyDocument(
            self,
            "policy_document",
            statement=[
                statement("Administration", ADMINISTRATION, everybody, {}),
                statement("PlatformRoles", USE, everybody, {roles: platform_roles}),
                statement("PlatformRolesGrant", ["kms:CreateGrant"], everybody, {roles: platform_roles, **for_aws}),
                statement(
                    "ThroughServices",
                    USE,
                    everybody,
                    {via: [f"s3.{region}.amazonaws.com", *granting]},
                ),
                statement(
                    "ThroughServicesGrant",
                    ["kms:CreateGrant"],
                    everybody,
                    {via: granting, **for_aws},
                ),
                statement(
                    "Logs",
                    USE,
                    ("Service", f"logs.{region}.amazonaws.com"),
                    {
                        # Those too that a setting no longer names, which stay, and would not be readable without.
                        ("ArnLike", "kms:EncryptionContext:aws:logs:arn"): [
                            account.log_group_arn(f"{prefix}*") for prefix in (LOG_GROUPS, FLOW_LOGS)
                        ]
                    },
                ),
                statement(
                    "Alarms",
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    ("Service", "cloudwatch.amazonaws.com"),
                    {
                        ("StringEquals", "aws:SourceAccount"): [account.id],
                        ("ArnLike", "aws:SourceArn"): [account.alarm_arn(names.every_alarm)],
                    },
                ),
                *(
                    [statement("Readers", ["kms:Decrypt"], ("AWS", readers), {via: [f"s3.{region}.amazonaws.com"]})]
                    if readers
                    else []
                ),
            ],
        )
        made = KmsKey(
            self,
            "Default",
            description=f"The data of {names.prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=key.deletion_window_days,
            policy=document.json,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None,
            tags={"Name": names.prefix},
        )
        KmsAlias(self, "alias", name=names.key_alias, target_key_id=made.key_id)
        self.arn = made.arn
