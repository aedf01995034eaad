"""The IAM role that SageMaker takes for notebooks, training jobs and models."""

from collections.abc import Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

SERVICE = "sagemaker.amazonaws.com"


class ExecutionRole(Construct):
    """Trusts SageMaker and allows what the platform's parts need, each on the platform's own resources.

    `policies` must be in place before SageMaker uses the role: a model whose role cannot read its artifact is refused.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        partition: str,
        sagemaker_full_access: bool,
        bucket_arn: str,
        log_group_arns: Sequence[str],
        image_repository_arns: Sequence[str],
        training_job_arns: Sequence[str],
        endpoint_arns: Sequence[str],
        notebook_instance_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        trust = DataAwsIamPolicyDocument(
            self,
            "trust_document",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    actions=["sts:AssumeRole"],
                    principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[SERVICE])],
                )
            ],
        )
        role = IamRole(self, "Default", name=name, assume_role_policy=trust.json)
        # With and without `:*`, which most calls on a group or its streams are checked against:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
        streams = [f"{arn}:*" for arn in log_group_arns]
        document = DataAwsIamPolicyDocument(
            self,
            "policy_document",
            statement=[
                _allow("BucketList", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket_arn]),
                _allow(
                    "BucketObjects",
                    ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                    [f"{bucket_arn}/*"],
                ),
                _allow(
                    "LogStreams",
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:PutLogEvents"],
                    [*log_group_arns, *streams],
                ),
                # AWS allows no narrower resource for these two:
                # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
                # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
                _allow("ImageLogin", ["ecr:GetAuthorizationToken"], ["*"]),
                _allow("Metrics", ["cloudwatch:PutMetricData"], ["*"], "cloudwatch:namespace", "/aws/sagemaker/*"),
                _allow(
                    "ImagePull",
                    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    image_repository_arns,
                ),
                _allow(
                    "Train",
                    [
                        "sagemaker:AddTags",
                        "sagemaker:CreateTrainingJob",
                        "sagemaker:DescribeTrainingJob",
                        "sagemaker:StopTrainingJob",
                    ],
                    training_job_arns,
                ),
                _allow("Invoke", ["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"], endpoint_arns),
                _allow(
                    "Notebook",
                    ["sagemaker:DescribeNotebookInstance", "sagemaker:ListTags", "sagemaker:StopNotebookInstance"],
                    notebook_instance_arns,
                ),
                _allow("PassToTraining", ["iam:PassRole"], [role.arn], "iam:PassedToService", SERVICE),
            ],
        )
        policies: list[ITerraformDependable] = [
            IamRolePolicy(self, "policy", name="platform", role=role.name, policy=document.json)
        ]
        if sagemaker_full_access:
            policies.append(
                IamRolePolicyAttachment(
                    self,
                    "full_access",
                    role=role.name,
                    policy_arn=f"arn:{partition}:iam::aws:policy/AmazonSageMakerFullAccess",
                )
            )
        self.arn = role.arn
        self.policies = tuple(policies)


def _allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], key: str | None = None, value: str = ""
) -> DataAwsIamPolicyDocumentStatement:
    condition = None
    if key is not None:
        condition = [DataAwsIamPolicyDocumentStatementCondition(test="StringLike", variable=key, values=[value])]
    return DataAwsIamPolicyDocumentStatement(sid=sid, actions=[*actions], resources=[*resources], condition=condition)
