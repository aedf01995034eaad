"""The one server of a folder is found, or ended, whatever became of its record and of who started it."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError, Server
from stacks.environments import ROOT


@pytest.fixture
def cleared(tmp_path: Path) -> Iterator[Path]:
    """A folder whose servers are ended, however many there are."""
    yield tmp_path
    for process in serving(tmp_path):
        process.kill()


def serving(folder: Path) -> list[psutil.Process]:
    record = str(folder.resolve() / "server.json")
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if record in process.cmdline():
                found.append(process)
    return found


def stop(server: Server) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    while psutil.Process(server.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)


def edited(**changes: object) -> Callable[[Path], object]:
    return lambda record: record.write_text(json.dumps(json.loads(record.read_text()) | changes))


def without(record: Path) -> Path:
    record.unlink()
    return record


ANY: dict[str, Callable[[Path], object]] = {
    "deleted": lambda record: record.unlink(),
    "half": lambda record: record.write_text(record.read_text()[:20]),
    "empty": lambda record: record.write_text(""),
    "an object": lambda record: record.write_text("{}"),
    "a list": lambda record: record.write_text("[1, 2]"),
    "nothing": lambda record: record.write_text("null"),
    "NUL": lambda record: record.write_bytes(b"\0" * 100),
    "no text": lambda record: record.write_bytes(b"\xff\xfe{"),
    "huge": lambda record: record.write_text("[" * 10_000_000),
    "doubled": lambda record: record.write_text(record.read_text() * 2),
    "a folder": lambda record: (without(record) / "deep").mkdir(parents=True),
    "a pipe": lambda record: os.mkfifo(without(record)),
    "a link to nowhere": lambda record: without(record).symlink_to("nowhere"),
    "a link to itself": lambda record: without(record).symlink_to(record),
}
RECORD: dict[str, Callable[[Path], object]] = {
    "another process": edited(pid=os.getpid()),
    "a process that is none": edited(pid=2**31 - 1),
    "a pid that is none": edited(pid=-1),
    "a pid as text": edited(pid="1"),
    "another port": edited(port=1),
    "a port that is none": edited(port=10**30),
    "more than it has": edited(more=1),
}
KEY: dict[str, Callable[[Path], object]] = {
    "another key": lambda key: key.write_text(re.sub(r"(?<=SECRET_ACCESS_KEY=).*", "x" * 40, key.read_text())),
    "one without a name": lambda key: key.write_text(key.read_text().replace("AWS_", "")),
}
BREAKS = {"server.json": ANY | RECORD, "server.env": ANY | KEY}


@pytest.mark.parametrize(("name", "what"), [(name, what) for name in BREAKS for what in BREAKS[name]])
def test_a_living_server_is_found_whatever_became_of_its_record(
    server: Server, folder: Path, name: str, what: str
) -> None:
    BREAKS[name][what](folder / name)
    assert server_process.find(folder) == (server, "")
    for path in (folder / "server.json", folder / "server.env"):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert server_process.find(folder) == (server, "")


def test_no_second_server_is_started_beside_a_living_one(server: Server, folder: Path) -> None:
    (folder / "server.json").unlink()
    with pytest.raises(LocalAwsError, match=f"process {server.pid} serves .* already"):
        server_process.start(folder)
    assert [process.pid for process in serving(folder)] == [server.pid]


def test_a_copy_of_the_folder_has_no_server(server: Server, folder: Path, tmp_path: Path) -> None:
    assert server_process.find(folder) == (server, "")
    for name in ("server.json", "server.env"):
        shutil.copy2(folder / name, tmp_path)
    found, line = server_process.find(tmp_path)
    assert found is None
    assert "is gone" in line


def test_a_folder_that_was_moved_keeps_its_server(cleared: Path) -> None:
    started = server_process.start(cleared / "before")
    (cleared / "before").rename(cleared / "after")
    try:
        assert server_process.find(cleared / "after") == (started, "")
    finally:
        server_process.stop(cleared / "after", started)


def test_a_stopped_server_is_one_line_and_never_taken_for_gone(cleared: Path) -> None:
    started = server_process.start(cleared)
    stop(started)
    (cleared / "server.json").write_text("{")
    for module, *arguments in (["undeploy"], ["deploy", "dev"], ["server.failures"]):
        finished = subprocess.run(
            [sys.executable, "-m", f"local_aws.{module}", *arguments, "--folder", str(cleared)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        line = f"local AWS: process {started.pid} is stopped: let it go on (kill -CONT {started.pid})\n"
        assert (finished.returncode, finished.stderr) == (1, line)
    assert [process.pid for process in serving(cleared)] == [started.pid]
    os.kill(started.pid, signal.SIGCONT)
    assert server_process.find(cleared) == (started, "")


def test_undeploy_ends_a_server_whose_record_is_half_written(cleared: Path) -> None:
    server_process.start(cleared)
    (cleared / "server.json").write_text('{"pid": 1')
    finished = subprocess.run(
        [sys.executable, "-m", "local_aws.undeploy", "--folder", str(cleared)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout.splitlines()[-1]) == (
        0,
        "local AWS: nothing is left in any account; stopped",
    )
    assert serving(cleared) == []


# A pipeline may run the tests in the background of a shell, where interrupts are ignored.
STARTER = """
import pathlib, signal, sys
from local_aws.server import process

signal.signal(signal.SIGINT, signal.default_int_handler)
process.start(pathlib.Path(sys.argv[1]))
"""


def starter(folder: Path) -> subprocess.Popen[str]:
    """Returned when the server it starts exists, and has not yet written its record."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    while not serving(folder):
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("later", [0, 0.01, 0.1, 0.3])
def test_an_interrupted_start_leaves_no_server(cleared: Path, later: float) -> None:
    process = starter(cleared)
    time.sleep(later)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert serving(cleared) == []
    assert server_process.find(cleared)[0] is None


def test_a_server_whose_starter_was_killed_is_found(cleared: Path) -> None:
    process = starter(cleared)
    process.kill()
    process.communicate(timeout=30)
    found, _ = server_process.find(cleared)
    assert found is not None
    assert [process.pid for process in serving(cleared)] == [found.pid]


def test_of_two_starts_at_once_one_is_told_of_the_other(cleared: Path) -> None:
    outcomes: list[object] = []

    def start() -> None:
        try:
            outcomes.append(server_process.start(cleared))
        except LocalAwsError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LocalAwsError", "Server"]
    assert len(serving(cleared)) == 1


def test_a_server_that_does_not_end_by_itself_is_said_to(cleared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = server_process.start(cleared)
    monkeypatch.setattr(server_process, "STOP_TIMEOUT_SECONDS", 0.5)
    stop(started)
    with pytest.raises(LocalAwsError, match=f"does not end: kill -9 {started.pid}"):
        server_process.stop(cleared, started)
