from typing import Any

import pytest
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.sagemaker_domain import SagemakerDomain
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import SagemakerNotebookInstance
from cdktf_cdktf_provider_aws.sagemaker_studio_lifecycle_config import SagemakerStudioLifecycleConfig
from cdktf_cdktf_provider_aws.sagemaker_user_profile import SagemakerUserProfile
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint

from constructs.network.placement import Placement
from constructs.studio.studio import Studio
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.studio import StudioSettings
from tests.support import parts
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform

STUDIO = StudioSettings(user_profiles=["ann", "bob"])
EXISTING = ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=["sg-01234567"])
DOMAIN = "aws_sagemaker_domain.studio"


def platform(**settings: Any) -> dict[str, Any]:
    return synthesized_platform(environment("dev", **{"network": NewNetworkSettings(), "studio": STUDIO} | settings))


def alone(placement: Placement) -> Resources:
    return synthesized(
        lambda stack: Studio(
            stack,
            "(studio)",
            account=parts.account(stack),
            names=parts.names(),
            studio=STUDIO.checked(),
            notebooks=parts.notebooks(stack),
            script=b"#!/bin/bash\n",
            key_arn=None,
            placement=placement,
            release_script=None,
            prevent_destroy=False,
        )
    )


def test_each_user_has_a_profile_in_the_one_domain() -> None:
    resources = platform()["resource"]
    assert only(resources, SagemakerDomain.TF_RESOURCE_TYPE)["domain_name"] == "ml-platform-dev"
    profiles = resources[SagemakerUserProfile.TF_RESOURCE_TYPE]
    assert {address: made["user_profile_name"] for address, made in profiles.items()} == {
        "studio_user_ann": "ann",
        "studio_user_bob": "bob",
    }
    assert {made["domain_id"] for made in profiles.values()} == {f"${{{DOMAIN}.id}}"}


def test_users_of_an_existing_network_have_its_security_groups_and_no_others() -> None:
    resources = alone(Placement(subnet_ids=["subnet-1"], security_group_ids=["sg-1"], shared=True, vpc_id=None))
    assert SecurityGroup.TF_RESOURCE_TYPE not in resources
    assert only(resources, SagemakerDomain.TF_RESOURCE_TYPE)["default_user_settings"]["security_groups"] == ["sg-1"]
    assert len(alone(parts.PLACEMENT)[SecurityGroup.TF_RESOURCE_TYPE]) == 2


def test_aws_is_asked_for_the_vpc_of_an_existing_network_where_studio_is_there() -> None:
    made = platform(network=EXISTING)
    [(address, subnet)] = made["data"][DataAwsSubnet.TF_RESOURCE_TYPE].items()
    assert subnet["id"] == "subnet-01234567"
    domain = only(made["resource"], SagemakerDomain.TF_RESOURCE_TYPE)
    assert domain["vpc_id"] == f"${{data.aws_subnet.{address}.vpc_id}}"
    assert DataAwsSubnet.TF_RESOURCE_TYPE not in platform(network=EXISTING, studio=None)["data"]


@pytest.mark.parametrize("notebook", [NotebookSettings(), None])
def test_studio_is_beside_the_notebook_instance_or_instead_of_it(notebook: NotebookSettings | None) -> None:
    made = platform(notebook=notebook)
    resources = made["resource"]
    assert len(resources.get(SagemakerNotebookInstance.TF_RESOURCE_TYPE, {})) == (notebook is not None)
    assert ("notebook_url" in made["output"]) is (notebook is not None)
    assert {"studio_domain_id", "studio_url"} <= made["output"].keys()
    assert "notebook_role" in resources[IamRole.TF_RESOURCE_TYPE]
    assert "notebook_PythonCheatSheet" in resources["aws_s3_object"]
    # SageMaker's API, its runtime, STS, CloudWatch Logs, and S3.
    assert len(resources[VpcEndpoint.TF_RESOURCE_TYPE]) == 5


def test_without_the_setting_there_is_none() -> None:
    assert "studio" not in str(platform(studio=None)).lower()


def test_the_domain_waits_for_its_role_and_for_the_samples_and_the_users_for_their_rights() -> None:
    resources = platform()["resource"]
    domain = only(resources, SagemakerDomain.TF_RESOURCE_TYPE)
    assert {
        "aws_iam_role_policy.notebook_role_policy",
        "terraform_data.notebook_role_settled",
        "aws_s3_object.notebook_PythonCheatSheet",
        "aws_cloudwatch_log_group.log_groups_studio",
    } <= {*domain["depends_on"]}
    for profile in resources[SagemakerUserProfile.TF_RESOURCE_TYPE].values():
        assert profile["depends_on"] == ["aws_iam_role_policy_attachment.studio_policy_attachment"]


def test_jupyterlab_hands_out_the_notebooks_that_the_instance_does() -> None:
    resources = platform()["resource"]
    content = only(resources, SagemakerStudioLifecycleConfig.TF_RESOURCE_TYPE)["studio_lifecycle_config_content"]
    instance = only(resources, "aws_sagemaker_notebook_instance_lifecycle_configuration")["on_start"]
    told = content.partition("jsonencode(")[2].removesuffix("})))}")
    assert "aws_s3_bucket.data_bucket.bucket" in told
    assert instance.partition("jsonencode(")[2].startswith(f'{told}, "notebook" = ')


def test_a_destroy_goes_on_with_the_network_once_sagemakers_groups_are_gone() -> None:
    resources = platform()["resource"]
    release = resources["terraform_data"]["studio_release"]
    assert release["input"] == {"region": "us-east-1", "vpc": "${aws_vpc.network.id}"}
    assert "terraform_data.studio_release" in only(resources, SagemakerDomain.TF_RESOURCE_TYPE)["depends_on"]
    [provisioner] = release["provisioner"]
    assert "release_studio_network.py" in provisioner["local-exec"]["command"]


@pytest.mark.parametrize("settings", [{"network": EXISTING}, {"rollback_guard": False}])
def test_nothing_is_run_in_a_network_of_others_or_without_python(settings: dict[str, Any]) -> None:
    assert "studio_release" not in platform(**settings)["resource"]["terraform_data"]
