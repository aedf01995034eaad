from collections.abc import Sequence
from typing import Any

import pytest
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint

from constructs.network.private_network import PrivateNetwork
from local_aws.server.written_limits import EC2_TEXT
from settings.network import NewNetworkSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized


def made(*, zones: Sequence[str] = ("a", "c"), interface_endpoints: bool = True) -> Resources:
    return synthesized(
        lambda stack: PrivateNetwork(
            stack,
            "network",
            names=parts.names(),
            network=NewNetworkSettings.model_validate({"zones": zones, "cidr_block": "10.1.0.0/20"}),
            interface_endpoints=interface_endpoints,
        )
    )


@pytest.fixture(scope="module")
def resources() -> Resources:
    return made()


def group(resources: Resources, name: str) -> dict[str, Any]:
    [found] = [item for item in resources[SecurityGroup.TF_RESOURCE_TYPE].values() if item["name"] == name]
    return dict(found)


def test_the_subnets_are_private_and_each_in_its_zone(resources: Resources) -> None:
    subnets = list(resources[Subnet.TF_RESOURCE_TYPE].values())
    assert [subnet["cidr_block"] for subnet in subnets] == ["10.1.0.0/24", "10.1.2.0/24"]
    assert [subnet["availability_zone"] for subnet in subnets] == ["eu-west-1a", "eu-west-1c"]
    assert not [subnet for subnet in subnets if subnet.get("map_public_ip_on_launch")]


def test_there_is_no_way_to_the_internet(resources: Resources) -> None:
    assert not resources.keys() & {"aws_internet_gateway", "aws_nat_gateway", "aws_route", "aws_route_table"}


def test_names_resolve_to_the_private_endpoints(resources: Resources) -> None:
    vpc = only(resources, Vpc.TF_RESOURCE_TYPE)
    assert (vpc["cidr_block"], vpc["enable_dns_hostnames"], vpc["enable_dns_support"]) == ("10.1.0.0/20", True, True)


def test_the_default_security_group_is_closed(resources: Resources) -> None:
    assert not only(resources, DefaultSecurityGroup.TF_RESOURCE_TYPE).keys() & {"ingress", "egress"}


def test_a_subnet_keeps_its_addresses_when_the_zones_beside_it_change(resources: Resources) -> None:
    def blocks(of: Resources) -> dict[str, str]:
        return {item["availability_zone"]: item["cidr_block"] for item in of[Subnet.TF_RESOURCE_TYPE].values()}

    before, after = blocks(resources), blocks(made(zones=["f", "b", "c"]))
    assert after["eu-west-1c"] == before["eu-west-1c"]
    assert sorted(after.values()) == ["10.1.1.0/24", "10.1.2.0/24", "10.1.5.0/24"]


def test_sagemaker_may_open_https_to_the_endpoints_and_to_s3_and_nobody_may_open_any_to_it(
    resources: Resources,
) -> None:
    sagemaker = group(resources, "acme-prod-sagemaker")
    rules = sagemaker["egress"]
    assert {(rule["from_port"], rule["to_port"], rule["protocol"]) for rule in rules} == {(443, 443, "tcp")}
    ends = [{key for key in ("cidr_blocks", "prefix_list_ids", "security_groups") if rule.get(key)} for rule in rules]
    assert ends == [{"security_groups"}, {"prefix_list_ids"}]
    assert "ingress" not in sagemaker


def test_without_interface_endpoints_s3_is_all_that_there_is_to_reach() -> None:
    resources = made(interface_endpoints=False)
    assert only(resources, VpcEndpoint.TF_RESOURCE_TYPE)["vpc_endpoint_type"] == "Gateway"
    [rule] = group(resources, "acme-prod-sagemaker")["egress"]
    assert rule["prefix_list_ids"]


def test_the_instances_of_a_training_job_may_talk_to_each_other_and_to_nobody_else(resources: Resources) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html"""
    training = group(resources, "acme-prod-training")
    for direction in ("ingress", "egress"):
        [rule] = training[direction]
        assert (rule["self"], rule["protocol"], rule["from_port"], rule["to_port"]) == (True, "-1", 0, 0)
        assert not [key for key in ("cidr_blocks", "prefix_list_ids", "security_groups") if rule.get(key)]


@pytest.mark.parametrize("interface_endpoints", [True, False])
def test_what_security_groups_say_of_themselves_is_in_ec2s_characters(interface_endpoints: bool) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""
    groups = made(interface_endpoints=interface_endpoints)[SecurityGroup.TF_RESOURCE_TYPE].values()
    texts = [
        text
        for item in groups
        for text in (
            item["name"],
            item["description"],
            *(rule["description"] for key in ("ingress", "egress") for rule in item.get(key, [])),
        )
    ]
    assert len(texts) >= 2 * len(groups)
    assert [text for text in texts if not EC2_TEXT.fullmatch(text)] == []


def test_a_group_outlasts_the_rules_that_name_it_and_keeps_its_description(resources: Resources) -> None:
    """Turning `interface_endpoints` off deletes a group that another one's rule names until then."""
    for item in resources[SecurityGroup.TF_RESOURCE_TYPE].values():
        assert item["lifecycle"] == {"create_before_destroy": True, "ignore_changes": ["description"]}


def test_no_security_group_is_open_to_the_world(resources: Resources) -> None:
    assert "0.0.0.0/0" not in str(resources)
    assert "::/0" not in str(resources)
