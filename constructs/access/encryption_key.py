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
    """Rotated every year. Its policy names who may use it: `user_role_arns`, CloudWatch Logs for `log_group_arns`,
    CloudWatch for the alarms in `alarm_arns` that notify an encrypted SNS topic, and whoever the account's own policies
    let work with the key through S3 and SageMaker, as the deploy does.

    The roles are named by a condition and not as principals: KMS refuses a principal that does not exist yet.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        region: str,
        account_id: str,
        account_arn: str,
        user_role_arns: Sequence[str],
        log_group_arns: Sequence[str],
        alarm_arns: Sequence[str],
        deletion_window_days: int,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)

        def statement(
            sid: str,
            actions: Sequence[str],
            principal: tuple[str, str],
            conditions: dict[tuple[str, str], Sequence[str]],
        ) -> DataAwsIamPolicyDocumentStatement:
            kind, identifier = principal
            return DataAwsIamPolicyDocumentStatement(
                sid=sid,
                actions=[*actions],
                resources=["*"],  # in a key's policy: this key
                principals=[DataAwsIamPolicyDocumentStatementPrincipals(type=kind, identifiers=[identifier])],
                condition=condition_blocks(conditions),
            )

        account = ("AWS", account_arn)
        roles: tuple[str, str] = ("ArnEquals", "aws:PrincipalArn")
        via: tuple[str, str] = ("StringEquals", "kms:ViaService")
        for_aws: dict[tuple[str, str], Sequence[str]] = {("Bool", "kms:GrantIsForAWSResource"): ["true"]}
        document = DataAwsIamPolicyDocument(
            self,
            "policy_document",
            statement=[
                statement("Administration", ADMINISTRATION, account, {}),
                statement("PlatformRoles", USE, account, {roles: user_role_arns}),
                statement("PlatformRolesGrant", ["kms:CreateGrant"], account, {roles: user_role_arns, **for_aws}),
                statement(
                    "ThroughServices",
                    USE,
                    account,
                    {via: [f"s3.{region}.amazonaws.com", f"sagemaker.{region}.amazonaws.com"]},
                ),
                statement(
                    "ThroughServicesGrant",
                    ["kms:CreateGrant"],
                    account,
                    {via: [f"sagemaker.{region}.amazonaws.com"], **for_aws},
                ),
                statement(
                    "Logs",
                    USE,
                    ("Service", f"logs.{region}.amazonaws.com"),
                    {("ArnEquals", "kms:EncryptionContext:aws:logs:arn"): log_group_arns},
                ),
                statement(
                    "Alarms",
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    ("Service", "cloudwatch.amazonaws.com"),
                    {
                        ("StringEquals", "aws:SourceAccount"): [account_id],
                        ("ArnLike", "aws:SourceArn"): alarm_arns,
                    },
                ),
            ],
        )
        key = KmsKey(
            self,
            "Default",
            description=f"The data of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=deletion_window_days,
            policy=document.json,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None,
            tags={"Name": name},
        )
        KmsAlias(self, "alias", name=f"alias/{name}", target_key_id=key.key_id)
        self.arn = key.arn
