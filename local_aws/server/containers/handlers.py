"""Answers one request as AWS's scikit-learn container does, with the handlers of a model's artifact.

local_aws/server/containers/container.py starts it in a folder with artifact.tar.gz; the request is on standard input: a
line of JSON, then the body. Written to the descriptor that is its argument are a line of JSON, the answer's status,
content type and length, and then the body; or why the artifact is refused. As in the container, Flask makes the answer:
what a handler raises is a 500 without a word of it, and goes to standard error; what output_fn returns may be a pair,
or anything that Flask takes.
https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html#sagemaker-scikit-learn-model-server
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_transformer.py
https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_worker.py
"""

import gzip
import json
import os
import resource
import signal
import sys
import tarfile
import traceback
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from flask import Flask, Response, request

from local_aws.server.containers import linear_learner_answers
from local_aws.server.containers.descendants import adopt_orphans, end_descendants
from local_aws.server.containers.scikit_learn import CSV, JSON, MODEL_FOLDER, RefusedError, Transform, contents, load

TEXTS = (JSON, CSV)
# Of this local AWS: those of the project have some kilobytes.
MAX_UNPACKED_BYTES = 1024**3
MAX_MEMBERS = 10_000


def container(transform: Transform) -> Flask:
    """The handlers behind /invocations."""
    app = Flask(__name__)

    @app.post("/invocations")
    def invocations() -> Response:
        content_type = request.headers.get("Content-Type") or JSON
        asked_for = request.headers.get("Accept")
        default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        accept = default if asked_for in (None, "", "*/*") else asked_for
        # Decoded for these two types as they stand, and not with a charset after them.
        body = request.get_data().decode(errors="replace") if content_type in TEXTS else request.get_data()
        answer: Any = transform(body, content_type, str(accept))
        return Response(answer[0], mimetype=answer[1]) if isinstance(answer, tuple) else app.make_response(answer)

    return app


def unpack(archive: Path, folder: Path) -> None:
    """Raises RefusedError at the first member that is refused, before it is written."""
    count = size = 0
    try:
        # As a stream: what comes after the last member that is allowed is not even decompressed.
        with gzip.open(archive) as whole, tarfile.open(fileobj=whole, mode="r|") as members:
            for member in members:
                count, size = count + 1, size + member.size
                if count > MAX_MEMBERS or size > MAX_UNPACKED_BYTES:
                    limit = f"{MAX_MEMBERS:,} members and {MAX_UNPACKED_BYTES:,} bytes"
                    raise RefusedError(f"the artifact unpacks to more than {limit}")
                if member.name.startswith("/"):
                    raise RefusedError(f"the artifact's member {member.name!r} leads outside")
                what = f"the artifact's member {member.name!r}"
                for path in (member.name, *([member.linkname] if member.islnk() else ())):
                    _refuse_outside(folder / path, folder, what)
                members.extract(member, folder, filter="data")
                _refuse_outside(folder / member.name, folder, what)
    except tarfile.FilterError as error:
        raise RefusedError(f"the artifact's member {error.tarinfo.name!r} leads outside, or is no file") from error
    except KeyError as error:
        raise RefusedError(f"the artifact cannot be unpacked: {error.args[0]}") from error
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, MemoryError, RecursionError) as error:
        raise RefusedError(f"the artifact cannot be unpacked: {type(error).__name__}: {error}") from error


def script(folder: Path, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The script that SAGEMAKER_PROGRAM names, and the folder SAGEMAKER_SUBMIT_DIRECTORY. Raises RefusedError."""
    code = _within("SAGEMAKER_SUBMIT_DIRECTORY", environment.get("SAGEMAKER_SUBMIT_DIRECTORY", f"{MODEL_FOLDER}/code"))
    name = environment.get("SAGEMAKER_PROGRAM", "inference.py")
    path = _within("SAGEMAKER_PROGRAM", os.path.join(MODEL_FOLDER, name))  # noqa: PTH118 - of another machine
    found = folder / code / (path if path.suffix == ".py" else f"{path}.py")
    try:
        missing = not found.is_file()
    except (OSError, ValueError):  # no file can have such a name
        missing = True
    if missing:
        shown = f"{code}/{name if name.isprintable() else repr(name)}"
        raise RefusedError(
            f"the local AWS runs no image: it needs the handlers {shown} in the artifact, with a function model_fn, "
            f"beside the model's files; the artifact holds {contents(folder)}"
        )
    return found, folder / code


def _within(variable: str, name: str) -> Path:
    """Relative to the model's folder."""
    path = os.path.relpath(os.path.normpath(name), MODEL_FOLDER)
    if path.split("/")[0] == "..":
        raise RefusedError(f"{variable} {name!r} leads outside of the artifact")
    return Path(path)


def _refuse_outside(path: Path, folder: Path, what: str) -> None:
    """tarfile's own check takes a path for sound that is too long to be followed: here each part of it must be."""
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (FileNotFoundError, NotADirectoryError):  # to nothing, or to what comes later: nobody can follow it yet
        return
    except (OSError, RuntimeError):  # round in circles, or further than a path may be long
        inside = False
    if not inside:
        raise RefusedError(f"{what} leads outside, or round in circles")


def limit(memory_bytes: int, file_bytes: int, seconds: int) -> None:
    """For this process and all that it starts, each by itself; where the system knows the limit."""
    for kind, most in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    # Should the server be gone by then.
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))
    signal.alarm(seconds + 5)


def give(environment: Mapping[str, str]) -> None:
    """The model's own variables, beside those of this process; one with a NUL in it no process can have."""
    os.environ.update(
        {name: value for name, value in environment.items() if name not in os.environ and "\0" not in value}
    )


def answer(transform: Transform, asked: Mapping[str, Any], body: bytes, to: BinaryIO) -> None:
    client = container(transform).test_client()
    headers = {"Content-Type": asked["content_type"], "Accept": asked["accept"]}
    given = client.post("/invocations", data=body, headers=headers)
    write(to, given.data, status=given.status_code, content_type=given.content_type or "")


def write(to: BinaryIO, body: bytes = b"", **told: Any) -> None:  # noqa: ANN401 - any JSON
    to.write(json.dumps({**told, "length": len(body)}).encode() + b"\n" + body)
    to.flush()


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    body = sys.stdin.buffer.read()
    limit(asked["memory_bytes"], MAX_UNPACKED_BYTES, asked["seconds"])
    folder = Path("model").resolve()
    with open(int(sys.argv[1]), "wb") as to:  # noqa: PTH123 - a descriptor
        os.set_inheritable(to.fileno(), False)
        try:
            unpack(Path("artifact.tar.gz"), folder)
            stands_in = linear_learner_answers.is_one(asked["image"], folder)
            found = None if stands_in else script(folder, asked["environment"])
        except RefusedError as error:
            write(to, refused=str(error))
            return
        # What the handlers do to their parent, they do to this process and not to the server.
        adopt_orphans()
        child = os.fork()
        if child == 0:
            try:
                give(asked["environment"])
                transform = (
                    linear_learner_answers.load(folder) if found is None else load(*found, folder, asked["image"])
                )
                answer(transform, asked, body, to)
            except RefusedError as error:
                write(to, refused=str(error))
            except SystemExit as left:  # no answer either
                os._exit(left.code % 256 if isinstance(left.code, int) else 1)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)  # without what was left to be done at the exit: a container would not end here
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end_descendants()
    os._exit(ended if ended >= 0 else 128 - ended)
