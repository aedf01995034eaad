from typing import Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint

from constructs.network.network import Network
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from tests.support import parts
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def network(stack: TerraformStack, of: Any, *, has_users: bool = False) -> Network:
    return Network(
        stack,
        "(network)",
        account=parts.account(stack),
        names=parts.names(),
        network=of,
        has_users=has_users,
        storage=parts.LOG_STORAGE,
    )


def test_a_new_network_is_made_and_its_traffic_logged() -> None:
    resources = synthesized(lambda stack: network(stack, NewNetworkSettings().checked()))
    assert only(resources, Vpc.TF_RESOURCE_TYPE)["tags"] == {"Name": "acme-prod"}
    assert only(resources, FlowLog.TF_RESOURCE_TYPE)["traffic_type"] == "ALL"


@pytest.mark.parametrize(
    ("asked", "has_users", "found"), [(False, False, 1), (False, True, 5), (True, False, 5), (True, True, 5)]
)
def test_what_costs_by_the_hour_is_made_where_people_or_a_setting_need_it(
    asked: bool, has_users: bool, found: int
) -> None:
    of = NewNetworkSettings(interface_endpoints=asked).checked()
    resources = synthesized(lambda stack: network(stack, of, has_users=has_users))
    assert len(resources[VpcEndpoint.TF_RESOURCE_TYPE]) == found


def test_an_existing_network_is_a_placement_and_nothing_else() -> None:
    existing = ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=["sg-01234567"]).checked()
    stack = TerraformStack(Testing.app(), "test")
    made = network(stack, existing)
    placement = made.placement
    assert placement is not None
    assert made.training_placement == placement
    assert (placement.subnet_ids, placement.security_group_ids) == (["subnet-01234567"], ["sg-01234567"])
    assert "aws_vpc" not in Testing.synth(stack)


def test_sagemakers_own_network_is_no_placement() -> None:
    assert network(TerraformStack(Testing.app(), "test"), None).placement is None


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
