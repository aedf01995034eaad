"""A VPC of the environment's own, without a way to the internet."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, get_args

from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from constructs.network.placement import Placement
from constructs.network.vpc_endpoints import HTTPS, OF_A_GROUP, VpcEndpoints
from settings.limits import ZoneLetter
from settings.names import Names
from settings.network import NewNetworkSettings

# SageMaker's own two, and what its SDK and a look at a job's log need besides:
# https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html
SERVICES = ("sagemaker.api", "sagemaker.runtime", "sts", "logs")
# A subnet is a sixteenth of the VPC, and there are at most as many as zones have letters.
SUBNET_BITS = 4
ZONE_LETTERS = get_args(get_args(ZoneLetter)[0])
ANY_TRAFFIC: Mapping[str, Any] = {"from_port": 0, "to_port": 0, "protocol": "-1"}


class PrivateNetwork(Construct):
    """A private subnet in each of the zones, named by their letters, an endpoint to S3 and, with `interface_endpoints`,
    those to what SageMaker's users need.

    `placement` is in all subnets and in one security group, which may open HTTPS connections to those endpoints and to
    S3, and no others; nobody may open one to it. `training_placement` is in a second group besides, whose members may
    talk to each other, as the instances of one training job must. The VPC's main route table knows local addresses
    only, its default security group is closed.
    https://docs.aws.amazon.com/sagemaker/latest/dg/infrastructure-give-access.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        network: NewNetworkSettings,
        interface_endpoints: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        vpc = Vpc(
            self,
            "Default",
            cidr_block=network.cidr_block,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS of the interface endpoints
            tags={"Name": names.prefix},
        )
        DefaultSecurityGroup(self, "default_security_group", vpc_id=vpc.id, tags={"Name": names.closed_security_group})
        blocks = dict(
            zip(ZONE_LETTERS, IPv4Network(network.cidr_block).subnets(prefixlen_diff=SUBNET_BITS), strict=False)
        )
        subnets = [
            Subnet(
                self,
                f"private_{zone}",
                vpc_id=vpc.id,
                # Of its letter, not of its place in the list: a subnet that stays keeps its block.
                cidr_block=str(blocks[zone]),
                availability_zone=f"{names.region}{zone}",
                tags={"Name": names.subnet(zone)},
            )
            for zone in network.zones
        ]
        self.vpc_id = vpc.id
        subnet_ids = [subnet.id for subnet in subnets]
        endpoints = VpcEndpoints(
            self,
            "endpoints",
            names=names,
            vpc_id=vpc.id,
            cidr_block=network.cidr_block,
            subnet_ids=subnet_ids,
            route_table_ids=[vpc.main_route_table_id],
            services=SERVICES if interface_endpoints else (),
        )
        to_interface_endpoints = [
            SecurityGroupEgress(
                description="HTTPS to the interface endpoints",
                from_port=HTTPS,
                to_port=HTTPS,
                protocol="tcp",
                security_groups=[group_id],
            )
            for group_id in endpoints.security_group_ids
        ]
        group = SecurityGroup(
            self,
            "security_group",
            name=names.sagemaker_security_group,
            description="SageMaker: HTTPS to the interface endpoints and to S3",
            vpc_id=vpc.id,
            egress=[
                *to_interface_endpoints,
                SecurityGroupEgress(
                    description="HTTPS to S3",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    protocol="tcp",
                    prefix_list_ids=[endpoints.s3_prefix_list_id],
                ),
            ],
            tags={"Name": names.sagemaker_security_group},
            lifecycle=OF_A_GROUP,
        )
        training_group = SecurityGroup(
            self,
            "training_security_group",
            name=names.training_security_group,
            description="Training jobs: the instances of a job talk to each other",
            vpc_id=vpc.id,
            ingress=[SecurityGroupIngress(description="from members", self_attribute=True, **ANY_TRAFFIC)],
            egress=[SecurityGroupEgress(description="to members", self_attribute=True, **ANY_TRAFFIC)],
            tags={"Name": names.training_security_group},
            lifecycle=OF_A_GROUP,
        )
        self.placement = Placement(subnet_ids=subnet_ids, security_group_ids=[group.id], shared=False, vpc_id=vpc.id)
        self.training_placement = Placement(
            subnet_ids=subnet_ids, security_group_ids=[group.id, training_group.id], shared=False, vpc_id=vpc.id
        )
