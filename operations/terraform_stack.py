"""A synthesized stack's folder: Terraform run in it, and what its JSON says of its backend."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Beside cdk.tf.json, which synth writes anew while it leaves this file alone.
IMPORTS = "recovered.tf.json"


class OperationError(Exception):
    """One line, or a few, for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class TerraformStack:
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
    def imports(self) -> Path:
        return self.folder / IMPORTS

    def command(self, *arguments: str) -> str:
        """For a person to type in the folder that this process runs in."""
        return " ".join(["terraform", f"-chdir={os.path.relpath(self.folder)}", *arguments])

    def run(self, *arguments: str) -> str:
        """What Terraform says on standard output. Raises OperationError with what it says on standard error."""
        terraform = shutil.which("terraform", path=self.variables.get("PATH"))
        if terraform is None:
            raise OperationError("terraform is not on PATH")
        finished = subprocess.run(
            [terraform, *arguments],
            cwd=self.folder,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise OperationError(
                f"{self.command(*arguments)} ended with {finished.returncode}:\n{finished.stderr.strip()}"
            )
        return finished.stdout

    def init(self) -> None:
        self.run("init", "-input=false", "-no-color")

    def plan(self) -> dict[str, Any]:
        """The plan as JSON. Nothing is locked, as nothing is changed."""
        plan = self.folder / "recover.tfplan"
        try:
            self.run("plan", "-input=false", "-no-color", "-lock=false", f"-out={plan.name}")
            shown: dict[str, Any] = json.loads(self.run("show", "-json", plan.name))
        finally:
            plan.unlink(missing_ok=True)
        return shown
