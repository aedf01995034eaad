"""The flow log of a VPC."""

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog as VpcFlowLog
from constructs import Construct

from constructs.access.allow import Allow, with_streams
from constructs.access.service_role import ServiceRole


class FlowLog(Construct):
    """Who talked to whom in the VPC, accepted or rejected, in a log group of its own.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        role_name: str,
        vpc_id: str,
        log_group_name: str,
        log_group_arn: str,
        retention_days: int,
        key_arn: str | None,
        source_account: str,
        source_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        group = CloudwatchLogGroup(
            self, "log_group", name=log_group_name, retention_in_days=retention_days, kms_key_id=key_arn
        )
        role = ServiceRole(
            self,
            "role",
            name=role_name,
            service="vpc-flow-logs.amazonaws.com",
            source_account=source_account,
            source_arns=[source_arn],
            statements=[
                Allow(
                    sid="LogWrite",
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogGroups",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=with_streams([log_group_arn]),
                )
            ],
        )
        VpcFlowLog(
            self,
            "Default",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": name},
            depends_on=[role.policy],
        )
