"""Deploys and destroys one environment against the local AWS, with Terraform, as make deploy and make destroy do."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local_aws import deployed, provider
from local_aws.server.process import LocalAwsError
from stacks.environments import NAMES, ROOT
from stacks.synthesized_stack import OperationError, SynthesizedStack, alone
from stacks.terraform_change import TerraformChange
from stacks.terraform_process import waited_for


def output_folder(folder: Path, environment: str) -> Path:
    """Apart from the real cdktf.out, and with it the state, which the stack keeps three levels above its own folder."""
    return folder / environment / "cdktf.out"


@contextmanager
def nothing_runs(folder: Path) -> Iterator[None]:
    """While no deploy or destroy of any environment does. Raises LocalAwsError where one does."""
    with ExitStack() as stack:
        for name in sorted({*NAMES, *deployed.names(folder)}):
            try:
                stack.enter_context(alone(name, output_folder(folder, name)))
            except OperationError as error:
                raise LocalAwsError(f"{name}: {error}") from error
        yield


def was_deployed(folder: Path, environment: str) -> bool:
    return (output_folder(folder, environment) / "stacks" / environment / "cdk.tf.json").is_file()


def deploy(folder: Path, environment: str, env: Mapping[str, str]) -> int:
    """`make deploy`, without questions and without its preflight. The exit code."""
    output = output_folder(folder, environment)
    override(output / "stacks" / environment, provider.version_override())
    command = [sys.executable, "-m", "stacks.run", "operations.deploy", environment, "--output", str(output)]
    # An account here has AWS's quotas for a new one: what they would stop is preflight's to tell.
    return waited_for(command, folder=ROOT, variables={**env, "PREFLIGHT": "0", "APPROVE": "1"})


def destroyed(folder: Path, environment: str, env: Mapping[str, str]) -> SynthesizedStack:
    """`make destroy`, unasked, of what is protected too, as it was synthesized last. Raises OperationError."""
    output = output_folder(folder, environment)
    stack = SynthesizedStack(folder=output / "stacks" / environment, variables=env)
    stack.imports.unlink(missing_ok=True)  # a destroy reads none, and stops at what they name and is gone
    override(
        stack.folder, provider.version_override(_kept_backend(stack.folder)) | provider.lifted_protection(stack.folder)
    )
    stack.init()
    change = TerraformChange(stack, destroy=True, say=lambda line: print(f"{environment}: {line}", flush=True))
    with change.planned():
        change.apply()
    print(f"{environment}: {change.summary}", flush=True)
    return stack


def _kept_backend(folder: Path) -> dict[str, object]:
    """Where the state is, whatever the settings say since: as Terraform was told when it was initialized."""
    try:
        told = json.loads((folder / ".terraform/terraform.tfstate").read_text())["backend"]
        return {"backend": {told["type"]: told["config"]}}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def override(stack: Path, content: Mapping[str, object]) -> None:
    """Beside the synthesized stack, which stays as it goes to AWS."""
    stack.mkdir(parents=True, exist_ok=True)
    (stack / "local_override.tf.json").write_text(json.dumps(content))
