"""Fails an apply where SageMaker rolled an endpoint's update back."""

from collections.abc import Sequence
from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset
from constructs import Construct

from constructs.terraform_data import TerraformData


class RollbackGuard(Construct):
    """After each change of the configuration, `script` asks SageMaker whether the endpoint serves it.

    Without it, Terraform's provider may take an update that was rolled back for done, and the configuration that still
    serves is destroyed: https://github.com/hashicorp/terraform-provider-aws/issues/46663. Terraform destroys the old
    configuration only after what depends on the new one, this guard: it stays for as long as the guard fails. So do its
    models and their artifacts, which the last guard that passed, kept in `passed`, depended on.

    `script` is copied beside the stack's JSON and found from any folder that Terraform runs in. It needs Python with
    boto3, and the credentials and region that Terraform's provider finds in the environment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        script: Path,
        region: str,
        endpoint_name: str,
        configuration_name: str,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        asset = TerraformAsset(self, "script", path=str(script), type=AssetType.FILE)
        guard = TerraformData(
            self,
            "Default",
            replaced_by={"configuration_name": configuration_name},
            command=f'python3 "${{path.module}}/{asset.path}" {endpoint_name} {configuration_name} {region}',
            depends_on=depends_on,
        )
        # Its value is updated in place. Terraform destroys what it depended on only after that update, which comes
        # after the guard: a failed guard leaves all of it there.
        TerraformData(self, "passed", values={"configuration_name": configuration_name}, depends_on=[guard])
