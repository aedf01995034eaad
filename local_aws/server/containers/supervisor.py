"""Runs a training container's command below itself, and ends it with all that it started.

local_aws/server/containers/training.py starts it. On standard input are a line of JSON that says what to run, and then
a line for each SIGTERM that the command is to get. When standard input ends, the server is gone: so is the command
then, and the folder.
"""

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from local_aws.server.containers import leftovers
from local_aws.server.containers.descendants import adopt_orphans, end_descendants


def limit(memory_bytes: int, file_bytes: int) -> None:
    """For this process and all that it starts, each by itself; where the system knows the limit."""
    for kind, most in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def obey(command: subprocess.Popen[bytes], gone: threading.Event) -> None:
    for _ in sys.stdin.buffer:
        command.terminate()
    gone.set()
    command.kill()


def main() -> None:
    asked: Mapping[str, Any] = json.loads(sys.stdin.buffer.readline())
    adopt_orphans()
    command = subprocess.Popen(
        asked["command"],
        cwd=asked["cwd"],
        env=asked["environment"],
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: limit(asked["memory_bytes"], asked["file_bytes"]),  # noqa: PLW1509 - no thread runs yet
    )
    gone = threading.Event()
    threading.Thread(target=obey, args=(command, gone), daemon=True).start()
    code = command.wait()
    end_descendants()
    if gone.is_set():
        leftovers.remove(Path(asked["folder"]))
    os._exit(code if code >= 0 else 128 - code)
