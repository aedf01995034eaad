"""Rules that hold for every policy of every environment."""

import json

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument

from constructs.access.allow import Allow
from settings.studio import StudioSettings
from tests.support.policies import Policy, policies
from tests.support.synthesis import environment

# In staging's network.
EVERYTHING = {"notebook": environment("dev").settings.notebook, "studio": StudioSettings(user_profiles=["ann"])}
# AWS's service authorization reference gives no resource type for these.
NO_NARROWER_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DeleteNetworkInterfacePermission",  # its resource is optional
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListUserProfiles",
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_POLICIES_MAX_CHARACTERS = 10_240


def role_policies() -> dict[str, Policy]:
    found = policies("staging", **EVERYTHING)
    of_roles = ("_role_policy_document", "studio_policy_policy_document")
    return {address: policy for address, policy in found.items() if address.endswith(of_roles)}


def test_no_statement_of_a_role_allows_a_family_of_actions() -> None:
    for address, policy in role_policies().items():
        for item in policy["Statement"]:
            assert not [action for action in item["Action"] if "*" in action], address


def test_only_actions_for_which_aws_knows_no_resource_are_allowed_on_all() -> None:
    on_all = {
        action
        for policy in role_policies().values()
        for item in policy["Statement"]
        if "*" in item["Resource"]
        for action in item["Action"]
    }
    assert on_all == NO_NARROWER_RESOURCE


def test_no_role_may_make_a_log_group_which_would_come_back_after_a_destroy() -> None:
    assert len(role_policies()) == 6
    assert "logs:CreateLogGroup" not in json.dumps(role_policies())


@pytest.mark.parametrize("address", role_policies())
def test_a_policy_fits_into_its_role(address: str) -> None:
    assert len(json.dumps(role_policies()[address], separators=(",", ":"))) < INLINE_POLICIES_MAX_CHARACTERS


def test_a_statement_has_its_conditions() -> None:
    allow = Allow(sid="One", actions=["s3:GetObject"], resources=["*"], conditions={("Bool", "aws:X"): ["true"]})
    stack = synthesized_data(allow)
    assert stack == [
        {
            "sid": "One",
            "actions": ["s3:GetObject"],
            "resources": ["*"],
            "condition": [{"test": "Bool", "variable": "aws:X", "values": ["true"]}],
        }
    ]


def synthesized_data(allow: Allow) -> object:
    stack = TerraformStack(Testing.app(), "test")
    DataAwsIamPolicyDocument(stack, "document", statement=[allow.statement()])
    return json.loads(Testing.synth(stack))["data"]["aws_iam_policy_document"]["document"]["statement"]
