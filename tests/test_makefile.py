"""What a person gives to make is text, whatever is in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stacks.environments import ROOT

# Prints its arguments, then the variables that a command may be given.
PYTHON = """#!/bin/sh
printf '<%s>' "$@"
printf '\\nPREFLIGHT=%s REPLACE=%s' "$PREFLIGHT" "$REPLACE"
"""
RUNS = [
    "$(shell touch made)",
    "`touch made`",
    "$(touch made)",
    "x; touch made",
    "x' || touch made #",
    '"; touch made #',
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a name that a shell would run, everything set up, and a Python that says what it was told."""
    folder = tmp_path / "$(touch made) `touch made`"
    shutil.copytree(ROOT / "policy", folder / "policy", ignore=shutil.ignore_patterns(".venv"))
    for name in ("Makefile", "Pipfile", "Pipfile.lock", "package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv/bin").mkdir(parents=True)
    for tool in ("python", "npm", "node", "pipenv"):
        (folder / ".venv/bin" / tool).write_text(PYTHON)
        (folder / ".venv/bin" / tool).chmod(0o755)
    (folder / "node_modules").mkdir()
    (folder / ".venv/.ready").touch()
    return folder


def made(folder: Path, *arguments: str, **variables: str) -> str:
    variables["PATH"] = f"{folder}/.venv/bin:{os.environ['PATH']}"
    finished = subprocess.run(
        ["make", *arguments], cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert not list(folder.rglob("made")), "make ran what is in a value"
    return finished.stdout


@pytest.mark.parametrize("value", RUNS)
def test_nothing_that_is_in_a_value_is_run(folder: Path, value: str) -> None:
    for said in (made(folder, "settings", f"ENV={value}"), made(folder, "settings", ENV=value)):
        assert f"<-m><stacks.run><operations.show_settings><--><{value}>" in said
    assert f"<--port={value}><--><dev>" in made(folder, "local", f"PORT={value}")
    assert f"PREFLIGHT={value} REPLACE={value}" in made(folder, "deploy", f"PREFLIGHT={value}", f"REPLACE={value}")
    rows = f"<--endpoint={value}><--rows={value}><--content-type={value}><--><dev>"
    assert rows in made(folder, "invoke", f"ENDPOINT={value}", f"ROWS={value}", f"CONTENT_TYPE={value}")
    trained = f"<operations.train><--training={value}><--execution={value}><--><dev>"
    assert trained in made(folder, "train", f"TRAINING={value}", f"EXECUTION={value}")
    assert f"<operations.models><--training={value}><--><dev>" in made(folder, "models", TRAINING=value)
    for verb in ("approve", "reject"):
        decided = f"<--verb><{verb}><--training={value}><--version={value}><--why={value}><--><dev>"
        assert decided in made(folder, verb, f"TRAINING={value}", f"VERSION={value}", f"WHY={value}")
    released = f"<operations.release><--model={value}><--endpoint={value}><--><dev>"
    assert released in made(folder, "release", f"MODEL={value}", f"ENDPOINT={value}")
    promoted = f"<operations.promote><--source={value}><--endpoint={value}><--force={value}><--><{value}>"
    assert promoted in made(folder, "promote", f"FROM={value}", f"TO={value}", f"ENDPOINT={value}", f"FORCE={value}")
    for command in ("notebook", "notebook-restart"):
        module = command.replace("-", "_")
        assert f"<-m><stacks.run><operations.{module}><--><{value}>" in made(folder, command, f"ENV={value}")
    assert f"<operations.rollback><--endpoint={value}><--><dev>" in made(folder, "rollback", f"ENDPOINT={value}")
    for name in ("PYTHON", "MAKEFILE_LIST", "given", "name", "PIPENV"):
        made(folder, "help", "settings", f"{name}={value}")


def test_status_is_of_all_environments_unless_one_is_typed(folder: Path) -> None:
    for said in (made(folder, "status"), made(folder, "status", ENV="staging")):
        assert "<operations.status><--json=>\n" in said
    assert "<operations.status><--json=1><--><staging>" in made(folder, "status", "ENV=staging", JSON="1")
    value = "$(touch made)"
    assert f"<operations.status><--json={value}><--><{value}>" in made(
        folder, "status", f"ENV={value}", f"JSON={value}"
    )


def test_what_looks_like_an_option_is_the_name_of_an_environment(folder: Path) -> None:
    assert "<--><--help>" in made(folder, "deploy", "ENV=--help")


def test_the_aws_command_works_in_a_folder_of_any_name(folder: Path) -> None:
    (folder / ".venv/.ready").unlink()
    made(folder, "setup")
    said = subprocess.run([".venv/bin/aws", "s3", "a b"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert said.startswith("<-P><-m><awscli><s3><a b>")
    assert not list(folder.rglob("made"))


def test_the_cdktf_command_works_in_a_folder_of_any_name(folder: Path) -> None:
    made(folder, "setup")
    said = subprocess.run([".venv/bin/cdktf", "a b"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"<{folder}/.venv/bin/../../node_modules/cdktf-cli/bundle/bin/cdktf><a b>")
    assert not list(folder.rglob("made"))


def set_up(folder: Path, pipenv: str) -> subprocess.CompletedProcess[str]:
    """`make setup` with such a pipenv, on a clock that goes 20 seconds at each look."""
    (folder / ".venv/.ready").unlink()
    clock = f'#!/bin/sh\necho 20 >> "{folder}/.clock"\necho $(($(wc -l < "{folder}/.clock") * 20))\n'
    for tool, text in (("pipenv", pipenv), ("date", clock)):
        (folder / ".venv/bin" / tool).write_text(text)
        (folder / ".venv/bin" / tool).chmod(0o755)
    path = f"{folder}/.venv/bin:{os.environ['PATH']}"
    return subprocess.run(
        ["make", "setup"], cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def test_set_up_says_what_it_does_before_each_step_and_while_it_goes_on(tmp_path: Path, folder: Path) -> None:
    plain = folder.rename(tmp_path / "plain")
    finished = set_up(plain, '#!/bin/sh\n[ "$1" = --version ] || sleep 3\n')
    assert finished.returncode == 0, finished.stderr
    steps = re.findall(r"set-up: (\d of 3|\d+ seconds, still at it)", finished.stdout)
    assert [step for step in steps if step.endswith("of 3")] == ["1 of 3", "2 of 3", "3 of 3"]
    assert steps[1].endswith("still at it")


def test_a_set_up_that_fails_ends_with_what_it_needs_after_the_tools_own_words(tmp_path: Path, folder: Path) -> None:
    plain = folder.rename(tmp_path / "plain")
    finished = set_up(plain, '#!/bin/sh\n[ "$1" = --version ] || { echo no way to PyPI >&2; exit 7; }\n')
    assert finished.returncode != 0
    own, last, *_ = finished.stderr.splitlines()
    assert own == "no way to PyPI"
    assert last.startswith("set-up: this ended with 7: why stands above. It needs the way to PyPI and npm")
    assert not (plain / ".venv/.ready").exists()
