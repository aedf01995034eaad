"""Deploys, destroys or plans an environment with Terraform, and says what to do where it cannot be done.

`make deploy ENV=prod` runs `python -m operations.deploy prod`, `make destroy` and `make plan` the same with `--verb`.
A person is shown the plan and asked; APPROVE=1 in the environment goes ahead, and is needed where there is no terminal.
A deploy asks first whether it can go through (operations/preflight.py), unless PREFLIGHT is 0. Where the state lacks
something that a deploy would make, it looks first whether that exists (operations/recover.py). Where the settings want
the state elsewhere, MIGRATE_STATE=1 moves it (operations/state_move.py).
"""

import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line, preflight, state_lock
from operations.artifact_copies import forget_wrong_copies
from operations.caller import Caller
from operations.endpoint_status import without_release
from operations.kept_logs import unreadable_after_destroy
from operations.notebook_change import refuse_loss_of_files, restarts, waits_for_start
from operations.opened import opened
from operations.recover import Recovery, refuse_dying_keys, serves_what_is_unknown, told
from operations.state_move import wants_move
from operations.state_place import read_state, wanted
from operations.studio_in_use import refuse_studio_in_use
from operations.terraform_state import TerraformState, refuse_anothers
from operations.undeletable import refuse_undeletable
from operations.uses import KEY
from stacks.environments import read_environment
from stacks.synthesized_stack import OperationError, SynthesizedStack, TerraformError, alone
from stacks.terraform_change import TerraformChange

PLAN = "plan"
# Terraform's, when it cannot write the state: https://developer.hashicorp.com/terraform/cli/commands/state/push
UNSAVED = "errored.tfstate"


def refuse_what_cannot_be_done(verb: str, stack: SynthesizedStack, name: str, caller: Caller) -> TerraformState:
    """Before anything is begun. The state. Raises OperationError with what is in the way and what to do."""
    protected = [".".join(address) for address in stack.protected] if verb == "destroy" else []
    if protected:
        raise OperationError(
            f"{' and '.join(protected)} are protected (lifecycle.prevent_destroy). To destroy them with all that they "
            f"hold: set protected=False and bucket=BucketSettings(force_destroy=True) in stacks/{name}.py, "
            f"make deploy ENV={name}, then destroy"
        )
    unsaved = stack.folder / UNSAVED
    if unsaved.exists():
        raise OperationError(
            "a deploy could not write its state, and Terraform kept it in a file. Nothing was changed. To write it:\n"
            f"  {stack.command('state', 'push', UNSAVED)} && rm {shlex.quote(os.path.relpath(unsaved))}"
        )
    try:
        place = wanted(stack)
        lock, state = state_lock.lock_of(place), read_state(place)
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS does not answer, nothing was changed: {error}") from error
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))
    refuse_anothers(state, tags=stack.tags, region=stack.region, account_id=caller.account_id)
    return state


def wants_preflight(variables: Mapping[str, str]) -> bool:
    """Raises OperationError where PREFLIGHT is neither 0 nor left out."""
    given = variables.get("PREFLIGHT", "")
    if given not in ("", "0"):
        raise OperationError(f"PREFLIGHT: {given!r}: must be 0, or left out")
    return given == ""


def refuse_what_would_fail(stack: SynthesizedStack, name: str, caller: Caller) -> None:
    """Says what is not fine. Raises OperationError where that would stop the deploy midway."""
    rows = preflight.rows_of(name, stack, caller)
    for line in preflight.lines(name, [row for row in rows if row.verdict != preflight.FINE]):
        print(line, flush=True)
    summary = preflight.summary(rows)
    if any(row.verdict in preflight.STOPS for row in rows):
        raise OperationError(f"{summary}: nothing was begun. To go ahead anyway: PREFLIGHT=0 make deploy ENV={name}")
    print(f"{name}: {summary}", flush=True)


def take_over(verb: str, stack: SynthesizedStack, name: str) -> None:
    """Has a deploy import what exists and is not in the state; refuses a destroy, which would leave that.

    Raises OperationError where a person must decide.
    """
    recovery = Recovery(stack, told=told(os.environ))
    for line in recovery.lines:
        print(f"{name}: {line}", flush=True)
    if recovery.first:
        raise OperationError("\n".join([*recovery.first, f"nothing was begun: that first, then {verb} again"]))
    if verb == "destroy" and recovery.lost:
        raise OperationError(
            f"nothing was begun: a destroy would leave these {len(recovery.lost)}. Take them over first: make deploy "
            f"ENV={name}; then destroy"
        )


def approval(verb: str, name: str, variables: Mapping[str, str]) -> Callable[[TerraformChange], bool]:
    """What decides on a plan: APPROVE=1, or a person. Raises OperationError where it needs one and there is neither."""
    given = variables.get("APPROVE", "")
    if given not in ("", "1"):
        raise OperationError(f"APPROVE: {given!r}: must be 1, or left out")
    if given == "1":
        return lambda _: True
    if verb != PLAN and not sys.stdin.isatty():
        raise OperationError(
            f"nothing was begun: there is no terminal to ask at. To go ahead: make {verb} ENV={name} APPROVE=1"
        )

    def asked(change: TerraformChange) -> bool:
        print(change.shown())
        try:
            return input(f"{name}: {verb} this? Only yes goes ahead: ").strip() == "yes"
        except EOFError:
            return False

    return asked


def change(
    verb: str,
    stack: SynthesizedStack,
    name: str,
    approved: Callable[[TerraformChange], bool],
    refuse: Callable[[Mapping[str, str]], None],
) -> bool:
    """Plans and applies; whether it did, or nothing was to do. Raises TerraformError, OperationError where the plan
    would lose people's files, and what `refuse` raises, who is told what the plan does, by address."""

    def say(line: str) -> None:
        print(f"{name}: {line}", flush=True)

    made = TerraformChange(stack, destroy=verb == "destroy", say=say)
    say(f"planning; all that Terraform says is in {os.path.relpath(made.log)}")
    with made.planned() as something:
        if something:
            say(made.summary)
            refuse_loss_of_files(made)
            refuse(made.actions)
            if restarts(made):
                say(
                    "the notebook instance stops for it, where it runs, and starts again: what runs in its kernels ends"
                )
            if not approved(made):
                say("nothing was begun")
                return False
        else:
            say("nothing to change")
        waits = verb == "deploy" and waits_for_start(made)
        made.apply()  # of nothing too: Terraform writes down what it has found changed
        say(made.summary)
        if waits:
            say(f"what the notebook runs or hands out changes at its next start: make notebook-restart ENV={name}")
    stack.imports.unlink(missing_ok=True)  # taken over, or destroyed
    return True


def plan(stack: SynthesizedStack) -> None:
    """Shows what a deploy would do. Raises TerraformError, and OperationError where a deploy refuses that."""
    made = TerraformChange(stack, destroy=False, say=print)
    with made.planned():
        print(made.shown(), flush=True)
        refuse_loss_of_files(made)


def run(verb: str, name: str, output: Path) -> None:
    """Raises OperationError where it does not end well."""
    asks_first, moves = verb == "deploy" and wants_preflight(os.environ), wants_move(os.environ)
    approved = approval(verb, name, os.environ)
    stack, caller = opened(name, output, move_state=moves and verb == "deploy")
    state = refuse_what_cannot_be_done(verb, stack, name, caller)
    if verb == "deploy":
        s3 = boto3.Session(region_name=stack.region).client("s3")
        for line in forget_wrong_copies(stack, state, read_environment(name, os.environ), s3):
            print(f"{name}: {line}", flush=True)
    if asks_first:
        refuse_what_would_fail(stack, name, caller)
    try:
        stack.init()
        if verb == PLAN:
            plan(stack)
            return
        session = boto3.Session(region_name=stack.region)
        if verb == "deploy":
            refuse_dying_keys(session, [str(item.values.get("id")) for item in state.of_type(KEY)], told(os.environ))
        else:
            for line in unreadable_after_destroy(state, session.client("logs")):
                print(f"{name}: {line}", flush=True)
        sagemaker = session.client("sagemaker")
        refuse_undeletable(stack, state, sagemaker, verb)
        lacks = stack.imports.exists() or state.lacks_any(stack)
        if lacks or serves_what_is_unknown(state, sagemaker):
            take_over(verb, stack, name)
        refuse = functools.partial(refuse_studio_in_use, stack, state, sagemaker, verb)
        if change(verb, stack, name, approved, refuse) and verb == "deploy":
            for line in published(stack):
                print(line)
            for line in without_release(read_environment(name, os.environ)):
                print(f"{name}: {line}")
    except TerraformError as error:
        raise TerraformError("\n\n".join([str(error), *held(stack)])) from error
    except KeyboardInterrupt:
        free = "the lock of its state is free; what was made is in the state, and the next deploy goes on from there"
        raise KeyboardInterrupt(f"interrupted; {''.join(held(stack)) or free}") from None


def held(stack: SynthesizedStack) -> list[str]:
    """Who holds the lock of the state, and how to free it; nothing where nobody does, or nobody answers."""
    try:
        lock = state_lock.lock_of(wanted(stack))
    except (BotoCoreError, ClientError):
        return []
    return [] if lock is None else [state_lock.explanation(lock, stack)]


def published(stack: SynthesizedStack) -> Iterator[str]:
    """The outputs, a line each, however long."""
    for name, output in stack.outputs().items():
        value = output["value"]
        yield f"  {name} = {value if isinstance(value, str) else json.dumps(value)}"


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verb", choices=("deploy", "destroy", PLAN), default="deploy")
    arguments = parser.parse_args()
    with command_line.errors_as_lines(arguments.environment), alone(arguments.environment, arguments.output):
        run(arguments.verb, arguments.environment, arguments.output)


if __name__ == "__main__":
    main()
