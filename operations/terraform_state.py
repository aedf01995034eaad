"""A stack's Terraform state as it is kept, in its file or its bucket, read without Terraform: it may be damaged."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

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
    resources: list[KeptResource] = field(default_factory=list)

    def of_type(self, resource_type: str) -> list[KeptResource]:
        return [resource for resource in self.resources if resource.type == resource_type]

    def lacks_any(self, stack: SynthesizedStack) -> bool:
        """Whether a deploy would make something: what is not in the state, or was made while AWS failed to say so."""
        sound = {item.address for item in self.resources if not item.tainted and not item.deposed}
        return not {f"{kind}.{name}" for kind, of_type in stack.resources.items() for name in of_type} <= sound


def read_state(stack: SynthesizedStack, s3: Any) -> TerraformState:  # noqa: ANN401 - boto3 has no types
    """Empty where there is none. Raises OperationError where it is no state, with what to do."""
    [(kind, backend)] = stack.json["terraform"]["backend"].items()
    if kind == "s3":
        where, text = f"s3://{backend['bucket']}/{backend['key']}", _in_s3(s3, backend)
        cure = "put back an earlier version of that object"
    else:
        path = (stack.folder / backend["path"]).resolve()
        where, text = str(path), path.read_text(errors="replace") if path.is_file() else ""
        cure = f"move it away, or put back {path.name}.backup, which Terraform keeps beside it"
    if not text.strip():
        return TerraformState()
    try:
        written = json.loads(text)
        if written["version"] != VERSION:
            raise ValueError(f"version {written['version']!r}")
        return TerraformState(resources=list(_resources(written["resources"])))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperationError(
            f"{where} is no state that Terraform could read ({type(error).__name__}: {error}): nothing was changed. "
            f"To go on: {cure}. The next deploy takes over what exists and is not in the state"
        ) from error


def refuse_anothers(state: TerraformState, *, environment: str, account_id: str) -> None:
    """Raises OperationError where the state tells of another environment, or of another account than AWS does now.

    Terraform would find nothing there of what the state has, and make everything a second time, or destroy it.
    """
    for resource in state.resources:
        tags = resource.values.get("tags_all") or {}
        owner = tags.get("Environment", environment)
        if owner != environment:
            raise OperationError(
                f"its state is that of {owner}: {resource.address} has the tag Environment={owner}. Nothing was "
                f"changed: put back the state of {environment}, or move this one away"
            )
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html; a bucket's has no account
        account = next(iter(str(resource.values.get("arn") or "").split(":")[4:5]), "")
        if account not in ("", account_id):
            raise OperationError(
                f"its state is of account {account}, and the credentials are of {account_id}: {resource.address}. "
                f"Nothing was changed: use those of {account}, or move the state away to begin anew"
            )


def _in_s3(s3: Any, backend: Mapping[str, Any]) -> str:  # noqa: ANN401
    try:
        return str(s3.get_object(Bucket=backend["bucket"], Key=backend["key"])["Body"].read().decode(errors="replace"))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
            return ""
        raise


def _resources(written: list[dict[str, Any]]) -> Iterator[KeptResource]:
    for resource in written:
        if resource["mode"] != "managed":
            continue
        for instance in resource["instances"]:
            yield KeptResource(
                type=resource["type"],
                name=resource["name"],
                values=instance["attributes"],
                tainted=instance.get("status") == "tainted",
                deposed="deposed" in instance,
            )
