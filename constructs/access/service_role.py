"""An IAM role that an AWS service takes, with what it may do."""

from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable, Token
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs.access.allow import Allow, condition_blocks
from constructs.account import Account
from settings.names import further_policy

SAGEMAKER = "sagemaker.amazonaws.com"


def training_jobs(job_arns: Sequence[str], training_role_arn: str) -> list[Allow]:
    """Start training jobs of these names as the training role, follow and stop them."""
    return [
        Allow(
            sid="Train",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            resources=job_arns,
        ),
        Allow(
            sid="PassToTraining",
            actions=["iam:PassRole"],
            resources=[training_role_arn],
            conditions={("StringEquals", "iam:PassedToService"): [SAGEMAKER]},
        ),
    ]


class ServiceRole(Construct):
    """`service` takes the role; where `source` is given, only on behalf of that ARN of the account.

    `statements` are its inline policy, each of `more` a managed one of its own: inline policies have 10,240 characters
    together, a managed one 6,144. What uses the role must wait for `policies`: a service checks at once what its role
    allows.
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
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
        more: Sequence[Sequence[Allow]] = (),
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
        # Not role.arn, which is not known while a deleted role is made again: a model would be replaced for it.
        arn = Fn.format("arn:%s:iam::%s:role/%s", [account.partition, account.id, role.name])
        self.name, self.arn = role.name, Token.as_string(arn)
        self.policies: list[ITerraformDependable] = [
            IamRolePolicy(
                self, "policy", name="platform", role=role.name, policy=self._document("policy_document", statements)
            )
        ]
        for number, further in enumerate(more, start=2):
            policy = IamPolicy(
                self,
                f"policy_{number}",
                name=further_policy(name, number),
                policy=self._document(f"policy_document_{number}", further),
            )
            attachment = IamRolePolicyAttachment(
                self, f"policy_{number}_attachment", role=role.name, policy_arn=policy.arn
            )
            self.policies.append(attachment)

    def _document(self, document_id: str, statements: Sequence[Allow]) -> str:
        blocks = [allow.statement() for allow in statements]
        return DataAwsIamPolicyDocument(self, document_id, statement=blocks).json
