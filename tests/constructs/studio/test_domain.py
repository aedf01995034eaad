from typing import Any

import pytest
from cdktf_cdktf_provider_aws.sagemaker_domain import SagemakerDomain
from cdktf_cdktf_provider_aws.sagemaker_studio_lifecycle_config import SagemakerStudioLifecycleConfig

from constructs.studio.domain import Domain
from settings.studio import StudioSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized

ROLE = "arn:aws:iam::111111111111:role/acme-prod-sagemaker-notebook"


def made(*, prevent_destroy: bool = False, key_arn: str | None = parts.KEY_ARN, **studio: Any) -> Resources:
    return synthesized(
        lambda stack: Domain(
            stack,
            "studio",
            names=parts.names(),
            studio=StudioSettings(**{"user_profiles": ["ann"]} | studio).checked(),
            role_arn=ROLE,
            script="IyEvYmluL2Jhc2gK",
            key_arn=key_arn,
            vpc_id="vpc-1",
            placement=parts.PLACEMENT,
            prevent_destroy=prevent_destroy,
            depends_on=[],
        )
    )


def test_its_apps_are_in_the_placement_alone_and_its_users_sign_in_through_iam() -> None:
    domain = only(made(), SagemakerDomain.TF_RESOURCE_TYPE)
    assert (domain["domain_name"], domain["auth_mode"]) == ("acme-prod", "IAM")
    assert (domain["app_network_access_type"], domain["vpc_id"]) == ("VpcOnly", "vpc-1")
    assert domain["subnet_ids"] == ["subnet-1", "subnet-2"]
    users = domain["default_user_settings"]
    assert (users["execution_role"], users["security_groups"]) == (ROLE, ["sg-1"])
    assert (users["default_landing_uri"], users["studio_web_portal"]) == ("studio::", "ENABLED")


@pytest.mark.parametrize("key_arn", [parts.KEY_ARN, None])
def test_its_data_is_encrypted_with_the_environments_key_where_there_is_one(key_arn: str | None) -> None:
    assert only(made(key_arn=key_arn), SagemakerDomain.TF_RESOURCE_TYPE).get("kms_key_id") == key_arn


def test_jupyterlab_stops_when_idle_and_runs_the_script_at_its_start() -> None:
    resources = made(idle_stop_minutes=90, instance_type="ml.t3.large")
    [(address, lifecycle)] = resources[SagemakerStudioLifecycleConfig.TF_RESOURCE_TYPE].items()
    arn = f"${{{SagemakerStudioLifecycleConfig.TF_RESOURCE_TYPE}.{address}.arn}}"
    domain = only(resources, SagemakerDomain.TF_RESOURCE_TYPE)
    assert domain["default_user_settings"]["jupyter_lab_app_settings"] == {
        "built_in_lifecycle_config_arn": arn,
        "default_resource_spec": {"instance_type": "ml.t3.large"},
        "app_lifecycle_management": {
            "idle_settings": {
                "lifecycle_management": "ENABLED",
                "idle_timeout_in_minutes": 90,
                "min_idle_timeout_in_minutes": 60,
                "max_idle_timeout_in_minutes": 90,
            }
        },
    }
    assert lifecycle["studio_lifecycle_config_content"] == "IyEvYmluL2Jhc2gK"
    assert lifecycle["studio_lifecycle_config_app_type"] == "JupyterLab"


def test_another_script_is_another_configuration_made_before_the_old_one_goes() -> None:
    lifecycle = only(made(), SagemakerStudioLifecycleConfig.TF_RESOURCE_TYPE)
    assert lifecycle["studio_lifecycle_config_name"] == 'acme-prod-${substr(sha256("IyEvYmluL2Jhc2gK"), 0, 8)}'
    assert lifecycle["lifecycle"] == {"create_before_destroy": True}


@pytest.mark.parametrize(("protected", "homes"), [(True, "Retain"), (False, "Delete")])
def test_the_homes_go_with_the_domain_only_where_it_may_go(protected: bool, homes: str) -> None:
    """And a change of the protection replaces no domain."""
    domain = only(made(prevent_destroy=protected), SagemakerDomain.TF_RESOURCE_TYPE)
    assert domain["retention_policy"] == {"home_efs_file_system": homes}
    assert domain["lifecycle"].get("prevent_destroy", False) is protected
    assert domain["lifecycle"]["ignore_changes"] == ["retention_policy"]
