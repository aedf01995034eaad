"""The notebook instance and its lifecycle configuration."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

from cdktf import Fn, ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import (
    SagemakerNotebookInstance,
    SagemakerNotebookInstanceInstanceMetadataServiceConfiguration,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)
from constructs import Construct

from constructs.network.placement import Placement
from settings.notebook import NotebookSettings


class NotebookInstance(Construct):
    """A notebook instance that runs `on_create` once and `on_start` at every start, both as root.

    The scripts stand in the synthesized JSON as base64 of their own bytes, so that nothing in them can be taken for a
    Terraform expression; Terraform puts values known at apply in the places of the `placeholders`. Without a placement
    the notebook reaches the internet directly; with one, it is in the first subnet and reaches what that reaches.
    https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        notebook: NotebookSettings,
        role_arn: str,
        on_create: bytes,
        on_start: bytes,
        placeholders: Mapping[str, str],
        key_arn: str | None,
        placement: Placement | None,
        prevent_destroy: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)

        def filled_in(script: bytes) -> str:
            text = Fn.base64decode(b64encode(script).decode())
            for placeholder, value in placeholders.items():
                text = Fn.replace(text, placeholder, value)
            return Fn.base64encode(text)

        lifecycle = SagemakerNotebookInstanceLifecycleConfiguration(
            self, "lifecycle", name=name, on_create=filled_in(on_create), on_start=filled_in(on_start)
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
