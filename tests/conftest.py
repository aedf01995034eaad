"""Fixtures of all tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from lazy_bindings.install import install
from local_aws import credentials

install()  # before a test imports cdktf
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")  # the same examples in each run
# Terraform and its providers are written in Go: a quarter less of the processor's time, for memory that is there.
os.environ.setdefault("GOGC", "400")
credentials.forget_users_configuration()  # no test may reach a real account

ROOT = Path(__file__).resolve().parent.parent


def copy_project(target: Path) -> Path:
    """The project's files as a fresh clone has them, with this checkout's installed tools."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".local").mkdir()
    for tools in (".venv", "node_modules", ".local/pipenv"):
        if (ROOT / tools).exists():
            (target / tools).symlink_to(ROOT / tools)
    return target


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def local_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the local mode; a server still running there at the end is stopped."""
    from local_aws.server import process as server_process  # noqa: PLC0415 - moto takes a second to import

    folder = tmp_path_factory.mktemp("local")
    yield folder
    server, _ = server_process.find(folder)
    if server is not None:
        server_process.stop(folder, server)
