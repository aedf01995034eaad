"""Takes away what SageMaker leaves of a domain in its network."""

from pathlib import Path

from cdktf import AssetType, TerraformAsset
from constructs import Construct

from constructs.terraform_data import TerraformData


class NetworkRelease(Construct):
    """In a destroy of all, the domain, which depends on `resource`, goes first; then `script` takes away the security
    groups that SageMaker has made for it and leaves, each of which names the other; only then goes the VPC, which
    could not before.

    What runs after the domain cannot know its id: it would depend on the domain, and so be destroyed before it. The
    script takes the groups of every domain that is gone from a VPC that is the platform's alone. Terraform runs nothing
    for a resource that has left the configuration, as this one does where Studio is taken from the settings: the groups
    then stay until the script is run by hand.
    https://github.com/hashicorp/terraform-provider-aws/issues/20986
    """

    def __init__(self, scope: Construct, construct_id: str, *, script: Path, region: str, vpc_id: str) -> None:
        super().__init__(scope, construct_id)
        asset = TerraformAsset(self, "script", path=str(script), type=AssetType.FILE)
        # A destroy knows nothing but what is in the state of the resource itself.
        told = " ".join(f'"${{self.output.{name}}}"' for name in ("region", "vpc"))
        self.resource = TerraformData(
            self,
            "Default",
            values={"region": region, "vpc": vpc_id},
            on_destroy=f'python3 "${{path.module}}/{asset.path}" {told}',
        )
