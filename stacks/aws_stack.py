"""What every stack here has: AWS's provider, a place for its state, and addresses that a person can read."""

import re
from collections.abc import Mapping, Sequence

from cdktf import LocalBackend, S3Backend, TerraformElement, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct, Node

from constructs.literal import literal
from settings.environment import EnvironmentSettings
from settings.names import ENVIRONMENT_TAG, OWNER_TAG, PROJECT_TAG, address_part
from settings.problems import Problem

# Of one call, each after a wait up to twice as long as the one before: four minutes at most. The provider's default of
# 25 would keep a deploy waiting for hours while nothing answers.
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs#max_retries-1
MAX_RETRIES = 8
# No part of an address: the main resource of a construct, and what only groups others.
UNNAMED = re.compile(r"Default|\(.*\)")


class AwsStack(TerraformStack):
    """Terraform's addresses are the ids on the way to a construct, joined by underscores, without hashes.

    `Default` is left out, and so is an id in parentheses: `(serving)/(endpoints)/linear_learner/alarms/errors` is
    `linear_learner_alarms_errors`. What a person may name, endpoints say, gets a group of its own and meets no other
    construct there, however it is called.
    """

    def __init__(self, scope: Construct, stack_id: str, *, settings: EnvironmentSettings) -> None:
        self._paths: dict[tuple[str, str], str] = {}
        self._addresses: dict[str, str] = {}
        self._meeting: list[Problem] = []
        super().__init__(scope, stack_id)
        # Of all that Terraform makes; what runs later is given them too.
        self.tags: Mapping[str, str] = {
            PROJECT_TAG: settings.project,
            ENVIRONMENT_TAG: settings.name,
            OWNER_TAG: settings.owner,
        }
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            max_retries=MAX_RETRIES,
            allowed_account_ids=None if settings.account_id is None else [settings.account_id],
            default_tags=[AwsProviderDefaultTags(tags={key: literal(value) for key, value in self.tags.items()})],
        )

    def keep_state(self, name: str, *, bucket: str | None = None, key: str = "", region: str = "") -> None:
        """In the S3 bucket, locked there, or, without one, in a local file."""
        if bucket is None:
            # Relative to the stack's folder in the output folder, where Terraform runs: the project's root.
            LocalBackend(self, path=f"../../../terraform.{name}.tfstate")
        else:
            backend = S3Backend(self, bucket=bucket, key=key, region=region, encrypt=True)
            backend.add_override("use_lockfile", True)  # of Terraform 1.10: CDKTF's last release does not know it

    def publish(self, outputs: Mapping[str, str | Sequence[str] | Mapping[str, str] | None]) -> None:
        """As Terraform's outputs; what is None is left out."""
        for name, value in outputs.items():
            if value is not None:
                TerraformOutput(self, name, value=value, static_id=True)

    def meeting_addresses(self) -> Sequence[Problem]:
        """Of which CDKTF would let the second element overwrite the first, without a word."""
        for element in self.node.find_all():
            if isinstance(element, TerraformElement):
                self._allocate_logical_id(element)
        return self._meeting

    def _allocate_logical_id(self, tf_element: TerraformElement | Node) -> str:
        # CDKTF asks for an asset's address again and again, and each question after its path is a round trip to Node.
        ref: str = tf_element.__jsii_ref__.ref  # type: ignore[union-attr]
        if ref not in self._addresses:
            self._addresses[ref] = self._address(tf_element)
        return self._addresses[ref]

    def _address(self, tf_element: TerraformElement | Node) -> str:
        path = tf_element.path if isinstance(tf_element, Node) else tf_element.to_string()
        named = [part for part in path.split("/")[1:] if not UNNAMED.fullmatch(part)]
        name = address_part("_".join(named))
        if name[0].isdigit():  # Terraform's names begin with a letter or an underscore
            name = f"_{name}"
        # CDKTF would let the second of two elements of one address overwrite the first, without a word.
        kind = type(tf_element).__name__
        other = self._paths.setdefault((kind, name), path)
        if other != path:
            stack, *_ = path.split("/")
            both = " and ".join(item.removeprefix(f"{stack}/") for item in (other, path))
            allowed = f"the address in Terraform of both {both}: one of them must be called otherwise"
            self._meeting.append(Problem(where=stack, path=f"{kind} {name}", allowed=allowed))
        return name
