from typing import Any

from cdktf_cdktf_provider_aws.sagemaker_domain import SagemakerDomain
from cdktf_cdktf_provider_aws.sagemaker_user_profile import SagemakerUserProfile

from settings.network import NewNetworkSettings
from settings.studio import StudioSettings
from tests.support.synthesis import environment, only, synthesized_platform

STUDIO = StudioSettings(user_profiles=["ann", "bob"])


def platform(**settings: Any) -> dict[str, Any]:
    return synthesized_platform(environment("dev", **{"network": NewNetworkSettings(), "studio": STUDIO} | settings))


def test_each_user_has_a_profile_in_the_one_domain() -> None:
    resources = platform()["resource"]
    assert only(resources, SagemakerDomain.TF_RESOURCE_TYPE)["domain_name"] == "ml-platform-dev"
    profiles = resources[SagemakerUserProfile.TF_RESOURCE_TYPE]
    assert {address: made["user_profile_name"] for address, made in profiles.items()} == {
        "studio_user_ann": "ann",
        "studio_user_bob": "bob",
    }
    assert {made["domain_id"] for made in profiles.values()} == {"${aws_sagemaker_domain.studio.id}"}
