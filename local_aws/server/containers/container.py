"""Runs the handlers of an artifact in a process of their own, with little of this machine.

They get an environment, a folder and a session of their own, all of which ends with the answer, and limits of time,
memory and size. It is no sandbox: they run as the person who started the local AWS, and can read what that person can.
The limit of memory is of each process by itself, and of what it has for itself: shared mappings are not counted.
A process that leaves the session is found as a descendant (on Linux; only while the handlers leave their parent alive)
or by its environment. One that escapes both is left.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import botocore.session

from local_aws.server.containers import descendants
from local_aws.server.containers.scikit_learn import RefusedError

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
TIMEOUT_SECONDS = 60
MAX_ANSWER_BYTES: int = (
    botocore.session.get_session()
    .get_service_model("sagemaker-runtime")
    .operation_model("InvokeEndpoint")
    .output_shape.members["Body"]
    .metadata["max"]
)
LOGGED_BYTES = 64_000
# Without the user's site and path; the project's folder is on the path only until its own modules are loaded.
START = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from local_aws.server.containers.handlers import main
del sys.path[0]
main()
"""
TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int  # 0: none in time
    content_type: str = "text/plain"
    body: bytes = b""


def ask(
    artifact: bytes,
    *,
    image: str,
    environment: Mapping[str, str],
    content_type: str,
    accept: str,
    body: bytes,
    memory_mb: int,
    log: Callable[[str], object] = str,
) -> Answer:
    """The container's answer; what it prints goes to `log`. `image` is repository:tag. Raises RefusedError."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as request:
        Path(folder, "artifact.tar.gz").write_bytes(artifact)
        Path(folder, "model").mkdir()
        asked = {"image": image, "environment": {**environment}, "content_type": content_type, "accept": accept}
        limits = {"memory_bytes": memory_mb * 1024**2, "seconds": TIMEOUT_SECONDS}
        request.write(json.dumps(asked | limits).encode() + b"\n" + body)
        request.seek(0)
        # Files and no pipes: what the handlers leave behind cannot keep them open, nor fill them and wait.
        with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as printed_to:
            code = _run(folder, request, answer, printed_to)
            printed = _end_of(printed_to)
            sys.stderr.write(printed)
            sys.stderr.flush()
            log(printed)
            return _read(code, answer)


def _run(folder: str, request: IO[bytes], answer: IO[bytes], log: IO[bytes]) -> int | None:
    """The exit code; None where it took too long. What was started is ended, as far as the top of this file says."""
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, "-I", "-u", "-c", START, str(answer.fileno())],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "HOME": folder,
            "TMPDIR": folder,
            "LANG": "C.UTF-8",
            # Each thread of numpy's takes memory of its own.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        stdin=request,
        stdout=log,
        stderr=log,
        pass_fds=[answer.fileno()],
        start_new_session=True,
    )
    try:
        return process.wait(TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        descendants.end(process, folder, began)


def _end_of(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LOGGED_BYTES))
    return log.read().decode(errors="replace")


def _read(code: int | None, answer: IO[bytes]) -> Answer:
    if code is None:
        return Answer(status=0, body=TIMED_OUT.encode())
    if code != 0:
        return _broken(f"the handlers' process ended with {code}")
    answer.seek(0)
    try:
        told: Any = json.loads(answer.readline(10_000))
        if "refused" in told:
            raise RefusedError(told["refused"])
        status, content_type, length = int(told["status"]), str(told["content_type"]), int(told["length"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):  # whatever the handlers wrote there
        return _broken("the handlers' process gave no answer")
    if not 0 <= length <= MAX_ANSWER_BYTES:
        return _broken(f"the answer has {length:,} bytes: must have at most {MAX_ANSWER_BYTES:,}")
    if not (content_type.isascii() and content_type.isprintable()):
        return _broken(f"the answer's content type is {content_type!r}: must be one line of ASCII")
    return Answer(status=status, content_type=content_type, body=answer.read(length))


def _broken(message: str) -> Answer:
    return Answer(status=500, body=message.encode())
