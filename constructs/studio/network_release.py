"""Takes away what SageMaker leaves of a domain in its network."""

from pathlib import Path

from cdktf import AssetType, TerraformAsset
from constructs import Construct

from constructs.terraform_data import TerraformData


class NetworkRelease(Construct):
    """In a destroy of all, the domain, which depends on `resource`, goes first; then `script` takes away the security
    groups that SageMaker has made for it and leaves, each of which names the other; only then goes the VPC, which
    could not before.

    What runs after the domain cannot know its id: it would depend on it, and so be destroyed before. The script takes
    the groups of domains that are gone, in a VPC that is the platform's alone. Terraform runs nothing for a resource
    that has left the configuration: this one must stay in it for as long as the network does.
    https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html
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
