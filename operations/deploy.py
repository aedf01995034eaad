"""cdktf deploy or destroy, with a line that says what to do where it cannot be done.

`make deploy ENV=prod` runs `python -m operations.deploy prod`, `make destroy ENV=prod` the same with `--verb destroy`.
A deploy asks first whether it can go through (operations/preflight.py), unless PREFLIGHT is 0 in the environment. Where
the state lacks something that a deploy would make, it looks first whether that exists (operations/recover.py).
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line, preflight, state_lock
from operations.caller import Caller, speaks_to
from operations.recover import Recovery, refuse_dying_keys, serves_what_is_unknown, told
from operations.terraform_state import TerraformState, read_state, refuse_anothers
from operations.uses import KEY
from stacks.synthesized_stack import OperationError, SynthesizedStack, alone, synthesized_stack


def refuse_what_cannot_be_done(verb: str, stack: SynthesizedStack, name: str) -> tuple[TerraformState, Caller]:
    """Before anything is begun. The state, and who asks. Raises OperationError: what is in the way, and what to do."""
    protected = [".".join(address) for address in stack.protected] if verb == "destroy" else []
    if protected:
        raise OperationError(
            f"{' and '.join(protected)} are protected (lifecycle.prevent_destroy). To destroy them with all that they "
            f"hold: set protected=False and bucket=BucketSettings(force_destroy=True) in stacks/{name}.py, "
            f"`cdktf deploy {name}`, then destroy"
        )
    caller = speaks_to(name, stack.region)
    try:
        s3 = state_lock.s3_client(stack)
        lock, state = state_lock.lock_of(stack, s3), read_state(stack, s3)
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS does not answer, nothing was changed: {error}") from error
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))
    refuse_anothers(state, tags=stack.tags, region=stack.region, account_id=caller.account_id)
    return state, caller


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
    stack.init()
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


def run(verb: str, name: str, output: Path, options: Sequence[str]) -> None:
    """Raises OperationError where cdktf does not end well."""
    asks_first = verb == "deploy" and wants_preflight(os.environ)
    stack = synthesized_stack(name, output)
    state, caller = refuse_what_cannot_be_done(verb, stack, name)
    if asks_first:
        refuse_what_would_fail(stack, name, caller)
    session = boto3.Session(region_name=stack.region)
    if verb == "deploy":
        refuse_dying_keys(session, [str(item.values.get("id")) for item in state.of_type(KEY)], told(os.environ))
    sagemaker = session.client("sagemaker")
    if stack.imports.exists() or state.lacks_any(stack) or serves_what_is_unknown(state, sagemaker):
        take_over(verb, stack, name)
    code = stack.cdktf(verb, *options)
    if code == 0:
        return
    lock = state_lock.lock_of(stack, state_lock.s3_client(stack))
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))
    raise OperationError(f"cdktf {verb} ended with {code}: see above. The next deploy takes over what this one made")


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verb", choices=("deploy", "destroy"), default="deploy")
    arguments, options = parser.parse_known_args()
    with command_line.errors_as_lines(arguments.environment), alone(arguments.environment, arguments.output):
        run(arguments.verb, arguments.environment, arguments.output, options)


if __name__ == "__main__":
    main()
