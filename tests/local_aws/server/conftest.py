"""A local AWS for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.server import process as server_process
from local_aws.server.process import Server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local-aws")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
