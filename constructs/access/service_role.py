"""An IAM role that an AWS service takes, with one inline policy."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from constructs.access.allow import Allow, condition_blocks
from constructs.account import Account

SAGEMAKER = "sagemaker.amazonaws.com"


class ServiceRole(Construct):
    """`service` takes the role; where `source` is given, only on behalf of that ARN of the account.

    What uses the role must wait for `policy`: a service checks at once what its role allows.
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        service: str,
        account: Account,
        source: str | None,
        statements: Sequence[Allow],
    ) -> None:
        super().__init__(scope, construct_id)
        conditions: dict[tuple[str, str], Sequence[str]] = {}
        if source is not None:
            conditions["StringEquals", "aws:SourceAccount"] = [account.id]
            conditions["ArnLike", "aws:SourceArn"] = [source]
        trust = DataAwsIamPolicyDocument(
            self,
            "trust_document",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    actions=["sts:AssumeRole"],
                    principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[service])],
                    condition=condition_blocks(conditions),
                )
            ],
        )
        role = IamRole(self, "Default", name=name, assume_role_policy=trust.json)
        document = DataAwsIamPolicyDocument(
            self, "policy_document", statement=[allow.statement() for allow in statements]
        )
        self.name, self.arn = role.name, role.arn
        self.policy = IamRolePolicy(self, "policy", name="platform", role=role.name, policy=document.json)
