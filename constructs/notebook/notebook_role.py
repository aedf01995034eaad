"""The IAM role of the notebook instance."""

from collections.abc import Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs.access.allow import Allow, bucket_list, key_use, log_streams, network_interfaces, with_streams
from constructs.access.service_role import SAGEMAKER, ServiceRole


class NotebookRole(Construct):
    """Works with the data, starts training jobs as the training role, reads their logs, calls the endpoint.

    SageMaker's list of what names its source in a call does not have notebook instances, so the trust is not limited to
    the account: a missing key would lock SageMaker out.
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
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
        key_arn: str | None,
        log_group_arns: Sequence[str],
        readable_log_group_arns: Sequence[str],
        training_role_arn: str,
        training_job_arns: Sequence[str],
        endpoint_arns: Sequence[str],
        notebook_instance_arn: str,
        network_interface_arn: str,
        placement_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Default",
            name=name,
            service=SAGEMAKER,
            source_account=None,
            source_arns=[],
            statements=[
                bucket_list(bucket_arn),
                Allow(
                    sid="BucketObjects",
                    actions=[
                        "s3:AbortMultipartUpload",
                        "s3:DeleteObject",
                        "s3:GetObject",
                        "s3:ListMultipartUploadParts",
                        "s3:PutObject",
                    ],
                    resources=[f"{bucket_arn}/*"],
                ),
                *key_use(key_arn),
                log_streams(log_group_arns),
                Allow(
                    sid="LogRead",
                    actions=["logs:DescribeLogStreams", "logs:GetLogEvents"],
                    resources=with_streams(readable_log_group_arns),
                ),
                Allow(
                    sid="Train",
                    actions=[
                        "sagemaker:AddTags",
                        "sagemaker:CreateTrainingJob",
                        "sagemaker:DescribeTrainingJob",
                        "sagemaker:StopTrainingJob",
                    ],
                    resources=training_job_arns,
                ),
                Allow(
                    sid="PassToTraining",
                    actions=["iam:PassRole"],
                    resources=[training_role_arn],
                    conditions={("StringEquals", "iam:PassedToService"): [SAGEMAKER]},
                ),
                Allow(
                    sid="Invoke",
                    actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
                    resources=endpoint_arns,
                ),
                Allow(
                    sid="Notebook",
                    actions=[
                        "sagemaker:DescribeNotebookInstance",
                        "sagemaker:ListTags",
                        "sagemaker:StopNotebookInstance",
                    ],
                    resources=[notebook_instance_arn],
                ),
                *network_interfaces(network_interface_arn, placement_arns),
            ],
        )
        self.arn = role.arn
        self.policies: list[ITerraformDependable] = [role.policy]
        if sagemaker_full_access:
            self.policies.append(
                IamRolePolicyAttachment(
                    self,
                    "full_access",
                    role=role.name,
                    policy_arn=f"arn:{partition}:iam::aws:policy/AmazonSageMakerFullAccess",
                )
            )
