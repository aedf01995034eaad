"""The move of a stack's Terraform state to the place that the settings name now.

Terraform itself knows only what it was initialized with: in a fresh checkout it would begin with an empty state, and
make everything a second time. https://developer.hashicorp.com/terraform/language/backend#change-configuration
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from operations.answers import answer_if_allowed
from operations.state_lock import explanation, lock_of
from operations.state_place import InBucket, InFile, Place, initialized, of_settings, read_state, wanted
from operations.terraform_state import TerraformState
from settings.environment import EnvironmentSettings
from settings.names import state_key
from stacks.synthesized_stack import OperationError, SynthesizedStack

VARIABLE = "MIGRATE_STATE"
Buckets = Callable[[], Iterable[InBucket]]


def settle(stack: SynthesizedStack, *, move: bool) -> Iterator[str]:
    """Has Terraform begin with the state that there is; before it is initialized. Yields what was done.

    Raises OperationError where the state is elsewhere and is not to be moved, or where both places have one.
    """
    now = wanted(stack)
    yield from _looked_for(stack, now, lambda: _buckets(stack), move=move)
    if initialized(stack.folder) not in (None, now):
        # What Terraform was told when it was initialized. The providers beside it stay.
        (stack.folder / ".terraform/terraform.tfstate").unlink()


def wants_move(variables: Mapping[str, str]) -> bool:
    """Raises OperationError where MIGRATE_STATE is neither 1 nor left out."""
    given = variables.get(VARIABLE, "")
    if given not in ("", "1"):
        raise OperationError(f"{VARIABLE}: {given!r}: must be 1, or left out")
    return given == "1"


def state_of(settings: EnvironmentSettings, output: Path) -> TerraformState:
    """An environment's state, where nothing may have been synthesized. Changes nothing.

    Raises OperationError as `settle` does.
    """
    stack = SynthesizedStack(folder=output / "stacks" / settings.name, variables=os.environ)
    now = of_settings(settings, output)
    buckets = partial(_buckets_with, settings.names.state_key, settings.region)
    for _ in _looked_for(stack, now, buckets, move=False):
        pass
    return read_state(now)


def _looked_for(stack: SynthesizedStack, now: Place, buckets: Buckets, *, move: bool) -> Iterator[str]:
    for before in _earlier(stack, now, buckets):
        if read_state(before).resources:
            yield from _settled(stack, before, now, move=move)


def _earlier(stack: SynthesizedStack, now: Place, buckets: Buckets) -> Iterator[Place]:
    """Where the state may still be: where Terraform was told; the file that it is in until it has a bucket; and, where
    the settings' place has none, the account's buckets."""
    file = InFile(Path(os.path.normpath(stack.folder / f"../../../terraform.{stack.folder.name}.tfstate")))
    told = initialized(stack.folder)
    possible = () if told is not None or now.text() else buckets()
    for place in dict.fromkeys([told, file, *possible]):
        if place is not None and place != now:
            yield place


def _buckets(stack: SynthesizedStack) -> Iterator[InBucket]:
    return _buckets_with(state_key(stack.tags["Project"], stack.tags["Environment"]), stack.region)


def _buckets_with(key: str, region: str) -> Iterator[InBucket]:
    """Those that may be listed, and may hold the state under the key that it has in every bucket."""
    s3 = boto3.client("s3", region_name=region)
    for bucket in answer_if_allowed(s3.list_buckets).get("Buckets", []):
        with suppress(ClientError):  # one that is not this caller's to look into
            if s3.list_objects_v2(Bucket=bucket["Name"], Prefix=key, MaxKeys=1)["KeyCount"]:
                yield InBucket(bucket["Name"], key, region)


def _settled(stack: SynthesizedStack, before: Place, now: Place, *, move: bool) -> Iterator[str]:
    old, new = read_state(before), read_state(now)
    if new.lineage == old.lineage and new.serial >= old.serial:
        return  # it was moved from another checkout
    if new.resources and new.lineage != old.lineage:
        raise OperationError(
            f"there are two states, which know nothing of each other: {before} ({len(old.resources)} resources), and "
            f"{now} ({len(new.resources)}), which the settings name. Nothing was changed. Look into both, and move the "
            "one away that is not this environment's"
        )
    if not move:
        raise OperationError(
            f"its state is in {before} ({len(old.resources)} resources), and the settings want it in {now}. Nothing "
            f"was changed. To move it there, and go on: make deploy ENV={stack.folder.name} {VARIABLE}=1"
        )
    for place in (before, now):
        if lock := lock_of(place):
            raise OperationError(explanation(lock, stack))
    # Not by `terraform state push`: in a bucket without a state it gives it another lineage, and counts anew.
    now.put(before.text())
    yield f"its state was moved from {before} to {now}; {before.put_away()}"
