"""One shell reaches every environment of the local AWS, by operations/reach.py as on AWS."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws import credentials, profiles, sourced
from local_aws.deployed import forget
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError, Server
from operations.reach import variables_for
from settings.environment import EnvironmentSettings
from stacks.environments import NAMES, read_environments
from tests.support.synthesis import environment

ACCOUNT_IDS = {"prod": "999999999999"}
WHO = (sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--query", "Account", "--output", "text")


@pytest.fixture(scope="module")
def server(local_folder: Path) -> Server:
    found, _ = server_process.find(local_folder)
    return found or server_process.start(local_folder)


def every() -> list[EnvironmentSettings]:
    """prod has an account of its own."""
    return [environment(name, account_id=ACCOUNT_IDS.get(name)).settings for name in NAMES]


def test_a_profile_leads_to_each_environments_account_with_the_settings_that_know_it(
    server: Server, tmp_path: Path
) -> None:
    own = credentials.account_variables(server, environment("staging").settings)
    shell = os.environ | own | profiles.write(tmp_path, server, every())
    shell["CDKTF_OUTPUT"] = str(tmp_path / "staging/cdktf.out")
    known = read_environments(shell)
    assert [item.settings.account_id for item in known] == ["111111111111", "222222222222", "999999999999"]
    for item in known:
        finished = subprocess.run(WHO, env=variables_for(item, shell), capture_output=True, text=True, check=False)
        assert (finished.stdout, finished.stderr) == (f"{item.settings.account_id}\n", "")
    plain = subprocess.run(WHO, env=shell, capture_output=True, text=True, check=False)
    assert plain.stdout == "222222222222\n", "plain commands are of the environment that was sourced"


def test_the_files_are_their_owners_alone_and_go_with_the_server(server: Server, tmp_path: Path) -> None:
    profiles.write(tmp_path, server, every())
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert len([*tmp_path.iterdir()]) == 2
    forget(tmp_path)
    assert [*tmp_path.iterdir()] == []
    (tmp_path / "aws.config/x").mkdir(parents=True)
    with pytest.raises(
        LocalAwsError, match=r"^[^\n]*/aws\.config: Is a directory: must be a file that can be written$"
    ):
        profiles.write(tmp_path, server, every())


def test_local_off_takes_the_accounts_and_profiles_back(server: Server, tmp_path: Path) -> None:
    variables = profiles.write(tmp_path, server, every())
    sourced.write(tmp_path / "dev.env", variables | {"LOCAL_AWS_ENVIRONMENT": "dev"}, path_entry=tmp_path)
    own = {"PATH": os.environ["PATH"], "ML_PLATFORM_PROD_PROFILE": "acme-prod", "AWS_CONFIG_FILE": "/mine"}

    def after(script: str) -> set[str]:
        command = ["/bin/sh", "-euc", f"{script}; env"]
        lines = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=True).stdout
        return {line for line in lines.splitlines() if line.startswith(("ML_", "AWS_"))}

    assert after(". ./dev.env") == {f"{name}={value}" for name, value in variables.items()}
    assert after(". ./dev.env; local_off") == after(":")


def test_the_local_mode_uses_no_profile_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in os.environ.items():
        monkeypatch.setenv(name, value)  # as it is now, so that it is put back
    monkeypatch.setenv("ML_PLATFORM_PROD_PROFILE", "acme-prod")
    credentials.forget_users_configuration()
    assert "ML_PLATFORM_PROD_PROFILE" not in os.environ
