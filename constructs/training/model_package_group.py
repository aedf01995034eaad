"""The group of a training's models: each registered one is a version of it."""

from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_model_package_group import SagemakerModelPackageGroup
from constructs import Construct

from constructs.terraform_data import TerraformData


class ModelPackageGroup(Construct):
    """SageMaker deletes no group that has versions: where `delete_script` is given, a destroy of all runs it before.

    Terraform runs nothing for what has left the configuration: of a training that is taken out of the settings, who
    wants the group gone deletes its versions first. It has no description, of which a change would replace it, and so
    delete what is in it.
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-delete-model-group.html
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/model_package_group.go
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        region: str,
        delete_script: Path | None,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        group = SagemakerModelPackageGroup(
            self,
            "Default",
            model_package_group_name=name,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None,
        )
        self.resource: ITerraformDependable = group
        if delete_script is not None:
            asset = TerraformAsset(self, "script", path=str(delete_script), type=AssetType.FILE)
            # A destroy knows nothing but what is in the state of the resource itself.
            told = '"${self.output.group}" "${self.output.region}"'
            TerraformData(
                self,
                "versions",
                values={"group": name, "region": region},
                on_destroy=f'python3 "${{path.module}}/{asset.path}" {told}',
                depends_on=[group],
            )
