"""A statement of an IAM policy, and the statements that several roles need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
)

from constructs.account import Account
from constructs.network.placement import Placement


@dataclass(frozen=True, kw_only=True)
class Allow:
    """A statement; `conditions` maps (operator, key) to the values allowed."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    def statement(self) -> DataAwsIamPolicyDocumentStatement:
        return DataAwsIamPolicyDocumentStatement(
            sid=self.sid,
            actions=[*self.actions],
            resources=[*self.resources],
            condition=condition_blocks(self.conditions),
        )


def condition_blocks(
    conditions: Mapping[tuple[str, str], Sequence[str]],
) -> list[DataAwsIamPolicyDocumentStatementCondition]:
    return [
        DataAwsIamPolicyDocumentStatementCondition(test=operator, variable=key, values=[*values])
        for (operator, key), values in conditions.items()
    ]


def bucket_list(bucket_arn: str) -> Allow:
    return Allow(sid="BucketList", actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[bucket_arn])


def key_use(key_arn: str | None) -> list[Allow]:
    """Encrypt and decrypt with the key, and let SageMaker attach volumes encrypted with it; nothing without a key.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    if key_arn is None:
        return []
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    conditions = {("Bool", "kms:GrantIsForAWSResource"): ["true"]}
    return [
        Allow(sid="DataKey", actions=actions, resources=[key_arn]),
        Allow(sid="DataKeyGrant", actions=["kms:CreateGrant"], resources=[key_arn], conditions=conditions),
    ]


def images_and_metrics(image_repository_arns: Sequence[str]) -> list[Allow]:
    """Pull the images and publish SageMaker's metrics. AWS allows no narrower resource than `*` for two of these.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    pull = Allow(
        sid="ImagePull",
        actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        resources=image_repository_arns,
    )
    return [
        Allow(sid="ImageLogin", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        *([pull] if image_repository_arns else []),
        Allow(
            sid="Metrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={("StringLike", "cloudwatch:namespace"): ["/aws/sagemaker/*"]},
        ),
    ]


def log_streams(log_group_arns: Sequence[str]) -> Allow:
    """Write to the groups, which must exist: a service that may make one would bring it back after a destroy."""
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return Allow(sid="LogWrite", actions=actions, resources=with_streams(log_group_arns))


def with_streams(log_group_arns: Sequence[str]) -> list[str]:
    """As every call on a group or its streams is checked, but those on a group's tags.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
    """
    return [f"{arn}:*" for arn in log_group_arns]


def network_interfaces(account: Account, placement: Placement | None) -> list[Allow]:
    """Let SageMaker put network interfaces into the subnets and security groups; nothing where there are none.

    AWS's page gives these actions for every resource, and says that narrower ones fail for processing jobs, which the
    platform has none of. For the others EC2 names the resources of each call: interface, subnet and security group;
    the last one's is optional, so that a call may be checked against `*`. Not tried against AWS.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    if placement is None:
        return []
    places = [
        *(f"subnet/{subnet}" for subnet in placement.subnet_ids),
        *(f"security-group/{group}" for group in placement.security_group_ids),
    ]
    return [
        Allow(
            sid="NetworkRead",  # no narrower resource: the calls list
            actions=[
                f"ec2:Describe{what}"
                for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "VpcEndpoints", "Vpcs")
            ],
            resources=["*"],
        ),
        Allow(
            sid="NetworkInterfaces",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
            ],
            resources=[account.arn("ec2", place) for place in ("network-interface/*", *places)],
        ),
        Allow(sid="NetworkPermissions", actions=["ec2:DeleteNetworkInterfacePermission"], resources=["*"]),
    ]
