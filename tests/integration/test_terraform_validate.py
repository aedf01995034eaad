"""Terraform itself reads the synthesized JSON of the three stacks."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local_aws import provider
from tests.support.synthesis import environment, synthesized_platform


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    changes, _ = provider.cli_configuration(tmp_path_factory.mktemp("terraform"), os.environ)
    return os.environ | changes


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_terraform_accepts_the_stack(name: str, variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text(json.dumps(synthesized_platform(environment(name))))
    (tmp_path / "local_override.tf.json").write_text(json.dumps(provider.version_override()))
    for arguments in (["init", "-backend=false"], ["validate"]):
        command = [str(shutil.which("terraform")), *arguments, "-no-color"]
        finished = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Success! The configuration is valid." in finished.stdout
