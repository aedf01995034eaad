"""After a deploy that died: finds what AWS has and the state has not, and prepares the next deploy to import it.

`make recover ENV=prod` runs `python -m operations.recover prod`. It changes nothing in AWS. In the state it changes one
thing: a resource that Terraform marked as tainted, because AWS made it and failed to say so, loses that mark.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from operations import command_line, state_lock
from operations.finders import Finders
from settings.names import GENERATED_DIGITS
from stacks.synthesized_stack import SynthesizedStack, synthesized_stack

Plan = dict[str, Any]
# The longest: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
KEY_KEPT_DAYS = 30


def find_lost(stack: SynthesizedStack, finders: Finders, plan: Plan) -> tuple[dict[str, str], Plan]:
    """Address to import id of what exists but is not in the state; writes the import blocks beside the stack.

    `plan` is one without them, the plan returned one with them. It plans again as long as something is found: that
    makes more known (a model's name hangs on its network's ids), and so more can be found. Raises OperationError.
    """
    lost: dict[str, str] = {}
    while found := {
        change["address"]: found_id
        for change in _changes(plan, ["create"])
        if (found_id := finders.find(change["type"], change["change"]["after"])) is not None
        and finders.failed(change["type"], change["change"]["after"]) is None
        and finders.kept_from(change["type"], change["change"]["after"]) is None
    }:
        lost |= found
        blocks = [{"to": address, "id": found_id} for address, found_id in sorted(lost.items())]
        stack.imports.write_text(json.dumps({"import": blocks}, indent=2) + "\n")
        plan = stack.plan()
    return lost, plan


def tainted(plan: Plan, finders: Finders) -> list[str]:
    """What was made while AWS failed to say so: Terraform would replace it, and make the new one under the same name
    before it destroys the old one, as whatever a create-before-destroy resource hangs on is made first too.

    What SageMaker failed to make is not among them.
    """
    changes = _changes(plan, ["create", "delete"])
    return [
        item["address"]
        for item in changes
        if item.get("action_reason") == "replace_because_tainted"
        and finders.failed(item["type"], item["change"]["before"]) is None
    ]


def failed(plan: Plan, finders: Finders) -> list[str]:
    """The commands that delete what SageMaker failed to make, and what the next deploy makes again."""
    wanted = [*_changes(plan, ["create"]), *_changes(plan, ["create", "delete"])]
    commands = [finders.failed(item["type"], item["change"]["after"]) for item in wanted]
    return [command for command in commands if command is not None]


def in_the_way(plan: Plan, finders: Finders) -> list[str]:
    """What a deploy that died made to replace something that is still in the state: the commands that delete it.

    Nothing that an endpoint serves is among them.
    """
    served = finders.configurations_in_use()
    served_models = finders.models_of(served)
    commands = []
    for change in _changes(plan, ["create", "delete"]):
        found = finders.find(change["type"], change["change"]["after"])
        if change["type"] == "aws_sagemaker_model" and found is not None and found not in served_models:
            commands.append(f"aws sagemaker delete-model --model-name {found}")
    known = {item["name"] for item in _state_resources(plan, "aws_sagemaker_endpoint_configuration")}
    for prefix in sorted({name[:-GENERATED_DIGITS] for name in known}):
        for name in finders.generated_configurations(prefix):
            if name not in known | served:
                commands.append(f"aws sagemaker delete-endpoint-config --endpoint-config-name {name}")
                commands += finders.delete_rollback_alarms(name)
    return commands


def made_twice(plan: Plan, finders: Finders) -> Iterator[str]:
    """Lines on keys like the one in the state: an SDK that got no reply asks again, and KMS makes another one."""
    for values in _state_resources(plan, "aws_kms_key"):
        for key_id in sorted(set(finders.keys(values)) - {values["key_id"]}):
            yield (
                f"the key {key_id} has this environment's tags and is not in its state. If nothing was encrypted with "
                f"it, delete it; AWS keeps it for {KEY_KEPT_DAYS} days, in which that can be taken back:\n"
                f"  aws kms schedule-key-deletion --key-id {key_id} --pending-window-in-days {KEY_KEPT_DAYS}"
            )


def _changes(plan: Plan, actions: list[str]) -> Iterator[dict[str, Any]]:
    for change in plan.get("resource_changes", []):
        if change["change"]["actions"] == actions and "importing" not in change["change"]:
            yield change


def _state_resources(plan: Plan, resource_type: str) -> Iterator[dict[str, Any]]:
    """The values of a type in the state, those included that a replacement left to be deleted."""
    resources = plan.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", [])
    yield from (item["values"] for item in resources if item["type"] == resource_type)
    for change in plan.get("resource_changes", []):
        if "deposed" in change and change["type"] == resource_type:
            yield change["change"]["before"]


def recover(name: str, output: Path) -> Iterator[str]:
    """Lines that say what was found and what to do. Raises OperationError."""
    stack = synthesized_stack(name, output)
    stack.init()
    lock = state_lock.lock_of(stack, state_lock.s3_client(stack))
    if lock is not None:
        yield f"{name}: {state_lock.explanation(lock, stack)}"
        if lock.living_holders(stack) != []:
            return
    stack.imports.unlink(missing_ok=True)
    plan, finders = stack.plan(), Finders(boto3.Session())
    marked = tainted(plan, finders)
    for address in marked:
        stack.run("untaint", *([] if lock is None else ["-lock=false"]), address)
        yield f"{name}: {address} was made although AWS failed to say so: kept, no longer marked to be replaced"
    lost, plan = find_lost(stack, finders, stack.plan() if marked else plan)
    for address, found_id in sorted(lost.items()):
        yield f"{name}: {address} exists and is not in the state: {found_id}"
    for change in _changes(plan, ["create"]):
        if (why := finders.kept_from(change["type"], change["change"]["after"])) is not None:
            yield f"{name}: {why}"
    for command in failed(plan, finders):
        yield f"{name}: SageMaker failed to make this: it can only be deleted, before the next deploy:\n  {command}"
    for command in in_the_way(plan, finders):
        yield f"{name}: left by a deploy that died, and in use by nothing that Terraform knows:\n  {command}"
    for line in made_twice(plan, finders):
        yield f"{name}: {line}"
    if lost:
        yield f"{name}: the next deploy takes these {len(lost)} over: import blocks in {os.path.relpath(stack.imports)}"
    else:
        yield f"{name}: everything that exists is in the state: nothing to take over"


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    with command_line.errors_as_lines(arguments.environment):
        for line in recover(arguments.environment, arguments.output):
            print(line, flush=True)


if __name__ == "__main__":
    main()
