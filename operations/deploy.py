"""cdktf deploy or destroy, with a line that says what to do where it cannot be done.

`make deploy ENV=prod` runs `python -m operations.deploy prod`, `make destroy ENV=prod` the same with `--verb destroy`.
A deploy asks first whether it can go through (operations/preflight.py), unless PREFLIGHT is 0 in the environment.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line, preflight, state_lock
from stacks.synthesized_stack import OperationError, SynthesizedStack, synthesized_stack

# Retries of the first question, after which AWS is taken to be out of reach: some ten seconds.
FIRST_RETRIES = 4


def refuse_what_cannot_be_done(verb: str, stack: SynthesizedStack, name: str) -> None:
    """Before anything is begun. Raises OperationError with what is in the way and what to do."""
    protected = [".".join(address) for address in stack.protected] if verb == "destroy" else []
    if protected:
        raise OperationError(
            f"{' and '.join(protected)} are protected (lifecycle.prevent_destroy). To destroy them with all that they "
            f"hold: set protected=False and bucket=BucketSettings(force_destroy=True) in stacks/{name}.py, "
            f"`cdktf deploy {name}`, then destroy"
        )
    try:
        boto3.client(
            "sts", region_name=stack.region, config=Config(retries={"total_max_attempts": FIRST_RETRIES})
        ).get_caller_identity()
        lock = state_lock.lock_of(stack, state_lock.s3_client(stack))
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS does not answer, nothing was changed: {error}") from error
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))


def wants_preflight(variables: Mapping[str, str]) -> bool:
    """Raises OperationError where PREFLIGHT is neither 0 nor left out."""
    given = variables.get("PREFLIGHT", "")
    if given not in ("", "0"):
        raise OperationError(f"PREFLIGHT: {given!r}: must be 0, or left out")
    return given == ""


def refuse_what_would_fail(stack: SynthesizedStack, name: str) -> None:
    """Says what is not fine. Raises OperationError where that would stop the deploy midway."""
    rows = preflight.rows_of(name, stack)
    for line in preflight.lines(name, [row for row in rows if row.verdict != preflight.FINE]):
        print(line, flush=True)
    summary = preflight.summary(rows)
    if any(row.verdict in preflight.STOPS for row in rows):
        raise OperationError(f"{summary}: nothing was begun. To go ahead anyway: PREFLIGHT=0 make deploy ENV={name}")
    print(f"{name}: {summary}", flush=True)


def run(verb: str, name: str, output: Path, options: Sequence[str]) -> None:
    """Raises OperationError where cdktf does not end well."""
    asks_first = verb == "deploy" and wants_preflight(os.environ)
    stack = synthesized_stack(name, output)
    refuse_what_cannot_be_done(verb, stack, name)
    if asks_first:
        refuse_what_would_fail(stack, name)
    code = stack.cdktf(verb, *options)
    if code == 0:
        return
    lock = state_lock.lock_of(stack, state_lock.s3_client(stack))
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))
    raise OperationError(
        f"cdktf {verb} ended with {code}: see above. If something is said to exist already, a deploy died before: "
        f"make recover ENV={name}"
    )


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verb", choices=("deploy", "destroy"), default="deploy")
    arguments, options = parser.parse_known_args()
    with command_line.errors_as_lines(arguments.environment):
        run(arguments.verb, arguments.environment, arguments.output, options)


if __name__ == "__main__":
    main()
