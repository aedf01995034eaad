"""The flow log of a VPC."""

from cdktf_cdktf_provider_aws.flow_log import FlowLog
from constructs import Construct

from constructs.access.allow import Allow, with_streams
from constructs.access.service_role import ServiceRole
from constructs.account import Account
from constructs.log_storage import LogStorage
from settings.names import Names


class NetworkFlowLog(Construct):
    """Who talked to whom in the VPC, accepted or rejected, in a log group of its own.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        vpc_id: str,
        storage: LogStorage,
    ) -> None:
        super().__init__(scope, construct_id)
        group = storage.group(self, "log_group", name=names.flow_log_group)
        role = ServiceRole(
            self,
            "role",
            name=names.flow_log_role,
            service="vpc-flow-logs.amazonaws.com",
            account=account,
            source=account.arn("ec2", "vpc-flow-log/*"),
            statements=[
                Allow(
                    sid="LogWrite",
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogGroups",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=with_streams([account.log_group_arn(names.flow_log_group)]),
                )
            ],
        )
        FlowLog(
            self,
            "Default",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": names.prefix},
            depends_on=role.policies,
        )
