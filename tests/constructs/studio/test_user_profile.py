from typing import Any

from cdktf_cdktf_provider_aws.sagemaker_user_profile import SagemakerUserProfile
from cdktf_cdktf_provider_aws.security_group import SecurityGroup

from constructs.studio.user_profile import UserProfile
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized

ROLE = "arn:aws:iam::111111111111:role/acme-prod-sagemaker-notebook"


def made(vpc_id: str | None) -> Resources:
    return synthesized(
        lambda stack: UserProfile(
            stack,
            "studio_user_ann",
            names=parts.names(),
            name="ann",
            domain_id="d-1",
            role_arn=ROLE,
            vpc_id=vpc_id,
            depends_on=[],
        )
    )


def test_a_profile_has_the_settings_of_its_domain() -> None:
    resources = made(None)
    profile = only(resources, SagemakerUserProfile.TF_RESOURCE_TYPE)
    assert profile == {"domain_id": "d-1", "user_profile_name": "ann", "depends_on": []}
    assert SecurityGroup.TF_RESOURCE_TYPE not in resources


def test_in_a_new_network_a_users_apps_reach_each_other_and_nobody_elses() -> None:
    resources = made("vpc-1")
    [(address, group)] = resources[SecurityGroup.TF_RESOURCE_TYPE].items()
    assert (group["name"], group["vpc_id"]) == ("acme-prod-studio-ann", "vpc-1")
    for direction in ("ingress", "egress"):
        rules: list[dict[str, Any]] = group[direction]
        [given] = [{key: value for key, value in rule.items() if value is not None} for rule in rules]
        assert given.pop("description")
        assert given == {"self": True, "protocol": "tcp", "from_port": 8192, "to_port": 65535}
    assert only(resources, SagemakerUserProfile.TF_RESOURCE_TYPE)["user_settings"] == {
        "execution_role": ROLE,
        "security_groups": [f"${{{SecurityGroup.TF_RESOURCE_TYPE}.{address}.id}}"],
    }
