"""The notebook instance and its lifecycle configuration."""

from collections.abc import Sequence

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import (
    SagemakerNotebookInstance,
    SagemakerNotebookInstanceInstanceMetadataServiceConfiguration,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)
from constructs import Construct

from constructs.network.placement import Placement
from constructs.notebook.lifecycle_script import Delivery, lifecycle_script
from settings.notebook import NotebookSettings


class NotebookInstance(Construct):
    """A notebook instance that runs `script` as root at every start.

    It is told what is handed out, its own name, and after how many minutes without use it stops itself, which SageMaker
    does not do for notebook instances.

    Both hooks have it. SageMaker runs OnStart at the creation too, right after OnCreate, but a configuration that has
    once had an OnCreate keeps it: Terraform's provider sends none where there is none, and would plan that for ever.
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/notebook_instance_lifecycle_configuration.go

    Without a placement the notebook reaches the internet directly; with one, it is in the first subnet and reaches what
    that reaches. https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        notebook: NotebookSettings,
        role_arn: str,
        script: bytes,
        delivery: Delivery,
        key_arn: str | None,
        placement: Placement | None,
        prevent_destroy: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        hook = lifecycle_script(
            script, delivery=delivery, more={"notebook": name, "idle_stop_minutes": notebook.idle_stop_minutes}
        )
        lifecycle = SagemakerNotebookInstanceLifecycleConfiguration(
            self, "lifecycle", name=name, on_create=hook, on_start=hook
        )
        made = SagemakerNotebookInstance(
            self,
            "Default",
            name=name,
            instance_type=notebook.instance_type,
            volume_size=notebook.volume_size_gb,
            role_arn=role_arn,
            lifecycle_config_name=lifecycle.name,
            root_access="Enabled" if notebook.root_access else "Disabled",
            # Never left to AWS's default, which is Enabled.
            direct_internet_access="Enabled" if placement is None else "Disabled",
            subnet_id=None if placement is None else placement.subnet_ids[0],
            security_groups=None if placement is None else [*placement.security_group_ids],
            kms_key_id=key_arn,
            instance_metadata_service_configuration=SagemakerNotebookInstanceInstanceMetadataServiceConfiguration(
                minimum_instance_metadata_service_version="2"
            ),
            # Of its volume: another name, key or network, or a smaller volume, would be another instance.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None,
            depends_on=[*depends_on],
        )
        self.name = made.name
        self.url = made.url
