"""A stack's Terraform state as it is kept, in its file or its bucket, read without Terraform: it may be damaged."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.synthesized_stack import OperationError, SynthesizedStack

# Of the file's format, since Terraform 0.12: https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
VERSION = 4


@dataclass(frozen=True, kw_only=True)
class KeptResource:
    """What the state knows of one object in AWS. A replacement that was cut off leaves its old object `deposed`."""

    type: str
    name: str
    values: Mapping[str, Any]
    tainted: bool = False
    deposed: bool = False

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class TerraformState:
    """`lineage` is the same for all states that came from one, `serial` counts them."""

    resources: list[KeptResource] = field(default_factory=list)
    lineage: str = ""
    serial: int = 0

    def of_type(self, resource_type: str) -> list[KeptResource]:
        return [resource for resource in self.resources if resource.type == resource_type]

    def lacks_any(self, stack: SynthesizedStack) -> bool:
        """Whether a deploy would make something: what is not in the state, or was made while AWS failed to say so."""
        sound = {item.address for item in self.resources if not item.tainted and not item.deposed}
        return not {f"{kind}.{name}" for kind, of_type in stack.resources.items() for name in of_type} <= sound


def parsed(text: str, *, where: str, cure: str) -> TerraformState:
    """Empty where there is none. Raises OperationError where it is no state, with what to do."""
    if not text.strip():
        return TerraformState()
    try:
        written = json.loads(text)
        if written["version"] != VERSION:
            raise ValueError(f"version {written['version']!r}")
        return TerraformState(
            resources=list(_resources(written["resources"])), lineage=written["lineage"], serial=int(written["serial"])
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OperationError(
            f"{where} is no state that Terraform could read ({type(error).__name__}: {error}): nothing was changed. "
            f"To go on: {cure}. The next deploy takes over what exists and is not in the state"
        ) from error


def refuse_anothers(state: TerraformState, *, tags: Mapping[str, str], region: str, account_id: str) -> None:
    """Raises OperationError where the state tells of another project, environment, region or account than the deploy.

    Terraform would find nothing there of what the state has, and make everything a second time, or destroy it.
    """
    for resource in state.resources:
        has = resource.values.get("tags_all")
        # Some have none: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        parts = [*str(resource.values.get("arn") or "").split(":")[3:5], "", ""]
        theirs = dict(has) if isinstance(has, Mapping) else {}
        for what, own, found in (
            *((name, own, str(theirs.get(name, own))) for name, own in tags.items()),
            ("region", region, parts[0] or region),
            ("account", account_id, parts[1] or account_id),
        ):
            if found != own:
                raise OperationError(
                    f"its state is that of {what} {found}, and this is {own}: {resource.address}. Nothing was changed: "
                    f"put back the state of {own}, or the setting or credentials of {found}. To leave {found}: destroy "
                    "there first, or move the state away, which leaves there what is there"
                )


def _resources(written: list[dict[str, Any]]) -> Iterator[KeptResource]:
    for resource in written:
        if resource["mode"] != "managed":
            continue
        for instance in resource["instances"]:
            yield KeptResource(
                type=resource["type"],
                name=resource["name"],
                values=dict(instance["attributes"]),
                tainted=instance.get("status") == "tainted",
                deposed="deposed" in instance,
            )
