import pytest
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint

from constructs.network.vpc_endpoints import VpcEndpoints
from tests.support import parts
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform


@pytest.fixture(scope="module")
def resources() -> Resources:
    return synthesized(
        lambda stack: VpcEndpoints(
            stack,
            "endpoints",
            names=parts.names(),
            vpc_id="vpc-1",
            cidr_block="10.1.0.0/20",
            subnet_ids=["subnet-1", "subnet-2"],
            route_table_ids=["rtb-1"],
            services=["sts"],
        )
    )


def test_s3_is_reached_through_a_gateway(resources: Resources) -> None:
    [s3] = [item for item in resources[VpcEndpoint.TF_RESOURCE_TYPE].values() if item["vpc_endpoint_type"] == "Gateway"]
    assert (s3["service_name"], s3["route_table_ids"]) == ("com.amazonaws.eu-west-1.s3", ["rtb-1"])


def test_a_service_is_reached_through_an_interface_in_every_subnet_under_its_own_name(resources: Resources) -> None:
    [sts] = [
        item for item in resources[VpcEndpoint.TF_RESOURCE_TYPE].values() if item["vpc_endpoint_type"] == "Interface"
    ]
    assert sts["service_name"] == "com.amazonaws.eu-west-1.sts"
    assert sts["subnet_ids"] == ["subnet-1", "subnet-2"]
    assert sts["private_dns_enabled"] is True


def test_the_interfaces_answer_https_from_within_the_vpc_only(resources: Resources) -> None:
    group = only(resources, SecurityGroup.TF_RESOURCE_TYPE)
    [rule] = group["ingress"]
    assert (rule["from_port"], rule["to_port"], rule["cidr_blocks"]) == (443, 443, ["10.1.0.0/20"])
    assert "egress" not in group


def test_a_notebooks_network_has_what_sagemaker_needs() -> None:
    notebook = environment("dev").settings.notebook
    platform = synthesized_platform(environment("prod", notebook=notebook))
    endpoints = platform["resource"][VpcEndpoint.TF_RESOURCE_TYPE].values()
    assert {item["service_name"].removeprefix("com.amazonaws.us-east-1.") for item in endpoints} == {
        "s3",
        "sagemaker.api",
        "sagemaker.runtime",
        "sts",
        "logs",
    }
