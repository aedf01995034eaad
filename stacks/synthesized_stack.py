"""A synthesized stack's folder: Terraform run in it, and what its JSON says of its backend."""

import fcntl
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.environments import ROOT
from stacks.terraform_process import running

BIN = Path(sys.executable).parent
# Beside cdk.tf.json, which synth writes anew while it leaves this file alone.
IMPORTS = "recovered.tf.json"


class OperationError(Exception):
    """One line, or a few, for the person at the terminal."""


class TerraformError(OperationError):
    """What Terraform itself said, whole."""


@dataclass(frozen=True, kw_only=True)
class SynthesizedStack:
    """`folder` holds cdk.tf.json; Terraform runs there with `variables`."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """Raises OperationError where nothing was synthesized."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "cdk.tf.json").read_text())
        except FileNotFoundError:
            raise OperationError(f"{self.folder}: nothing synthesized there: cdktf synth") from None
        return found

    @property
    def region(self) -> str:
        region: str = self.json["provider"]["aws"][0]["region"]
        return region

    @property
    def tags(self) -> dict[str, str]:
        """Of the provider: those of every resource that tell one environment from another; an owner may change."""
        [default] = self.json["provider"]["aws"][0]["default_tags"]
        return {name: value for name, value in default["tags"].items() if name != "Owner"}

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """By type and name."""
        found: dict[str, dict[str, Any]] = self.json.get("resource", {})
        return found

    @property
    def protected(self) -> list[tuple[str, str]]:
        """Type and name of what Terraform refuses to destroy."""
        return [
            (resource_type, name)
            for resource_type, of_type in self.resources.items()
            for name, resource in of_type.items()
            if resource.get("lifecycle", {}).get("prevent_destroy")
        ]

    @property
    def imports(self) -> Path:
        return self.folder / IMPORTS

    def write_imports(self, blocks: Sequence[Mapping[str, str]]) -> None:
        """Whole or not at all: a deploy would read half a file."""
        partial = self.imports.with_suffix(".partial")
        partial.write_text(json.dumps({"import": blocks}, indent=2) + "\n")
        partial.replace(self.imports)

    def command(self, *arguments: str) -> str:
        """For a person to type in the folder that this process runs in."""
        return shlex.join(["terraform", f"-chdir={os.path.relpath(self.folder)}", *arguments])

    @property
    def terraform_variables(self) -> dict[str, str]:
        """The first python3 on PATH is this one: the rollback guard, which Terraform runs, needs boto3."""
        return {**self.variables, "PATH": f"{BIN}{os.pathsep}{self.variables.get('PATH', os.defpath)}"}

    def run(self, *arguments: str) -> str:
        """What Terraform says on standard output. Raises TerraformError with all that it says on standard error."""
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            try:
                with running(
                    arguments, folder=self.folder, variables=self.terraform_variables, stderr=errors.fileno()
                ) as terraform:
                    said = "" if terraform.stdout is None else terraform.stdout.read()
            except FileNotFoundError:
                raise OperationError("terraform is not on PATH") from None
            if terraform.returncode != 0:
                errors.seek(0)
                raise TerraformError(
                    f"{self.command(*arguments)} ended with {terraform.returncode}:\n{errors.read().strip()}"
                )
        return said

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Of the state, by name."""
        found: dict[str, dict[str, Any]] = json.loads(self.run("output", "-json"))
        return found

    def init(self) -> None:
        """Again: changes nothing, unless the pinned provider is another one than before."""
        init = ("init", "-input=false", "-no-color")
        try:
            self.run(*init)
        except TerraformError as error:
            if "init -upgrade" not in str(error):
                raise
            self.run(*init, "-upgrade")

    def plan(self) -> dict[str, Any]:
        """The plan as JSON. Nothing is locked, as nothing is changed."""
        plan = self.folder / "recover.tfplan"
        try:
            self.run("plan", "-input=false", "-no-color", "-lock=false", f"-out={plan.name}")
            shown: dict[str, Any] = json.loads(self.run("show", "-json", plan.name))
        finally:
            plan.unlink(missing_ok=True)
        return shown


@contextmanager
def alone(name: str, output: Path) -> Iterator[None]:
    """While no other operation of the environment works in the output folder: two would write the same files.

    Raises OperationError where one does. The system lets go of a dead process's lock by itself.
    """
    folder = output / "stacks" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "operation.lock").open("a+")
    except OSError as error:
        raise OperationError(
            f"{error.filename}: {error.strerror}: the output folder must be one to write to"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise OperationError(
                f"process {lock.read().strip() or 'unknown'} of this machine is at it, with the same output folder "
                f"({os.path.relpath(output)}): wait for it"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def synthesize(output: Path) -> None:
    """The app, as cdktf runs it. Raises OperationError where the settings are wrong."""
    finished = subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env=os.environ | {"CDKTF_OUTDIR": str(output)},
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    if finished.returncode != 0:
        raise OperationError(finished.stderr.strip() or f"python main.py ended with {finished.returncode}")


def synthesized_stack(name: str, output: Path) -> SynthesizedStack:
    """The environment's stack, synthesized anew, with this process's environment. Raises OperationError."""
    synthesize(output)
    return SynthesizedStack(folder=output / "stacks" / name, variables=os.environ)
