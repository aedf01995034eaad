"""Keeps a role and a network until SageMaker needs them no more."""

from collections.abc import Sequence
from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset
from constructs import Construct

from constructs.network.placement import Placement
from constructs.terraform_data import TerraformData


class InterfaceRelease(Construct):
    """In a destroy of all, what depends on `resource` goes first; then `script` waits until the placement's interfaces
    are gone; only then goes what `resource` depends on.

    SageMaker frees an endpoint's interfaces some minutes after its deletion, and cannot without the role: subnets and
    security groups could not be destroyed ever after. Where the placement is `shared` with others, whose interfaces may
    stay, it waits for some minutes and goes on. Terraform runs nothing for a resource that has left the configuration:
    this one must stay in it for as long as the placement does.
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
        told = " ".join(f'"${{self.output.{name}}}"' for name in ("region", "subnets", "groups", "shared"))
        self.resource = TerraformData(
            self,
            "Default",
            values={
                "region": region,
                "subnets": ",".join(placement.subnet_ids),
                "groups": ",".join(placement.security_group_ids),
                "shared": "yes" if placement.shared else "no",
            },
            on_destroy=f'python3 "${{path.module}}/{asset.path}" {told}',
            depends_on=depends_on,
        )
