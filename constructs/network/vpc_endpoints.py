"""The ways from a private network to AWS's services."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupIngress
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

HTTPS = 443


class VpcEndpoints(Construct):
    """A gateway endpoint for S3 and an interface endpoint for each of `services`, open to `cidr_block` only.

    `security_group_id` is that of the interface endpoints, `s3_prefix_list_id` stands for S3's addresses.
    https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        region: str,
        vpc_id: str,
        cidr_block: str,
        subnet_ids: Sequence[str],
        route_table_ids: Sequence[str],
        services: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        group = SecurityGroup(
            self,
            "security_group",
            name=f"{name}-endpoints",
            description="Interface endpoints: HTTPS from within the VPC",
            vpc_id=vpc_id,
            ingress=[
                SecurityGroupIngress(
                    description="HTTPS from within the VPC",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    protocol="tcp",
                    cidr_blocks=[cidr_block],
                )
            ],
            tags={"Name": f"{name}-endpoints"},
        )
        s3 = VpcEndpoint(
            self,
            "s3",
            vpc_id=vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{region}.s3",
            route_table_ids=[*route_table_ids],
            tags={"Name": f"{name}-s3"},
        )
        for service in services:
            VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{region}.{service}",
                subnet_ids=[*subnet_ids],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}"},
            )
        self.security_group_id = group.id
        self.s3_prefix_list_id = s3.prefix_list_id
