"""A shell that has sourced `.local/<environment>.env`: it works with the local AWS, and with that environment alone.

Commands that work with several of them, `make status` say, run another process for each: operations/reach.py.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from stacks.environments import Environment, read_environments

# Says which. The commands that local_aws/ runs have it too.
ENVIRONMENT_VARIABLE = "LOCAL_AWS_ENVIRONMENT"
# The option --output of the cdktf command line, which reads all of its own from such variables.
OUTPUT_VARIABLE = "CDKTF_OUTPUT"


class WrongShellError(SystemExit):
    """Ends the program with a line for the person at the terminal."""


def refuse_another(name: str, variables: Mapping[str, str]) -> None:
    """Raises WrongShellError where the shell is of another environment."""
    own = variables.get(ENVIRONMENT_VARIABLE)
    if own and own != name:
        raise WrongShellError(
            f"{name}: this shell has sourced .local/{own}.env and works with {own} on the local AWS alone: local_off "
            "first, or another shell"
        )


def refuse_gone(variables: Mapping[str, str]) -> None:
    """Raises WrongShellError where make local-down has taken away what the shell works with."""
    own, output = variables.get(ENVIRONMENT_VARIABLE), variables.get(OUTPUT_VARIABLE)
    if own and output and not (Path(output) / "stacks" / own).is_dir():
        raise WrongShellError(
            f"{own}: the local AWS at {variables.get('AWS_ENDPOINT_URL')}, with which this shell works, is gone: "
            f"make local ENV={own} and `. .local/{own}.env` again, or local_off"
        )


def output_of(name: str, variables: Mapping[str, str]) -> str:
    """The output folder of another environment of the local AWS with which a sourced shell works: beside its own."""
    own = Path(variables[OUTPUT_VARIABLE])
    return str(own.parent.parent / name / own.name)


def typed(name: str, command: str, variables: Mapping[str, str]) -> str:
    """A command of the environment as a person types it in this shell, which may be of another one."""
    own = variables.get(ENVIRONMENT_VARIABLE)
    if not own or own == name or OUTPUT_VARIABLE not in variables:
        return command
    exports = Path(output_of(name, variables)).parent.parent / f"{name}.env"
    if not exports.is_file():
        return f"local_off && make local ENV={name}"
    return f". {os.path.join('.', os.path.relpath(exports))} && {command}"  # noqa: PTH118 - `. a.env` searches PATH


def environments_of_this_shell(variables: Mapping[str, str]) -> list[Environment]:
    """All, but in a sourced shell the one that it is of. Raises InvalidInputError, and WrongShellError."""
    refuse_gone(variables)
    own = variables.get(ENVIRONMENT_VARIABLE)
    environments = read_environments(variables)
    return [environment for environment in environments if not own or environment.settings.name == own]
