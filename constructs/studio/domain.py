"""The Studio domain and the lifecycle configuration of its JupyterLab."""

from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_domain import (
    SagemakerDomain,
    SagemakerDomainDefaultUserSettings,
    SagemakerDomainDefaultUserSettingsJupyterLabAppSettings,
    SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagement,
    SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementIdleSettings,
    SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsDefaultResourceSpec,
    SagemakerDomainRetentionPolicy,
)
from cdktf_cdktf_provider_aws.sagemaker_studio_lifecycle_config import SagemakerStudioLifecycleConfig
from constructs import Construct

from constructs.network.placement import Placement
from settings.limits import STUDIO_IDLE_STOP_MIN_MINUTES
from settings.names import Names
from settings.studio import StudioSettings

# Of a script's digest, what tells it from another one.
DIGITS = 8


class Domain(Construct):
    """A domain whose users sign in through IAM, and whose apps are in the placement and have no other network.

    `script`, in base64, is what each JupyterLab runs at its start. It cannot be changed in AWS: another one is made,
    and named in the domain, before the old one goes, which SageMaker refuses while a running app has it.
    It is the built-in one: a space keeps the name of a default one for ever, and could not start without it.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteStudioLifecycleConfig.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-lifecycle-configurations.html

    Users may have their JupyterLab stop sooner, and not later. Both bounds are given, as Terraform's provider sends a 0
    for what is left out, which SageMaker refuses.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_IdleSettings.html

    Where the domain is kept, so is the file system of its users' homes, even if the settings no longer name Studio.
    Terraform's provider would replace a domain for another retention policy: it has that of its creation to the end.
    Another name, key, network or subnet would be another domain.
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/domain.go
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateDomain.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        studio: StudioSettings,
        role_arn: str,
        script: str,
        key_arn: str | None,
        vpc_id: str,
        placement: Placement,
        prevent_destroy: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        lifecycle = SagemakerStudioLifecycleConfig(
            self,
            "lifecycle",
            studio_lifecycle_config_name=names.studio_lifecycle_config(Fn.substr(Fn.sha256(script), 0, DIGITS)),
            studio_lifecycle_config_app_type="JupyterLab",
            studio_lifecycle_config_content=script,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        made = SagemakerDomain(
            self,
            "Default",
            domain_name=names.studio_domain,
            auth_mode="IAM",
            app_network_access_type="VpcOnly",
            vpc_id=vpc_id,
            subnet_ids=[*placement.subnet_ids],
            kms_key_id=key_arn,
            default_user_settings=SagemakerDomainDefaultUserSettings(
                execution_role=role_arn,
                security_groups=[*placement.security_group_ids],
                # Never left to AWS's default, which was once Studio Classic.
                default_landing_uri="studio::",
                studio_web_portal="ENABLED",
                jupyter_lab_app_settings=SagemakerDomainDefaultUserSettingsJupyterLabAppSettings(
                    built_in_lifecycle_config_arn=lifecycle.arn,
                    default_resource_spec=SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsDefaultResourceSpec(
                        instance_type=studio.instance_type
                    ),
                    app_lifecycle_management=SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagement(
                        idle_settings=SagemakerDomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementIdleSettings(
                            lifecycle_management="ENABLED",
                            idle_timeout_in_minutes=studio.idle_stop_minutes,
                            min_idle_timeout_in_minutes=STUDIO_IDLE_STOP_MIN_MINUTES,
                            max_idle_timeout_in_minutes=studio.idle_stop_minutes,
                        )
                    ),
                ),
            ),
            retention_policy=SagemakerDomainRetentionPolicy(
                home_efs_file_system="Retain" if prevent_destroy else "Delete"
            ),
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["retention_policy"], prevent_destroy=True if prevent_destroy else None
            ),
            depends_on=[*depends_on],
        )
        self.id, self.url = made.id, made.url
