"""Runs the real CDKTF command line on one environment against the local AWS."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local_aws import terraform
from operations.terraform_stack import IMPORTS
from stacks.environments import ROOT

BIN = Path(sys.executable).parent
CDKTF = ROOT / "node_modules/cdktf-cli/bundle/bin/cdktf"


def output_folder(folder: Path, environment: str) -> Path:
    """Apart from the real cdktf.out, and with it the state, which the stack keeps three levels above its own folder."""
    return folder / environment / "cdktf.out"


def run(verb: str, folder: Path, environment: str, env: Mapping[str, str]) -> int:
    """`cdktf deploy dev` or `cdktf destroy dev`, without questions. The exit code."""
    stack = output_folder(folder, environment) / "stacks" / environment
    override(stack, terraform.version_override() | (terraform.lifted_protection(stack) if verb == "destroy" else {}))
    command = [str(BIN / "node"), str(CDKTF), verb, environment, "--auto-approve", *options(folder, environment)]
    env = {**env, "PATH": f"{BIN}{os.pathsep}{env.get('PATH', os.defpath)}"}
    if not sys.stdout.isatty():
        env["CI"] = "true"  # else cdktf redraws its progress into pipes and files too
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    if code == 0:
        (stack / IMPORTS).unlink(missing_ok=True)  # taken over, or destroyed
    return code


def override(stack: Path, content: Mapping[str, object]) -> None:
    """Beside the synthesized stack, which stays as it goes to AWS."""
    stack.mkdir(parents=True, exist_ok=True)
    (stack / "local_override.tf.json").write_text(json.dumps(content))


def options(folder: Path, environment: str) -> list[str]:
    """What every cdktf command needs in the local mode; `providers lock` ignores mirrors."""
    return ["--skip-provider-lock", "--output", os.path.relpath(output_folder(folder, environment), ROOT)]
