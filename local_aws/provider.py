"""Terraform for the local AWS: its version, and where the AWS provider comes from."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_aws.server.process import LocalAwsError
from stacks.synthesized_stack import SynthesizedStack

# S3 state with `use_lockfile`: https://developer.hashicorp.com/terraform/language/backend/s3
MIN_VERSION = (1, 10)
# What the synthesized stack asks for is 6.25.0; the oldest that the local deploy was seen to work with:
PROVIDER_VERSION = ">= 5.100.0"
PROVIDER = "registry.terraform.io/hashicorp/aws"
# Add-on software lives here; a mirror is looked for one and two levels below.
ADD_ON_FOLDERS = ("/opt", "/srv", "/usr/local", "/usr/local/share", "/usr/share")


def check_version(variables: Mapping[str, str]) -> None:
    """Raises LocalAwsError where Terraform is missing or too old."""
    wanted = f"Terraform >= {MIN_VERSION[0]}.{MIN_VERSION[1]} (https://developer.hashicorp.com/terraform/install)"
    terraform = shutil.which("terraform", path=variables.get("PATH"))
    if terraform is None:
        raise LocalAwsError(f"terraform is not on PATH: install {wanted}")
    answer = subprocess.run(
        [terraform, "version", "-json"], env=dict(variables), capture_output=True, text=True, check=False
    )
    found = re.search(r'"terraform_version":\s*"((\d+)\.(\d+)[^"]*)"', answer.stdout)
    if found is None or (int(found[2]), int(found[3])) < MIN_VERSION:
        raise LocalAwsError(f"terraform is {found[1] if found else 'of no known version'}: must be {wanted}")


def cli_configuration(folder: Path, variables: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """What to change in the environment so that Terraform finds the provider, and a line to say when it is something.

    The user's own working configuration is left alone. Without one, a folder that mirrors the AWS provider is used if
    there is one; otherwise Terraform downloads it.
    """
    own = variables.get("TF_CLI_CONFIG_FILE", str(Path(variables.get("HOME", "/")) / ".terraformrc"))
    configuration = folder / "terraform.tfrc"  # in a shell that has sourced an environment's exports it is in use
    if Path(own).is_file() and Path(own) != configuration:
        return {}, ""
    mirror = next(iter(mirrors(variables)), None)
    if mirror is None:
        return ({"TF_CLI_CONFIG_FILE": os.devnull}, "") if "TF_CLI_CONFIG_FILE" in variables else ({}, "")
    configuration.write_text(
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = ["{PROVIDER}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n'
        "}\n"
    )
    return {"TF_CLI_CONFIG_FILE": str(configuration)}, f"the AWS provider comes from the mirror in {mirror}"


def mirrors(variables: Mapping[str, str], add_on_folders: Sequence[str] = ADD_ON_FOLDERS) -> list[Path]:
    """Folders that hold the AWS provider in a version that will do.

    Terraform's implied ones first: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path(variables.get("HOME", "/"))
    data = Path(variables.get("XDG_DATA_HOME", home / ".local/share"))
    candidates = [home / ".terraform.d/plugins", data / "terraform/plugins"]
    for folder in map(Path, add_on_folders):
        candidates += [*sorted(folder.glob("*")), *sorted(folder.glob("*/*"))]
    return [folder for folder in candidates if _holds_provider(folder)]


def _holds_provider(folder: Path) -> bool:
    minimum = tuple(map(int, PROVIDER_VERSION.removeprefix(">= ").split(".")))
    try:
        names = [entry.name for entry in (folder / PROVIDER).iterdir()]
    except OSError:
        return False
    versions = [re.search(r"(\d+)\.(\d+)\.(\d+)", name) for name in names]
    return any(tuple(map(int, version.groups())) >= minimum for version in versions if version)


def fetch_provider(folder: Path, variables: Mapping[str, str]) -> None:
    """Proves once that Terraform gets the provider, before a deploy says a dozen times that it does not.

    Raises LocalAwsError.
    """
    trial = folder / "provider"
    if (trial / ".terraform.lock.hcl").exists():
        return
    trial.mkdir(parents=True, exist_ok=True)
    (trial / "versions.tf.json").write_text(json.dumps(version_override()))
    command = ["terraform", "init", "-input=false", "-no-color"]
    answer = subprocess.run(command, cwd=trial, env=dict(variables), capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        reason = next((line for line in answer.stderr.splitlines() if "Error" in line), "terraform init failed")
        raise LocalAwsError(
            f"Terraform cannot get the provider hashicorp/aws {PROVIDER_VERSION} ({reason.strip('│ ')}): "
            "allow the way to its registry, or put a mirror into ~/.terraform.d/plugins"
        )


def version_override(more: Mapping[str, object] | None = None) -> dict[str, object]:
    """The one thing that the local mode changes of the synthesized stack, until it is destroyed: then `more` too."""
    aws = {"source": "aws", "version": PROVIDER_VERSION}
    return {"terraform": {"required_providers": {"aws": aws}, **(more or {})}}


def lifted_protection(stack: Path) -> dict[str, object]:
    """Lets the stack be destroyed that was synthesized into the folder: what is here outlives no mistake."""
    lifted: dict[str, dict[str, object]] = {}
    for resource_type, name in SynthesizedStack(folder=stack, variables={}).protected:
        lifted.setdefault(resource_type, {})[name] = {"lifecycle": {"prevent_destroy": False}}
    return {"resource": lifted} if lifted else {}
