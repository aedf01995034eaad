"""The notebook instance and its lifecycle configuration."""

from base64 import b64encode
from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import (
    SagemakerNotebookInstance,
    SagemakerNotebookInstanceInstanceMetadataServiceConfiguration,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)
from constructs import Construct


class NotebookInstance(Construct):
    """A notebook instance that runs `on_create` once and `on_start` at every start, both as root.

    The scripts stand in the synthesized JSON as base64 of their own bytes, so that nothing in them can be taken for a
    Terraform expression; Terraform puts the bucket's name, known at apply, in the place of `bucket_placeholder`.
    https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        instance_type: str,
        volume_size_gb: int,
        root_access: bool,
        role_arn: str,
        on_create: bytes,
        on_start: bytes,
        bucket: str,
        bucket_placeholder: str,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)

        def with_bucket(script: bytes) -> str:
            text = Fn.base64decode(b64encode(script).decode())
            return Fn.base64encode(Fn.replace(text, bucket_placeholder, bucket))

        lifecycle = SagemakerNotebookInstanceLifecycleConfiguration(
            self, "lifecycle", name=name, on_create=with_bucket(on_create), on_start=with_bucket(on_start)
        )
        notebook = SagemakerNotebookInstance(
            self,
            "Default",
            name=name,
            instance_type=instance_type,
            volume_size=volume_size_gb,
            role_arn=role_arn,
            lifecycle_config_name=lifecycle.name,
            root_access="Enabled" if root_access else "Disabled",
            direct_internet_access="Enabled",
            instance_metadata_service_configuration=SagemakerNotebookInstanceInstanceMetadataServiceConfiguration(
                minimum_instance_metadata_service_version="2"
            ),
            depends_on=[*depends_on],
        )
        self.name = notebook.name
        self.url = notebook.url
