"""Runs the real CDKTF command line on one environment against the local AWS."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local_aws import provider
from stacks.environments import ROOT
from stacks.synthesized_stack import SynthesizedStack

# `terraform providers lock` ignores mirrors.
SKIP_PROVIDER_LOCK = "--skip-provider-lock"


def output_folder(folder: Path, environment: str) -> Path:
    """Apart from the real cdktf.out, and with it the state, which the stack keeps three levels above its own folder."""
    return folder / environment / "cdktf.out"


def run(verb: str, folder: Path, environment: str, env: Mapping[str, str]) -> int:
    """`cdktf deploy dev` or `cdktf destroy dev`, without questions. The exit code."""
    stack = output_folder(folder, environment) / "stacks" / environment
    override(stack, provider.version_override() | (provider.lifted_protection(stack) if verb == "destroy" else {}))
    if not sys.stdout.isatty():
        env = {**env, "CI": "true"}  # else cdktf redraws its progress into pipes and files too
    return SynthesizedStack(folder=stack, variables=env).cdktf(verb, "--auto-approve", SKIP_PROVIDER_LOCK)


def override(stack: Path, content: Mapping[str, object]) -> None:
    """Beside the synthesized stack, which stays as it goes to AWS."""
    stack.mkdir(parents=True, exist_ok=True)
    (stack / "local_override.tf.json").write_text(json.dumps(content))


def options(folder: Path, environment: str) -> list[str]:
    """What every cdktf command needs in the local mode."""
    return [SKIP_PROVIDER_LOCK, "--output", os.path.relpath(output_folder(folder, environment), ROOT)]
