"""After an accident: finds what AWS has and the state has not, and prepares the next deploy to take it over.

`make recover ENV=prod` runs `python -m operations.recover prod`; `make deploy` does the same before it begins, where
the state lacks something. Nothing is changed in AWS. In the state, two things are: the mark of what AWS made and failed
to say so is taken away, and so is what stands in the place of something else that the environment's data is in, or of
a model's artifact that was released.
"""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from operations import command_line, state_lock
from operations.answers import answer, answer_if_allowed
from operations.artifact_copies import forget_wrong_copies
from operations.finders import Finders, tags_of
from operations.opened import opened
from operations.state_place import read_state, wanted
from operations.terraform_state import TerraformState, refuse_anothers
from operations.uses import KEY, VPC, Uses
from settings.names import GENERATED_DIGITS
from stacks.environments import Environment, read_environment
from stacks.synthesized_stack import OperationError, SynthesizedStack, alone

Plan = Mapping[str, Any]
# The longest: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
KEY_KEPT_DAYS = 30
CONFIGURATION, MODEL = "aws_sagemaker_endpoint_configuration", "aws_sagemaker_model"
NOTEBOOK = "aws_sagemaker_notebook_instance"
# What is lost with them cannot be made again, or somebody waits for their answers.
HOLDS_DATA_OR_SERVES = frozenset({"aws_kms_key", "aws_s3_bucket", "aws_sagemaker_endpoint", NOTEBOOK})
# Addresses of such whose replacement somebody wants, with commas between.
REPLACE_VARIABLE = "REPLACE"


class Recovery:
    """What was found, in `lines`; what a person must do before the next deploy, in `first`, a command perhaps.

    Raises OperationError where the next deploy would replace or destroy what holds data or serves only because of what
    it takes over, unless `told` has the address.
    """

    def __init__(self, stack: SynthesizedStack, *, told: Sequence[str] = (), locked: bool = False) -> None:
        self._stack, self._told, self._unlocked = stack, told, ["-lock=false"] if locked else []
        stack.imports.unlink(missing_ok=True)
        plan: Plan = stack.plan()
        session = boto3.Session(region_name=stack.region)
        self._finders = Finders(session, Uses(session, plan))
        refuse_dying_keys(session, self._finders.uses.with_data(KEY, lost_only=False), told)
        self.lines: list[str] = []
        plan = self._without_marks(plan)
        self.lost, plan = self._taken_over(plan)
        self.lines += [f"{address} exists and is not in the state: {found}" for address, found in self.lost.items()]
        self.first = [*_kept_from(plan, self._finders), *failed(plan, self._finders)]
        self.first += in_the_way(plan, self._finders)
        self.lines += left(plan, self._finders)

    def _without_marks(self, plan: Plan) -> Plan:
        marked = tainted(plan, self._finders)
        for address in marked:
            self._stack.run("untaint", *self._unlocked, address)
            self.lines.append(f"{address} was made although AWS failed to say so: no longer marked to be replaced")
        return self._stack.plan() if marked else plan

    def _taken_over(self, before: Plan) -> tuple[dict[str, str], Plan]:
        """Address to import id of what exists and is not in the state, and the plan that imports it.

        It plans again as long as something is found: that makes more known, as a model's name hangs on its network's
        ids, and so more can be found.
        """
        lost: dict[str, str] = {}
        plan = before
        while True:
            found = find_lost(plan, self._finders)
            superseded = dict(superseded_by_what_has_the_data(plan, self._finders))
            superseded |= self._gone_but_in_the_state(found)
            if superseded:
                self._stack.run("state", "rm", *self._unlocked, *superseded)
                self.lines += [f"{address} is no longer in the state: {why}" for address, why in superseded.items()]
            elif found.keys() - lost:
                lost |= found
                blocks = [{"to": address, "id": found_id} for address, found_id in sorted(lost.items())]
                self._stack.write_imports(blocks)
            else:
                break
            plan = self._stack.plan()
        self._refuse_to_lose(dict(lost_by_taking_over(before, plan)))
        refuse_a_second(plan, self._finders, self._told)
        return lost, plan

    def _gone_but_in_the_state(self, found: Mapping[str, str]) -> dict[str, str]:
        """Terraform reads no import block of what its state has, though it is gone, and another one is there."""
        state = read_state(wanted(self._stack))
        known = {item.address: item.values.get("id") for item in state.resources if not item.deposed}
        return {
            address: f"{known[address]} is gone, and {found_id} is there"
            for address, found_id in found.items()
            if address in known
        }

    def _refuse_to_lose(self, lost: Mapping[str, str]) -> None:
        said = [f"{address} would be {what}" for address, what in lost.items()]
        refused = [item for item in lost if item.split(".")[0] in HOLDS_DATA_OR_SERVES and item not in self._told]
        if refused:
            self._stack.imports.unlink()
            raise OperationError(
                "\n".join(
                    [
                        *self.lines,
                        "with what exists taken over, the next deploy would lose what cannot be made again:",
                        *[f"  {line}" for line in said],
                        "No import was prepared. Make the settings, or AWS, as the other is; or, where it may be lost, "
                        f"say so: {REPLACE_VARIABLE}={','.join(refused)}",
                    ]
                )
            )
        self.lines += said


def refuse_dying_keys(session: boto3.Session, key_ids: Iterable[str], told: Sequence[str]) -> None:
    """Raises OperationError where one that data is encrypted with is to be deleted, unless a key may be replaced."""
    for key_id in key_ids:
        found = answer_if_allowed(session.client("kms").describe_key, KeyId=key_id).get("KeyMetadata", {})
        if found.get("KeyState") == "PendingDeletion" and not any(item.startswith(f"{KEY}.") for item in told):
            raise OperationError(
                f"the key {key_id} is to be deleted at {found['DeletionDate']:%Y-%m-%d %H:%M} UTC, and with it all "
                "that it encrypted. Nothing was changed. To keep it (a deploy then enables it):\n"
                f"  aws kms cancel-key-deletion --key-id {key_id}\n"
                f"If all of that may be lost: {REPLACE_VARIABLE}=<the key's address>"
            )


def refuse_a_second(plan: Plan, finders: Finders, told: Sequence[str]) -> None:
    """Raises OperationError where a key or a VPC would be made, while what is taken over works with one that has not
    the tags by which it would be found."""
    for change in changes(plan, ["create"]):
        kind, address = change["type"], change["address"]
        works_with = finders.uses.with_data(kind, lost_only=True) if kind in (KEY, VPC) else []
        if works_with and address not in told:
            tags = tags_of(change["change"]["after"])
            raise OperationError(
                f"{address} would be made a second time: {' and '.join(finders.uses.users(kind, works_with[0]))} works "
                f"with {works_with[0]}, which has not the tags of this environment's. To give it them:\n  "
                f"{_tagging(kind, works_with[0], tags)}\nIf it may be left: {REPLACE_VARIABLE}={address}"
            )


def _tagging(resource_type: str, found: str, tags: Mapping[str, str]) -> str:
    if resource_type == KEY:
        pairs = [f"TagKey={key},TagValue={value}" for key, value in sorted(tags.items())]
        return shlex.join(["aws", "kms", "tag-resource", "--key-id", found, "--tags", *pairs])
    pairs = [f"Key={key},Value={value}" for key, value in sorted(tags.items())]
    return shlex.join(["aws", "ec2", "create-tags", "--resources", found, "--tags", *pairs])


def serves_what_is_unknown(state: TerraformState, sagemaker: Any) -> bool:  # noqa: ANN401 - boto3 has no types
    """Whether an endpoint serves a configuration that the state does not have: an older copy was put back, perhaps."""
    known = {item.values.get("name") for item in state.of_type(CONFIGURATION)}
    names = [item.values.get("name") for item in state.of_type("aws_sagemaker_endpoint")]
    described = [answer(sagemaker.describe_endpoint, EndpointName=name) for name in names if name]
    return any(endpoint["EndpointConfigName"] not in known for endpoint in described if endpoint)


def find_lost(plan: Plan, finders: Finders) -> dict[str, str]:
    """Address to import id of what a plan would make although it exists, and which can be taken over."""
    return {
        change["address"]: found_id
        for change in changes(plan, ["create"])
        if (found_id := finders.find(change["type"], change["change"]["after"])) is not None
        and finders.failed(change["type"], change["change"]["after"]) is None
        and finders.kept_from(change["type"], change["change"]["after"]) is None
    }


def superseded_by_what_has_the_data(plan: Plan, finders: Finders) -> Iterator[tuple[str, str]]:
    """Addresses of what a deploy made anew while the state did not know what exists, and why that goes before it.

    A key and a VPC that the environment's things do not work with, while they work with another one; with the VPC, what
    is in it. A configuration that no endpoint serves, while one does serve another that the state does not know; and a
    model, while an endpoint serves the very one that the plan would make.
    """
    for resource_type, candidates in ((KEY, finders.keys), (VPC, finders.vpcs)):
        for item in _in_state(plan, resource_type):
            own = item["values"]["id"]
            chosen = finders.uses.chosen(resource_type, [own, *candidates(item["values"])], known=own)
            if chosen is not None and chosen != own:
                users = " and ".join(finders.uses.users(resource_type, chosen))
                why = f"{own} was made anew, while it is {chosen} that {users} works with"
                yield item["address"], why
                for inside in _in_state(plan):
                    if inside["values"].get("vpc_id") == own:
                        yield inside["address"], why
    served = finders.configurations_in_use
    known = {item["name"] for item in _values_in_state(plan, CONFIGURATION)}
    for item in _in_state(plan, CONFIGURATION):
        own = item["values"]["name"]
        for other in finders.generated_configurations(own[:-GENERATED_DIGITS]):
            if own not in served and other in served - known:
                yield item["address"], f"{own} serves nothing, while {other} does"
    served_models = finders.models_of(served)
    for change in changes(plan, ["create", "delete"]):
        if change["type"] == MODEL:
            own, wanted = change["change"]["before"]["name"], change["change"]["after"].get("name")
            if wanted in served_models and own not in served_models:
                yield change["address"], f"{own} serves nothing, while {wanted} does"


def tainted(plan: Plan, finders: Finders) -> list[str]:
    """What was made while AWS failed to say so: Terraform would replace it, and make the new one under the same name
    before it destroys the old one, as whatever a create-before-destroy resource hangs on is made first too; or a
    notebook instance, which it would destroy first, with the files that people may have on it by now.

    What SageMaker failed to make is not among them.
    """
    notebooks = [item for item in changes(plan, ["delete", "create"]) if item["type"] == NOTEBOOK]
    return [
        item["address"]
        for item in [*changes(plan, ["create", "delete"]), *notebooks]
        if item.get("action_reason") == "replace_because_tainted"
        and finders.found_failed(item["type"], item["change"]["before"]) is None
    ]


def lost_by_taking_over(before: Plan, after: Plan) -> Iterator[tuple[str, str]]:
    """Addresses of what the later plan destroys or replaces while the earlier one does not, and what happens to it."""
    at_first = {(item["address"], item.get("deposed")) for item in _deletions(before)}
    for item in _deletions(after):
        if (item["address"], item.get("deposed")) not in at_first:
            paths = [".".join(map(str, path)) for path in item.get("replace_paths", [])]
            yield item["address"], f"replaced, because of {' and '.join(paths)}" if paths else "destroyed"


def _kept_from(plan: Plan, finders: Finders) -> Iterator[str]:
    for change in changes(plan, ["create"]):
        if (why := finders.kept_from(change["type"], change["change"]["after"])) is not None:
            yield why


def failed(plan: Plan, finders: Finders) -> Iterator[str]:
    """The commands that delete what SageMaker failed to make, and what the next deploy makes again."""
    for item in [*changes(plan, ["create"]), *changes(plan, ["create", "delete"])]:
        if (command := finders.failed(item["type"], item["change"]["after"])) is not None:
            yield f"SageMaker failed to make this: it can only be deleted, before the next deploy:\n  {command}"


def in_the_way(plan: Plan, finders: Finders) -> Iterator[str]:
    """The commands that delete the models which a deploy that died made to replace others that are in the state still.

    Nothing that an endpoint serves is among them.
    """
    served_models = finders.models_of(finders.configurations_in_use)
    for change in changes(plan, ["create", "delete"]):
        found = finders.find(change["type"], change["change"]["after"]) if change["type"] == MODEL else None
        if found is not None and found not in served_models:
            yield f"in the way of one that is to be made:\n  aws sagemaker delete-model --model-name {found}"


def left(plan: Plan, finders: Finders) -> Iterator[str]:
    """What has this environment's tags or names, is not in its state, and nothing works with: the commands that delete
    it; a line where something works with it."""
    served = finders.configurations_in_use
    known = {item["name"] for item in _values_in_state(plan, CONFIGURATION)}
    for prefix in sorted({name[:-GENERATED_DIGITS] for name in known}):
        for name in finders.generated_configurations(prefix):
            if name not in known | served:
                commands = [f"aws sagemaker delete-endpoint-config --endpoint-config-name {name}"]
                yield _unused("\n  ".join([*commands, *finders.delete_rollback_alarms(name)]))
    models = [*_values_in_state(plan, MODEL)]
    kept = {item["name"] for item in models} | finders.models_of(served) | _planned_names(plan, MODEL)
    for name in sorted(set(finders.models(models[0])) - kept if models else ()):
        yield _unused(f"aws sagemaker delete-model --model-name {name}")
    for resource_type, candidates in ((KEY, finders.keys), (VPC, finders.vpcs)):
        for values in _values_in_state(plan, resource_type):
            for other in sorted(set(candidates(values)) - {values["id"]}):
                yield _second(resource_type, other, finders)


def _second(resource_type: str, found: str, finders: Finders) -> str:
    kind = {KEY: "key", VPC: "VPC"}[resource_type]
    said = f"the {kind} {found} has this environment's tags and is not in its state."
    users = finders.uses.users(resource_type, found)
    if users:
        return f"{said} {' and '.join(users)} works with it: the next deploy changes that; look again after it"
    if resource_type == VPC:
        return f"{said} If nothing of yours is in it, delete it:\n  " + "\n  ".join(finders.delete_vpc(found))
    return (
        f"{said} If nothing was encrypted with it, delete it; AWS keeps it for {KEY_KEPT_DAYS} days, in which that can "
        f"be taken back:\n  aws kms schedule-key-deletion --key-id {found} --pending-window-in-days {KEY_KEPT_DAYS}"
    )


def _unused(commands: str) -> str:
    return f"left by a deploy that died, and in use by nothing that Terraform knows:\n  {commands}"


def changes(plan: Plan, actions: list[str]) -> Iterator[dict[str, Any]]:
    """What is to happen to resources that the plan does not take over."""
    for change in plan.get("resource_changes", []):
        if change["change"]["actions"] == actions and "importing" not in change["change"]:
            yield change


def _deletions(plan: Plan) -> Iterator[dict[str, Any]]:
    for change in plan.get("resource_changes", []):
        if "delete" in change["change"]["actions"]:
            yield change


def _planned_names(plan: Plan, resource_type: str) -> set[str]:
    planned = [item["change"]["after"] for item in plan.get("resource_changes", []) if item["type"] == resource_type]
    return {values["name"] for values in planned if values and values.get("name")}


def _in_state(plan: Plan, resource_type: str | None = None) -> Iterator[dict[str, Any]]:
    """With their addresses; what is taken over by the plan is not among them."""
    resources = plan.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", [])
    taken_over = {item["address"] for item in plan.get("resource_changes", []) if "importing" in item["change"]}
    for item in resources:
        if item["mode"] == "managed" and resource_type in (None, item["type"]) and item["address"] not in taken_over:
            yield item


def _values_in_state(plan: Plan, resource_type: str) -> Iterator[Mapping[str, Any]]:
    """Those included that a replacement left to be deleted, and those that the plan takes over."""
    for change in plan.get("resource_changes", []):
        if change["type"] == resource_type and change["change"]["before"]:
            yield change["change"]["before"]


def recover(stack: SynthesizedStack, environment: Environment, told: Sequence[str], account_id: str) -> Iterator[str]:
    """Lines that say what was found and what to do. Raises OperationError."""
    place = wanted(stack)
    state = read_state(place)
    refuse_anothers(state, tags=stack.tags, region=stack.region, account_id=account_id)
    stack.init()
    lock = state_lock.lock_of(place)
    if lock is not None:
        yield state_lock.explanation(lock, stack)
        if not lock.is_abandoned(stack):
            return
    s3 = boto3.Session(region_name=stack.region).client("s3")
    yield from forget_wrong_copies(stack, state, environment, s3, *([] if lock is None else ["-lock=false"]))
    recovery = Recovery(stack, told=told, locked=lock is not None)
    yield from recovery.lines
    yield from recovery.first
    if recovery.lost:
        where = os.path.relpath(stack.imports)
        yield f"the next deploy takes these {len(recovery.lost)} over: import blocks in {where}"
    else:
        yield "everything that exists is in the state: nothing to take over"


def told(variables: Mapping[str, str]) -> list[str]:
    """The addresses of REPLACE."""
    return [address.strip() for address in variables.get(REPLACE_VARIABLE, "").split(",") if address.strip()]


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    name: str = arguments.environment
    output: Path = arguments.output
    with command_line.errors_as_lines(name), alone(name, output):
        stack, caller = opened(name, output)
        environment = read_environment(name, os.environ)
        for line in recover(stack, environment, told(os.environ), caller.account_id):
            print(f"{name}: {line}", flush=True)


if __name__ == "__main__":
    main()
