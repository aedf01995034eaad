"""What a user of Studio may do there, decided by an IAM simulator on the policy that AWS gets."""

import json

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment

from constructs.studio.studio_policy import StudioPolicy
from settings.network import NewNetworkSettings
from settings.studio import StudioSettings
from tests.support import parts
from tests.support.policies import ACCOUNT, DOMAIN, Policy, Request, decisions, policies
from tests.support.synthesis import only, synthesized

SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
ANN, BOB = (f"{SAGEMAKER}:user-profile/{DOMAIN}/{name}" for name in ("ann", "bob"))
OF_ANN = {"sagemaker:OwnerUserProfileArn": ANN, "sagemaker:SpaceSharingType": "Private"}
SPACE, APP = f"{SAGEMAKER}:space/{DOMAIN}/mine", f"{SAGEMAKER}:app/{DOMAIN}/mine/JupyterLab/default"
TAGGING = {"sagemaker:TaggingAction": "CreateApp"}

ALLOWED: list[tuple[str, str, dict[str, str]]] = [
    ("sagemaker:ListSpaces", "*", {}),
    ("sagemaker:DescribeDomain", f"{SAGEMAKER}:domain/{DOMAIN}", {}),
    ("sagemaker:DescribeUserProfile", BOB, {}),
    ("sagemaker:DescribeSpace", SPACE, {}),
    ("sagemaker:DescribeApp", APP, {}),
    ("sagemaker:CreatePresignedDomainUrl", ANN, {}),
    ("sagemaker:CreateSpace", SPACE, OF_ANN),
    ("sagemaker:UpdateSpace", SPACE, OF_ANN),
    ("sagemaker:DeleteSpace", SPACE, OF_ANN),
    ("sagemaker:CreateApp", APP, OF_ANN),
    ("sagemaker:CreateApp", APP.replace("JupyterLab", "jupyterlab"), OF_ANN),
    ("sagemaker:DeleteApp", APP, OF_ANN),
    ("sagemaker:AddTags", APP, TAGGING),
    ("sagemaker:AddTags", SPACE, {"sagemaker:TaggingAction": "CreateSpace"}),
]
DENIED: list[tuple[str, str, dict[str, str]]] = [
    # Of another user, or of nobody.
    ("sagemaker:CreatePresignedDomainUrl", BOB, {}),
    ("sagemaker:CreateSpace", SPACE, OF_ANN | {"sagemaker:OwnerUserProfileArn": BOB}),
    ("sagemaker:DeleteSpace", SPACE, OF_ANN | {"sagemaker:OwnerUserProfileArn": BOB}),
    ("sagemaker:CreateApp", APP, OF_ANN | {"sagemaker:OwnerUserProfileArn": BOB}),
    ("sagemaker:DeleteApp", APP, {"sagemaker:SpaceSharingType": "Private"}),
    ("sagemaker:CreateSpace", SPACE, {}),
    # For all of them together.
    ("sagemaker:CreateSpace", SPACE, OF_ANN | {"sagemaker:SpaceSharingType": "Shared"}),
    ("sagemaker:CreateApp", APP, OF_ANN | {"sagemaker:SpaceSharingType": "Shared"}),
    # What no setting stops when it is idle.
    ("sagemaker:CreateApp", APP.replace("JupyterLab", "CodeEditor"), OF_ANN),
    ("sagemaker:CreateApp", APP.replace("JupyterLab", "Canvas"), OF_ANN),
    # In another domain.
    ("sagemaker:CreateSpace", SPACE.replace(DOMAIN, "d-9"), OF_ANN),
    ("sagemaker:CreateApp", APP.replace(DOMAIN, "d-9"), OF_ANN),
    ("sagemaker:DescribeDomain", f"{SAGEMAKER}:domain/d-9", {}),
    # What Terraform keeps.
    ("sagemaker:UpdateDomain", f"{SAGEMAKER}:domain/{DOMAIN}", {}),
    ("sagemaker:DeleteDomain", f"{SAGEMAKER}:domain/{DOMAIN}", {}),
    ("sagemaker:CreateUserProfile", ANN, {}),
    ("sagemaker:UpdateUserProfile", ANN, {}),
    ("sagemaker:AddTags", APP, {}),
]


@pytest.fixture(scope="module")
def policy() -> Policy:
    """For ann, as whom Studio runs the role: the simulator does not fill in the name, as no list of an
    action's keys has this one.
    """
    studio = StudioSettings(user_profiles=["ann", "bob"])
    documents = policies("dev", network=NewNetworkSettings(), studio=studio)
    written = json.dumps(documents["studio_policy_policy_document"])
    assert written.count("${") == written.count("${sagemaker:UserProfileName}") == 3
    filled_in: Policy = json.loads(written.replace("${sagemaker:UserProfileName}", "ann"))
    return filled_in


def decided(policy: Policy, steps: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    return decisions(
        [
            Request(action=action, resource=resource, policy=policy, context=context)
            for action, resource, context in steps
        ]
    )


def test_a_user_may_run_jupyterlab_in_private_spaces_of_their_own(policy: Policy) -> None:
    assert [*zip(ALLOWED, decided(policy, ALLOWED), strict=True)] == [(step, "Allowed") for step in ALLOWED]


def test_a_user_may_touch_nobody_elses_space_and_run_nothing_else(policy: Policy) -> None:
    assert [*zip(DENIED, decided(policy, DENIED), strict=True)] == [(step, "ImplicitlyDenied") for step in DENIED]


def test_it_is_a_managed_policy_of_the_role() -> None:
    def build(stack: TerraformStack) -> None:
        StudioPolicy(
            stack,
            "studio_policy",
            account=parts.account(stack),
            names=parts.names(),
            role_name="acme-prod-sagemaker-notebook",
            domain_id="d-1",
        )

    resources = synthesized(build)
    assert only(resources, IamPolicy.TF_RESOURCE_TYPE)["name"] == "acme-prod-sagemaker-notebook-studio"
    assert only(resources, IamRolePolicyAttachment.TF_RESOURCE_TYPE)["role"] == "acme-prod-sagemaker-notebook"
