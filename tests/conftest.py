"""Fixtures of all tests."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.project import copy_project, use_own_values

COPY = tempfile.TemporaryDirectory(prefix="ml-platform-")
use_own_values(Path(COPY.name).resolve())  # before the app is imported

from lazy_bindings.install import install
from local_aws import credentials
from local_aws.server.process import HELD, NOT_HELD

install()  # before a test imports cdktf
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")  # the same examples in each run
# Terraform and its providers are written in Go: a quarter less of the processor's time, for memory that is there.
os.environ.setdefault("GOGC", "400")
credentials.forget_users_configuration()  # no test may reach a real account


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the local AWSs of all tests saw, from their logs."""
    folder = getattr(config, "_tmp_path_factory").getbasetemp()  # noqa: B009 - a private name
    lines = [line for log in folder.rglob("server.log") for line in log.read_text().splitlines()]
    held, not_held = (
        {line.removeprefix(words).strip() for line in lines if line.startswith(words)} for words in (HELD, NOT_HELD)
    )
    if held or not_held:
        terminalreporter.write_sep("-", "local AWS")
        terminalreporter.write_line(
            f"{len(held | not_held)} operations seen, {len(held)} held against AWS's models, "
            f"not held: {', '.join(sorted(not_held)) or 'none'}"
        )


@pytest.fixture(scope="session")
def local_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the local mode; a server still running there at the end is stopped."""
    from local_aws.server import process as server_process  # noqa: PLC0415 - moto takes a second to import

    folder = tmp_path_factory.mktemp("local")
    yield folder
    server, _ = server_process.find(folder)
    if server is not None:
        server_process.stop(folder, server)
