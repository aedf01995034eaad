"""Keeps a role and a network until SageMaker needs them no more."""

from collections.abc import Sequence
from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset
from constructs import Construct

from constructs.network.placement import Placement
from constructs.terraform_data import TerraformData


class InterfaceRelease(Construct):
    """What depends on `resource` is destroyed first; then `script` waits until the placement's interfaces are gone;
    only then is destroyed what `resource` depends on.

    SageMaker frees an endpoint's interfaces some minutes after its deletion, and cannot without the role: subnets and
    security groups could not be destroyed ever after. Where the placement is `shared` with others, only interfaces are
    waited for that say of themselves that they are SageMaker's.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
    https://github.com/hashicorp/terraform-provider-aws/issues/34397
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        script: Path,
        region: str,
        placement: Placement,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        asset = TerraformAsset(self, "script", path=str(script), type=AssetType.FILE)
        # A destroy knows nothing but what is in the state of the resource itself.
        told = " ".join(f'"${{self.output.{name}}}"' for name in ("region", "subnets", "groups", "description"))
        self.resource = TerraformData(
            self,
            "Default",
            values={
                "region": region,
                "subnets": ",".join(placement.subnet_ids),
                "groups": ",".join(placement.security_group_ids),
                "description": "*SageMaker*" if placement.shared else "*",
            },
            on_destroy=f'python3 "${{path.module}}/{asset.path}" {told}',
            depends_on=depends_on,
        )
