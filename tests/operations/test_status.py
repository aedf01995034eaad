"""`make status`, of all environments of a local AWS on which nothing is deployed, and of one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_aws import credentials, profiles
from local_aws.server import process as server_process
from operations.state_place import of_settings, wanted
from operations.status import wants_json
from stacks.environments import NAMES, ROOT
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.synthesis import environment, synthesized_platform


@pytest.fixture(scope="module")
def sourced(local_folder: Path) -> dict[str, str]:
    """The variables of a shell of staging, beside which dev is there, and prod is not."""
    server, _ = server_process.find(local_folder)
    server = server or server_process.start(local_folder)
    own = credentials.account_variables(server, environment("staging").settings)
    reaching = profiles.write(local_folder, server, [environment(name).settings for name in NAMES])
    for name in ("dev", "staging"):
        (local_folder / name / "cdktf.out/stacks" / name).mkdir(parents=True)
    wide = {"COLUMNS": "160"}  # pytest's workers have a terminal's width of their own among their variables
    return {**os.environ, **own, **reaching, **wide, "CDKTF_OUTPUT": str(local_folder / "staging/cdktf.out")}


def run(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "operations.status", *arguments],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_environment_is_asked_in_its_own_account_and_one_that_is_not_there_is_a_line(
    sourced: dict[str, str],
) -> None:
    finished = run(sourced)
    assert finished.returncode == 0, finished.stderr
    header, dev, staging, prod = finished.stdout.splitlines()
    assert header.split()[:2] == ["environment", "endpoint"]
    assert (dev.split()[0], staging.split()[0]) == ("dev", "staging")
    assert dev.endswith("  not deployed yet")
    assert prod == "prod: it is not on this local AWS: make local ENV=prod"
    for name, account in (("dev", "111111111111"), ("staging", "222222222222")):
        assert f"{name}: the local AWS at {sourced['AWS_ENDPOINT_URL']}, account {account}, " in finished.stderr


def test_machines_get_json_of_all_and_of_one(sourced: dict[str, str]) -> None:
    found: list[dict[str, Any]] = json.loads(run(sourced, "--json").stdout)
    assert [(item["environment"], item["account_id"], item["error"] is None) for item in found] == [
        ("dev", "111111111111", True),
        ("staging", "222222222222", True),
        ("prod", "333333333333", False),
    ]
    assert json.loads(run(sourced, "staging", "--json").stdout) == found[1]


def test_where_the_credentials_lead_elsewhere_that_is_the_answer(sourced: dict[str, str]) -> None:
    """An endpoint of another environment may have the same name."""
    led_astray = sourced | {"ML_PLATFORM_DEV_PROFILE": "staging", "ML_PLATFORM_STAGING_PROFILE": "no such"}
    finished = run(led_astray)
    dev, staging, _ = finished.stdout.splitlines()
    assert (finished.returncode, dev) == (
        1,
        "dev: these credentials lead to account 222222222222, and its account_id is 111111111111: "
        "ML_PLATFORM_DEV_PROFILE must name the AWS profile that leads to the account of dev",
    )
    assert staging.startswith("staging: ML_PLATFORM_STAGING_PROFILE: 'no such': must be one of dev, ")
    alone = run(sourced | {"ML_PLATFORM_STAGING_ACCOUNT_ID": "999999999999"}, "staging")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert alone.stderr.splitlines()[-1].startswith("staging: these credentials lead to account 222222222222, ")


@pytest.mark.parametrize("bucket", [None, "acme-states"])
def test_the_state_is_looked_for_where_a_synthesized_stack_has_it(bucket: str | None, tmp_path: Path) -> None:
    of = environment("dev", state_bucket=bucket)
    folder = tmp_path / "cdktf.out/stacks/dev"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(synthesized_platform(of)))
    stack = SynthesizedStack(folder=folder, variables={})
    assert of_settings(of.settings, tmp_path / "cdktf.out") == wanted(stack)


def test_rejects_another_value_of_json() -> None:
    assert (wants_json("1"), wants_json("")) == (True, False)
    with pytest.raises(OperationError, match=r"^JSON: 'yes': must be 1, or left out$"):
        wants_json("yes")
