"""Starts, finds and stops the local AWS of a folder; its process and port are in `server.json` there."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
IDENTITY_PATH = "/local-aws"
# Lines of the server's log, before an operation's name: local_aws/server/strict.py writes them.
HELD, NOT_HELD = "strict: held against its model:", "strict: not held against a model:"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10


class LocalAwsError(Exception):
    """One line for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Server:
    pid: int
    port: int

    @property
    def url(self) -> str:
        # An address, not a name: with a name the SDKs would ask for <bucket>.localhost.
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str, *, method: str = "GET", body: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        """What the server tells of itself at a path below IDENTITY_PATH. Raises OSError and ValueError."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)  # directly, whatever proxy is configured
        try:
            connection.request(method, f"{IDENTITY_PATH}{path}", body)
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether this very process serves that port: it may be gone, and both numbers taken by others."""
        try:
            return bool(self.ask("") == {"pid": self.pid})
        except (OSError, ValueError, http.client.HTTPException):
            return False


def find(folder: Path) -> tuple[Server | None, str]:
    """The running server, or None; and, where the folder tells of one that is gone, a line that says so."""
    record = folder / "server.json"
    try:
        server = Server(**json.loads(record.read_text()))
    except FileNotFoundError:
        return None, ""
    except (ValueError, TypeError):
        return None, f"{record}: unreadable: taken for a server that is gone"
    if server.answers():
        return server, ""
    return None, f"the server on port {server.port} (process {server.pid}) is gone, and with it all that it held"


def start(folder: Path, port: int = 0) -> Server:
    """A new server on that port of 127.0.0.1; 0: a free one. Raises LocalAwsError if it does not come up."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "server.json"
    record.unlink(missing_ok=True)
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_aws.server.main", "--port", str(port), "--record", str(record)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    give_up = time.monotonic() + START_TIMEOUT_SECONDS
    while not record.exists():
        if process.poll() is not None:
            raise LocalAwsError((log.read_text().strip().splitlines() or ["the server ended without a word"])[-1])
        if time.monotonic() > give_up:
            process.kill()
            raise LocalAwsError(f"the server did not start in {START_TIMEOUT_SECONDS} s: its log is {log}")
        time.sleep(0.05)
    return Server(**json.loads(record.read_text()))


def stop(folder: Path, server: Server) -> None:
    """Ends the server and waits for it. Raises LocalAwsError if it does not end."""
    os.kill(server.pid, signal.SIGTERM)
    give_up = time.monotonic() + STOP_TIMEOUT_SECONDS
    while server.answers():
        if time.monotonic() > give_up:
            raise LocalAwsError(f"process {server.pid} does not end")
        time.sleep(0.05)
    (folder / "server.json").unlink(missing_ok=True)
