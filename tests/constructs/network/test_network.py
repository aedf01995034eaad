from typing import Any

import pytest
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc

from constructs.network.network import Network
from settings.environment import ExistingNetworkSettings
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform


@pytest.fixture(scope="module")
def resources() -> Resources:
    return synthesized(
        lambda stack: Network(
            stack, "network", name="acme-prod", region="eu-west-1", zones=["a", "c"], cidr_block="10.1.0.0/20"
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


@pytest.mark.parametrize(("name", "found"), [("dev", False), ("staging", True), ("prod", True)])
def test_staging_and_prod_have_a_network_of_their_own(name: str, found: bool) -> None:
    platform = synthesized_platform(environment(name))
    assert (Vpc.TF_RESOURCE_TYPE in platform["resource"]) is found
    assert ({"subnet_ids", "security_group_ids"} <= platform["output"].keys()) is found


def test_an_existing_network_is_used_and_none_is_made() -> None:
    existing = ExistingNetworkSettings(
        subnet_ids=["subnet-01234567", "subnet-89abcdef"], security_group_ids=["sg-01234567"]
    )
    notebook = environment("dev").settings.notebook
    resources: dict[str, Any] = synthesized_platform(environment("staging", network=existing, notebook=notebook))[
        "resource"
    ]
    assert not resources.keys() & {"aws_vpc", "aws_subnet", "aws_security_group", "aws_flow_log"}
    assert only(resources, "aws_sagemaker_notebook_instance")["subnet_id"] == "subnet-01234567"
    for model in resources["aws_sagemaker_model"].values():
        assert model["vpc_config"] == {
            "subnets": ["subnet-01234567", "subnet-89abcdef"],
            "security_group_ids": ["sg-01234567"],
        }
