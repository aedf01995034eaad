"""The notebook instance and its lifecycle configuration."""

from collections.abc import Sequence

from cdktf import ITerraformDependable, Precondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_resourcegroupstaggingapi_resources import (
    DataAwsResourcegroupstaggingapiResources,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import (
    SagemakerNotebookInstance,
    SagemakerNotebookInstanceInstanceMetadataServiceConfiguration,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)
from constructs import Construct

from constructs.account import Account
from constructs.literal import literal
from constructs.network.placement import Placement
from constructs.notebook.lifecycle_script import Delivery, lifecycle_script
from settings.names import VOLUME_SIZE_TAG
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

    Its volume grows in place. For a smaller one Terraform's provider makes another instance, without people's files: a
    plan that wants one is refused. No expression of Terraform's sees what is in its state, so the size that there is is
    a tag of the instance, which every plan reads; of an instance that is not there, AWS answers nothing.
    The tag does not know of a volume that was grown outside Terraform, and is not there where somebody deleted it or
    the instance is older than it: `make deploy` and `make plan` refuse such a plan by what it replaces
    (operations/notebook_change.py), plain `cdktf deploy` does not see it.
    https://github.com/hashicorp/terraform-provider-aws/blob/v6.25.0/internal/service/sagemaker/notebook_instance.go
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
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
        there = DataAwsResourcegroupstaggingapiResources(
            self, "there", resource_arn_list=[account.arn("sagemaker", f"notebook-instance/{name}")]
        )
        # 0 where there is none, or where its tag is no number: a person may have changed it.
        size = (
            f"max(0, [for item in {there.fqn}.resource_tag_mapping_list : "
            f'try(tonumber(item.tags["{VOLUME_SIZE_TAG}"]), 0)]...)'
        )
        repositories = [*map(literal, notebook.git_repositories)]
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
            default_code_repository=repositories[0] if repositories else None,
            additional_code_repositories=repositories[1:] or None,
            platform_identifier=notebook.platform,
            tags={key: literal(value) for key, value in notebook.tags.items()}
            | {VOLUME_SIZE_TAG: str(notebook.volume_size_gb)},
            lifecycle=TerraformResourceLifecycle(
                # Of its volume: another name, key or network would be another instance.
                prevent_destroy=prevent_destroy or None,
                precondition=[
                    Precondition(
                        condition=f"${{{notebook.volume_size_gb} >= {size}}}",
                        error_message=f"volume_size_gb of the notebook {name} is {notebook.volume_size_gb}, and its "
                        f"volume has ${{{size}}} GB, which cannot become less: another instance would take its place, "
                        f"without people's files. Set volume_size_gb to ${{{size}}} at least. To lose these files: "
                        "take the notebook out of the settings, deploy that, and then a smaller one",
                    )
                ],
            ),
            depends_on=[*depends_on],
        )
        self.name = made.name
        self.url = made.url
