"""The ways from a private network to AWS's services."""

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupIngress
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from settings.names import Names

HTTPS = 443
# A group that goes must outlast the rules that name it: without create_before_destroy Terraform deletes it first. And
# another description would replace a group, whose successor would be made under a name that is taken.
OF_A_GROUP = TerraformResourceLifecycle(create_before_destroy=True, ignore_changes=["description"])


class VpcEndpoints(Construct):
    """A gateway endpoint for S3, which costs nothing, and an interface endpoint for each of `services`, open to
    `cidr_block` only.

    `security_group_ids` has the group of the interface endpoints, where there are any; `s3_prefix_list_id` stands for
    S3's addresses.
    https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        vpc_id: str,
        cidr_block: str,
        subnet_ids: Sequence[str],
        route_table_ids: Sequence[str],
        services: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        s3 = VpcEndpoint(
            self,
            "s3",
            vpc_id=vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{names.region}.s3",
            route_table_ids=[*route_table_ids],
            tags={"Name": names.vpc_endpoint("s3")},
        )
        self.s3_prefix_list_id = s3.prefix_list_id
        self.security_group_ids: list[str] = []
        if not services:
            return
        group = SecurityGroup(
            self,
            "security_group",
            name=names.vpc_endpoints_security_group,
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
            tags={"Name": names.vpc_endpoints_security_group},
            lifecycle=OF_A_GROUP,
        )
        for service in services:
            VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{names.region}.{service}",
                subnet_ids=[*subnet_ids],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": names.vpc_endpoint(service)},
            )
        self.security_group_ids.append(group.id)
