"""What every stack here has: AWS's provider, and addresses that a person can read."""

import re

from cdktf import TerraformElement, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct, Node

from settings.environment import EnvironmentSettings

# Of one call, each after a wait up to twice as long as the one before: four minutes at most. The provider's default of
# 25 would keep a deploy waiting for hours while nothing answers.
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs#max_retries-1
MAX_RETRIES = 8


class AwsStack(TerraformStack):
    """Terraform's addresses are the construct ids, joined by underscores, without hashes."""

    def __init__(self, scope: Construct, stack_id: str, *, settings: EnvironmentSettings) -> None:
        self._paths: dict[tuple[str, str], str] = {}
        super().__init__(scope, stack_id)
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            max_retries=MAX_RETRIES,
            allowed_account_ids=None if settings.account_id is None else [settings.account_id],
            default_tags=[
                AwsProviderDefaultTags(
                    tags={"Project": settings.project, "Environment": settings.name, "Owner": settings.owner}
                )
            ],
        )

    def _allocate_logical_id(self, tf_element: TerraformElement | Node) -> str:
        path = tf_element.path if isinstance(tf_element, Node) else tf_element.to_string()
        name = re.sub(r"\W+", "_", "_".join(part for part in path.split("/")[1:] if part != "Default"))
        if name[0].isdigit():  # Terraform's names begin with a letter or an underscore
            name = f"_{name}"
        # CDKTF would let the second of two elements of one address overwrite the first, without a word.
        other = self._paths.setdefault((type(tf_element).__name__, name), path)
        if other != path:
            raise ValueError(f"{type(tf_element).__name__} {name}: the address of both {other} and {path}")
        return name
