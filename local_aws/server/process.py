"""Starts, finds and stops the local AWS of a folder.

Whether it runs is asked of the process table, whatever the folder says. Its port is in `server.json`, its key in
`server.env`, which nobody else may read; it writes both anew when it is told to (SIGHUP).
"""

import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic_core import from_json

from local_aws import private_file

HOST = "127.0.0.1"
IDENTITY_PATH = "/local-aws"
MODULE = "local_aws.server.main"
# Lines of the server's log, before an operation's name: local_aws/server/strict.py writes them.
HELD, NOT_HELD = "strict: held against its model:", "strict: not held against a model:"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
ANSWER_TIMEOUT_SECONDS = 10
MAX_RECORD_BYTES = 1000


class LocalAwsError(Exception):
    """One line for the person at the terminal."""


@dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Server:
    pid: Annotated[int, Field(gt=0, lt=2**31)]
    port: Annotated[int, Field(gt=0, lt=2**16)]
    # Of the key that it made when it started, with which everything begins.
    access_key: Annotated[str, Field(pattern="^[A-Z0-9]{20}$")] = field(repr=False)
    secret_key: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{40,}$")] = field(repr=False)

    @property
    def url(self) -> str:
        # An address, not a name: with a name the SDKs would ask for <bucket>.localhost.
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str, *, method: str = "GET", body: str = "") -> Any:  # noqa: ANN401 - any JSON
        """What the server tells of itself at a path below IDENTITY_PATH. Raises OSError and ValueError."""
        request = AWSRequest(method, f"{self.url}{IDENTITY_PATH}{path}", data=body)
        SigV4Auth(Credentials(self.access_key, self.secret_key), "local-aws", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(  # directly, whatever proxy is configured
            HOST, self.port, timeout=ANSWER_TIMEOUT_SECONDS
        )
        try:
            connection.request(method, f"{IDENTITY_PATH}{path}", body, dict(request.headers))
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def identity(self) -> dict[str, Any]:
        """Its process and its record; nothing where it is gone and its port perhaps another's."""
        try:
            answer = self.ask("")
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        return answer if isinstance(answer, dict) and answer.get("pid") == self.pid else {}

    def answers(self) -> bool:
        return bool(self.identity())


def write(record: Path, server: Server) -> None:
    """What `find` reads; the record last, for which `start` waits. Raises OSError."""
    key = f"AWS_ACCESS_KEY_ID={server.access_key}\nAWS_SECRET_ACCESS_KEY={server.secret_key}\n"
    private_file.write(_key_file(record), key)
    private_file.write(record, json.dumps({"pid": server.pid, "port": server.port}))


def find(folder: Path) -> tuple[Server | None, str]:
    """The running server, or None; and, where the folder tells of one that is gone, a line that says so.

    Raises LocalAwsError where one runs and does not answer.
    """
    record, told, began = _record(folder), False, time.monotonic()
    while processes := _processes(record):
        if len(processes) > 1:
            ids = ", ".join(str(process.pid) for process in processes)
            raise LocalAwsError(f"several processes serve {folder}: {ids}: end all but one (kill)")
        [process] = processes
        with suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_STOPPED:
                raise LocalAwsError(f"process {process.pid} is stopped: let it go on (kill -CONT {process.pid})")
            server = _read(record)
            if server is not None and server.pid == process.pid and server.answers():
                return server, ""
            age = time.time() - process.create_time()
            patience = max(START_TIMEOUT_SECONDS - age, ANSWER_TIMEOUT_SECONDS)
            if time.monotonic() - began > patience or (server is not None and told):
                raise LocalAwsError(f"process {process.pid} does not answer: end it (kill -9 {process.pid})")
            # Before it can be told to, a server that just starts writes its record by itself.
            if not told and age > 1:
                _discard(record)
                process.send_signal(signal.SIGHUP)
                told = True
        time.sleep(0.05)
    server = _read(record)
    if server is not None:
        written_by = server.identity().get("record")
        if written_by is not None and not Path(written_by).exists():
            return server, ""  # the folder was moved
        return None, f"the server on port {server.port} (process {server.pid}) is gone, and with it all that it held"
    if not os.path.lexists(record):
        return None, ""
    _discard(record)
    return None, f"{record}: unreadable: taken for a server that is gone"


def start(folder: Path, port: int = 0) -> Server:
    """A new server on that port of 127.0.0.1; 0: a free one. Raises LocalAwsError if it does not come up."""
    record, log = _record(folder), folder / "server.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            for running in _processes(record):
                raise LocalAwsError(f"process {running.pid} serves {folder} already")
            _discard(record)
            private_file.write(log, "")
            try:
                return _started(_launched(port, record, log), record, log)
            except BaseException:  # an interrupt too, perhaps before the process is known here: nobody else knows of it
                for process in _processes(record):
                    process.kill()
                    process.wait()
                _discard(record)
                raise
    except OSError as error:
        raise LocalAwsError(f"{error.filename}: {error.strerror}: the local AWS cannot write to {folder}") from error


def stop(folder: Path, server: Server) -> None:
    """Ends the server and waits for it. Raises LocalAwsError if it does not end."""
    give_up = time.monotonic() + STOP_TIMEOUT_SECONDS
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(server.pid)
        process.terminate()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # whose parent does not look
            if time.monotonic() > give_up:
                raise LocalAwsError(f"process {server.pid} does not end: kill -9 {server.pid}")
            time.sleep(0.05)
    _discard(_record(folder))


def _launched(port: int, record: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, "--port", str(port), "--record", str(record)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _started(process: subprocess.Popen[bytes], record: Path, log: Path) -> Server:
    give_up = time.monotonic() + START_TIMEOUT_SECONDS
    while (server := _read(record)) is None:
        if process.poll() is not None:
            raise LocalAwsError((log.read_text().strip().splitlines() or ["the server ended without a word"])[-1])
        if time.monotonic() > give_up:
            raise LocalAwsError(f"the server did not start in {START_TIMEOUT_SECONDS} s: its log is {log}")
        time.sleep(0.05)
    return server


def _processes(record: Path) -> list[psutil.Process]:
    """Those of this person that were started to serve with that record, without their own forks."""
    wanted = [MODULE, "--record", str(record)]
    found = {
        process.pid: process
        for process in psutil.process_iter(["cmdline", "uids", "ppid"])
        if process.info["uids"] is not None and process.info["uids"].real == os.getuid()
        if [word for word in process.info["cmdline"] or [] if word in wanted] == wanted
    }
    return [process for process in found.values() if process.info["ppid"] not in found]


def _record(folder: Path) -> Path:
    return folder.resolve() / "server.json"


def _key_file(record: Path) -> Path:
    return record.with_suffix(".env")


def _read(record: Path) -> Server | None:
    """None for what is no record, whatever it is instead."""
    try:
        told = from_json(_beginning(record))
        key = dict(line.split("=") for line in _beginning(_key_file(record)).decode().splitlines())
        return Server(**told, access_key=key["AWS_ACCESS_KEY_ID"], secret_key=key["AWS_SECRET_ACCESS_KEY"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _beginning(path: Path) -> bytes:
    # A pipe would keep an ordinary open waiting.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - a descriptor
        return file.read(MAX_RECORD_BYTES) or b""


def _discard(record: Path) -> None:
    for path in (record, _key_file(record)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two starts at once would both see no server. The lock goes with the process that has it."""
    with (folder / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
