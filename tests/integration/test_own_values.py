"""What a person changes in stacks/, releases.json and models/ fails no test but the snapshots, and no check.

The tests have values of their own (tests/support/project.py). The few that see a person's run here in a project that
was changed in every way at once: environments added, renamed and removed, regions, an account, project and owner,
instances, memory, retention, endpoints added and renamed, notebooks, and one other model (tests/fixtures/changed).
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stacks.environments import NAMES, ROOT
from tests.support.project import copy_project

SEEING = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "tests").rglob("test_*.py")
    if re.search(r"import .*\bCHECKOUT", path.read_text())
)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("changed") / "project")
    for name in NAMES:
        (project / f"stacks/{name}.py").unlink()
    (project / "models/breast-cancer-means.tar.gz").rename(project / "models/own.tar.gz")
    (project / "models/breast-cancer-all-columns.tar.gz").unlink()
    shutil.copytree(ROOT / "tests/fixtures/changed", project, dirs_exist_ok=True)
    listed = project / "stacks/environments.py"
    more = (project / "stacks/sandbox.py").read_text().replace('name="sandbox"', 'name="trial"')
    (project / "stacks/trial.py").write_text(more)
    names = 'NAMES: tuple[str, ...] = ("sandbox", "qa", "trial", "prod")'
    text, found = re.subn(r"(?m)^NAMES\b.*$", names, listed.read_text())
    assert found == 1
    listed.write_text(text)
    subprocess.run(["git", "init", "--quiet", project], check=True)
    return project


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}  # of the run around it
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)


def test_the_tests_that_see_a_persons_values_are_few() -> None:
    assert SEEING == ["tests/models/test_artifacts.py", "tests/test_snapshots.py"]


def test_only_snapshots_fail_they_name_what_mends_them_and_it_does(changed: Path) -> None:
    failed = python(changed, "pytest", "-q", *SEEING)
    assert failed.returncode == 1, failed.stdout
    assert {line.split("::")[0] for line in re.findall(r"^FAILED (\S+)", failed.stdout, re.MULTILINE)} == {
        "tests/test_snapshots.py"
    }
    assert failed.stdout.count("after a wanted change, make snapshots") >= 5, failed.stdout
    made = subprocess.run(
        ["make", "--old-file=setup", "snapshots"], cwd=changed, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert sorted(path.stem for path in (changed / "tests/snapshots").iterdir()) == [
        "prod",
        "qa",
        "sandbox",
        "trial",
    ]
    mended = python(changed, "pytest", "-q", "tests/test_snapshots.py")
    assert mended.returncode == 0, mended.stdout


def test_the_checks_pass(changed: Path) -> None:
    commands = (["ruff", "check", "."], ["mypy", "stacks", "tests/support"], ["policy.gate"])
    with ThreadPoolExecutor() as pool:
        for finished in pool.map(lambda command: python(changed, *command), commands):
            assert finished.returncode == 0, finished.stdout + finished.stderr
