"""The exports of an environment, in every shell that the machine has, and the way back."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from local_aws import sourced
from stacks.sourced_shell import typed

SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "ksh", "busybox sh") if shutil.which(shell.split()[0])]
NASTY = 'it\'s "so"\n$(touch made) `touch made` \\n *\n\n'
OWN = {"AWS_PROFILE": NASTY, "AWS_REGION": "", "AWS_SESSION_TOKEN": "real", "ENV": "mine", "TF_CLI_CONFIG_FILE": NASTY}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return str(request.param).split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the exports of two environments."""
    made = tmp_path / "it's a folder"
    made.mkdir()
    for name in ("dev", "staging"):
        variables = {"LOCAL_AWS_ENVIRONMENT": name, "ENV": name, "AWS_REGION": f"region of {name}", "AWS_X": NASTY}
        more = {"TF_CLI_CONFIG_FILE": "tfrc"} if name == "dev" else {}
        sourced.write(made / f"{name}.env", variables | more, path_entry=made / "bin")
    return made


def after(
    shell: list[str], folder: Path, script: str, own: dict[str, str] = OWN, path: str | None = None
) -> dict[str, str]:
    """The environment variables at the end of a careful shell that runs the script and has these of its own."""
    finished = subprocess.run(
        [*shell, "-c", f"set -eu\n{script}\nenv -0"],
        cwd=folder,
        env={"PATH": path or os.environ["PATH"], **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert not (folder / "made").exists()
    entries = [entry.partition("=") for entry in finished.stdout.decode().split("\0") if entry]
    return {name: value for name, _, value in entries if name not in ("_", "SHLVL", "PWD", "OLDPWD")}


def test_it_sets_what_the_environment_needs_and_nothing_of_anothers(shell: list[str], folder: Path) -> None:
    found = after(shell, folder, ". ./dev.env")
    assert {name for name in found if name.startswith("AWS_")} == {"AWS_REGION", "AWS_X"}
    assert (found["AWS_X"], found["AWS_REGION"], found["ENV"]) == (NASTY, "region of dev", "dev")
    assert found["PATH"] == f"{folder}/bin:{os.environ['PATH']}"
    assert "real" not in str(found), "no command of the shell may see the keys of an account"


def test_sourced_again_it_changes_nothing(shell: list[str], folder: Path) -> None:
    assert after(shell, folder, ". ./dev.env; . ./dev.env; . ./dev.env") == after(shell, folder, ". ./dev.env")


def test_another_environments_takes_its_place(shell: list[str], folder: Path) -> None:
    found = after(shell, folder, ". ./dev.env; . ./staging.env")
    assert found == after(shell, folder, ". ./staging.env")
    assert found["TF_CLI_CONFIG_FILE"] == NASTY, "only dev's has one"


@pytest.mark.parametrize("way", ["dev", "dev dev", "dev staging", "staging dev"])
def test_local_off_gives_back_exactly_what_was_there(shell: list[str], folder: Path, way: str) -> None:
    sources = "; ".join(f". ./{name}.env" for name in way.split())
    for own in (OWN, {}):
        assert after(shell, folder, f"{sources}; local_off", own) == after(shell, folder, ":", own)


def test_what_was_not_exported_is_not_exported_then(shell: list[str], folder: Path) -> None:
    script = f"AWS_X={shlex.quote(NASTY)} ENV=; . ./dev.env; local_off"
    assert after(shell, folder, script, {}) == after(shell, folder, ":", {})
    assert after(shell, folder, f"{script}; export AWS_X", {})["AWS_X"] == NASTY


def test_local_off_keeps_what_else_came_to_the_path(shell: list[str], folder: Path) -> None:
    found = after(shell, folder, ". ./dev.env; PATH=/mine:$PATH; local_off")
    assert found["PATH"] == f"/mine:{os.environ['PATH']}"


def test_a_path_that_begins_with_the_projects_commands_stays_as_it_is(shell: list[str], folder: Path) -> None:
    """In an activated virtual environment."""
    path = f"{folder}/bin:{os.environ['PATH']}"
    for script in (". ./dev.env", ". ./dev.env; local_off"):
        assert after(shell, folder, script, path=path)["PATH"] == path


def test_a_shell_that_a_sourced_one_started_may_source_it_again_and_leave(shell: list[str], folder: Path) -> None:
    """With what one has without variables of one's own: they are with the first."""
    inherited = after(shell, folder, ". ./dev.env")
    path = inherited.pop("PATH")
    assert after(shell, folder, ". ./dev.env", inherited, path) == inherited | {"PATH": path}
    assert after(shell, folder, ". ./dev.env; local_off", inherited, path) == after(shell, folder, ":", {})


def test_a_command_of_another_environment_is_told_as_it_is_typed_in_this_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/staging.env").touch()
    shell = {"LOCAL_AWS_ENVIRONMENT": "dev", "CDKTF_OUTPUT": str(tmp_path / ".local/dev/cdktf.out")}
    deploy = "make deploy ENV={}".format
    assert typed("dev", deploy("dev"), shell) == deploy("dev")
    assert typed("staging", deploy("staging"), {}) == deploy("staging")
    assert typed("staging", deploy("staging"), shell) == f". ./.local/staging.env && {deploy('staging')}"
    assert typed("prod", deploy("prod"), shell) == "local_off && make local ENV=prod"
