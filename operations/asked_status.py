"""The status of several environments, asked at the same time: `python -m operations.status <environment> --json`, each
with credentials that lead to it.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from operations.reach import session_for, variables_for
from settings.problems import printable
from stacks.environments import ROOT, Environment
from stacks.sourced_shell import ENVIRONMENT_VARIABLE, OUTPUT_VARIABLE
from stacks.synthesized_stack import OperationError


def not_reached(environment: Environment, why: str, account_id: str | None = None) -> dict[str, Any]:
    """The status of an environment that could not be asked."""
    settings = environment.settings
    return {
        "environment": settings.name,
        "account_id": account_id or settings.account_id,
        "region": settings.region,
        "error": why,
        "endpoints": [],
    }


def asked_statuses(environments: Sequence[Environment], variables: Mapping[str, str]) -> list[dict[str, Any]]:
    """Of each one; where one could not be asked, with why. Tells, on standard error, which AWS each of them is in."""
    found, asked = {}, {}
    with ExitStack() as stack:
        for environment in environments:
            own = variables_for(environment, variables)
            try:
                session_for(environment, variables)
            except OperationError as error:
                found[environment.settings.name] = not_reached(environment, str(error))
                continue
            if _is_not_here(environment.settings.name, own):
                why = f"it is not on this local AWS: make local ENV={environment.settings.name}"
                found[environment.settings.name] = not_reached(environment, why)
                continue
            asked[environment.settings.name] = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "operations.status", environment.settings.name, "--json"],
                    cwd=ROOT,
                    env=own,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="backslashreplace",
                )
            )
        for environment in environments:
            if environment.settings.name in asked:
                said, errors = asked[environment.settings.name].communicate()
                found[environment.settings.name] = _read(environment, said, errors)
    return [found[environment.settings.name] for environment in environments]


def _is_not_here(name: str, variables: Mapping[str, str]) -> bool:
    """Of a shell that works with the local AWS, where every environment has an output folder once it is deployed."""
    sourced = ENVIRONMENT_VARIABLE in variables and OUTPUT_VARIABLE in variables
    return sourced and not (Path(variables[OUTPUT_VARIABLE]) / "stacks" / name).is_dir()


def _read(environment: Environment, said: str, errors: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        return not_reached(environment, (errors.strip() or "no answer").splitlines()[-1])
    print(printable(errors), end="", file=sys.stderr, flush=True)
    return found
