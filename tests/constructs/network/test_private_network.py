import pytest
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc

from constructs.network.private_network import PrivateNetwork
from settings.network import NewNetworkSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized


@pytest.fixture(scope="module")
def resources() -> Resources:
    return synthesized(
        lambda stack: PrivateNetwork(
            stack,
            "network",
            names=parts.names(),
            network=NewNetworkSettings(zones=["a", "c"], cidr_block="10.1.0.0/20").checked(),
        )
    )


def test_the_subnets_are_private_and_each_in_its_zone(resources: Resources) -> None:
    subnets = list(resources[Subnet.TF_RESOURCE_TYPE].values())
    assert [subnet["cidr_block"] for subnet in subnets] == ["10.1.0.0/24", "10.1.1.0/24"]
    assert [subnet["availability_zone"] for subnet in subnets] == ["eu-west-1a", "eu-west-1c"]
    assert not [subnet for subnet in subnets if subnet.get("map_public_ip_on_launch")]


def test_there_is_no_way_to_the_internet(resources: Resources) -> None:
    assert not resources.keys() & {"aws_internet_gateway", "aws_nat_gateway", "aws_route", "aws_route_table"}


def test_names_resolve_to_the_private_endpoints(resources: Resources) -> None:
    vpc = only(resources, Vpc.TF_RESOURCE_TYPE)
    assert (vpc["cidr_block"], vpc["enable_dns_hostnames"], vpc["enable_dns_support"]) == ("10.1.0.0/20", True, True)


def test_the_default_security_group_is_closed(resources: Resources) -> None:
    assert not only(resources, DefaultSecurityGroup.TF_RESOURCE_TYPE).keys() & {"ingress", "egress"}


def test_sagemaker_may_open_https_to_the_endpoints_and_to_s3_and_nobody_may_open_any_to_it(
    resources: Resources,
) -> None:
    [group] = [item for item in resources[SecurityGroup.TF_RESOURCE_TYPE].values() if "egress" in item]
    assert {(rule["from_port"], rule["to_port"], rule["protocol"]) for rule in group["egress"]} == {(443, 443, "tcp")}
    ends = [
        {key for key in ("cidr_blocks", "prefix_list_ids", "security_groups") if rule.get(key)}
        for rule in group["egress"]
    ]
    assert ends == [{"security_groups"}, {"prefix_list_ids"}]
    assert "ingress" not in group


def test_no_security_group_is_open_to_the_world(resources: Resources) -> None:
    assert "0.0.0.0/0" not in str(resources)
    assert "::/0" not in str(resources)
