"""cdktf deploy or destroy, with a line that says what to do where it cannot be done.

`make deploy ENV=prod` runs `python -m operations.deploy prod`, `make destroy ENV=prod` the same with `--verb destroy`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line, state_lock
from operations.recover import synthesize
from operations.terraform_stack import OperationError, TerraformStack
from stacks.environments import ROOT

CDKTF = ROOT / "node_modules/cdktf-cli/bundle/bin/cdktf"
# Retries of the first question, after which AWS is taken to be out of reach: some ten seconds.
FIRST_RETRIES = 4


def protected_resources(stack: TerraformStack) -> list[str]:
    """The addresses that Terraform refuses to destroy."""
    resources: dict[str, dict[str, Any]] = stack.json.get("resource", {})
    return [
        f"{resource_type}.{address}"
        for resource_type, of_type in resources.items()
        for address, resource in of_type.items()
        if resource.get("lifecycle", {}).get("prevent_destroy")
    ]


def refuse_what_cannot_be_done(verb: str, stack: TerraformStack, name: str) -> None:
    """Before anything is begun. Raises OperationError with what is in the way and what to do."""
    protected = protected_resources(stack) if verb == "destroy" else []
    if protected:
        raise OperationError(
            f"{' and '.join(protected)} are protected (lifecycle.prevent_destroy). To destroy them with all that they "
            f"hold: set protected=False and bucket=BucketSettings(force_destroy=True) in stacks/{name}.py, "
            f"`cdktf deploy {name}`, then destroy"
        )
    try:
        boto3.client(
            "sts", region_name=_region(stack), config=Config(retries={"total_max_attempts": FIRST_RETRIES})
        ).get_caller_identity()
        lock = state_lock.lock_of(stack, state_lock.s3_client(stack))
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS does not answer, nothing was changed: {error}") from error
    if lock is not None:
        raise OperationError(state_lock.explanation(lock, stack))


def _region(stack: TerraformStack) -> str:
    region: str = stack.json["provider"]["aws"][0]["region"]
    return region


def run(verb: str, name: str, output: Path, options: Sequence[str]) -> None:
    """Raises OperationError where cdktf does not end well."""
    synthesize(output)
    stack = TerraformStack(folder=output / "stacks" / name, variables=os.environ)
    refuse_what_cannot_be_done(verb, stack, name)
    node = Path(sys.executable).with_name("node")
    command = [str(node), str(CDKTF), verb, name, "--output", os.path.relpath(output, ROOT), *options]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code == 0:
        stack.imports.unlink(missing_ok=True)  # taken over, or destroyed
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
