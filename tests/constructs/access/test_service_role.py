"""Who may take the roles, decided by an IAM simulator on the trust policies that AWS gets."""

import json
from typing import Any

import pytest
from cdktf import TerraformStack, Testing

from constructs.access.allow import Allow
from constructs.access.service_role import ServiceRole
from tests.support import parts
from tests.support.policies import ACCOUNT, Request, decisions, policies
from tests.support.synthesis import only, synthesized


def service_role(stack: TerraformStack, source: str | None) -> ServiceRole:
    return ServiceRole(
        stack,
        "role",
        account=parts.account(stack),
        name="acme-role",
        service="sagemaker.amazonaws.com",
        source=source,
        statements=[Allow(sid="Read", actions=["s3:GetObject"], resources=["arn:aws:s3:::acme/*"])],
    )


def test_a_role_has_one_inline_policy_of_its_statements() -> None:
    resources = synthesized(lambda stack: service_role(stack, None))
    assert only(resources, "aws_iam_role")["name"] == "acme-role"
    assert only(resources, "aws_iam_role_policy")["name"] == "platform"


@pytest.mark.parametrize(("source", "conditions"), [(None, 0), ("arn:aws:sagemaker:eu-west-1:111111111111:*", 2)])
def test_the_trust_names_account_and_source_where_a_source_is_given(source: str | None, conditions: int) -> None:
    stack = TerraformStack(Testing.app(), "test")
    service_role(stack, source)
    documents = json.loads(Testing.synth(stack))["data"]["aws_iam_policy_document"]
    [trust] = [item for name, item in documents.items() if "trust" in name]
    assert len(trust["statement"][0].get("condition", [])) == conditions


OURS = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/x"}
ANOTHERS = {"aws:SourceAccount": "999999999999", "aws:SourceArn": "arn:aws:sagemaker:us-east-1:999999999999:x/y"}


def taken(role: str, service: str, context: dict[str, str], **settings: Any) -> str:
    trust = policies("dev", **settings)[f"{role}_trust_document"]
    asked = Request(
        action="sts:AssumeRole",
        resource=f"arn:aws:iam::{ACCOUNT}:role/any",
        principal=service,
        resource_policy=trust,
        context=context,
    )
    [decision] = decisions([asked])
    return decision


@pytest.mark.parametrize("role", ["notebook_role", "training_role", "hosting_role"])
def test_sagemaker_may_take_the_roles_and_nobody_else(role: str) -> None:
    assert taken(role, "sagemaker.amazonaws.com", OURS) == "Allowed"
    assert taken(role, "ec2.amazonaws.com", OURS) == "ImplicitlyDenied"
    assert taken(role, f"arn:aws:iam::{ACCOUNT}:role/admin", OURS) == "ImplicitlyDenied"


@pytest.mark.parametrize("role", ["training_role", "hosting_role"])
def test_on_behalf_of_this_account_only(role: str) -> None:
    assert taken(role, "sagemaker.amazonaws.com", ANOTHERS) == "ImplicitlyDenied"
    assert taken(role, "sagemaker.amazonaws.com", {}) == "ImplicitlyDenied"


@pytest.mark.parametrize("role", ["training_role", "hosting_role"])
def test_the_limit_can_be_switched_off(role: str) -> None:
    assert taken(role, "sagemaker.amazonaws.com", {}, limit_trust_to_account=False) == "Allowed"


def test_the_notebooks_role_needs_no_source_as_notebook_instances_name_none() -> None:
    assert taken("notebook_role", "sagemaker.amazonaws.com", {}) == "Allowed"
