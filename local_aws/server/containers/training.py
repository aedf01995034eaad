"""Runs a training job's container, without the image: a script as AWS's framework images run it, in script mode, or the
stand-in for one of AWS's own algorithms.

It is a process of its own with a folder for /opt/ml, little of this machine, and limits of time, memory and size of
file. As with the handlers (local_aws/server/containers/container.py) it is no sandbox, and what escapes its session and
its environment is left. A server that ends takes its containers with it: local_aws/server/containers/supervisor.py.
"""

import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import IO

from local_aws.server.containers import descendants, leftovers, linear_learner_interface, script_mode
from local_aws.server.containers.handlers import unpack
from local_aws.server.containers.scikit_learn import RefusedError, contents
from local_aws.server.containers.script_mode import ROOT, Layout

# By repository: the module by which the toolkit reaches the framework, and the package that the script needs here.
FRAMEWORKS = {
    "sagemaker-scikit-learn": ("sagemaker_sklearn_container.training:main", "sklearn", "scikit-learn"),
    "sagemaker-xgboost": ("sagemaker_xgboost_container.training:main", "xgboost", "xgboost"),
}
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
STOP_SECONDS = 120
REASON_MAX_CHARACTERS = 1024
# What is left of the output when the container is gone: only what escaped from it can keep more back.
READ_TIMEOUT_SECONDS = 5
LOGGED_MAX_BYTES = 64 * 1024**2
# Of an event of CloudWatch Logs, less the 26 bytes that each is counted for:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LINE_MAX_BYTES = 262_144 - 26
# A program's name as the toolkit takes it:
# https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/process.py
PROGRAM = re.compile(r"(?!(.*/)?\.\.?(/|$))[A-Za-z0-9._][A-Za-z0-9._+-]*(/[A-Za-z0-9._+-]+)*")
# Without the user's site and path, as the handlers are started.
START = """
import sys
sys.path.insert(0, {project!r})
from local_aws.server.containers.{module} import main
del sys.path[0]
main()
"""
PROJECT = str(Path(__file__).parents[3])
SUPERVISOR = START.format(project=PROJECT, module="supervisor")
LINEAR_LEARNER = START.format(project=PROJECT, module="linear_learner")


class FailedError(Exception):
    """A FailureReason, as DescribeTrainingJob gives it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason[:REASON_MAX_CHARACTERS])


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a job gives its container. `image` is repository:tag."""

    job_name: str
    job_arn: str
    region: str
    image: str
    environment: Mapping[str, str]
    instance_count: int
    is_isolated: bool
    memory_mb: int
    volume_size_gb: int
    max_runtime_seconds: int

    @property
    def repository(self) -> str:
        return re.split("[:@]", self.image)[0]


@dataclass(frozen=True, kw_only=True)
class Command:
    """`introduction`: the first lines of its log. `own`: variables beside those that each container has."""

    words: Sequence[str]
    folder: Path
    introduction: Sequence[str]
    own: Mapping[str, str]
    is_script: bool = True


@dataclass(frozen=True, kw_only=True)
class Ended:
    """`exit_code` is -1 for a container that was killed from outside."""

    exit_code: int
    is_over_time: bool


def relocated(value: str, root: Path) -> str:
    """A path below /opt/ml, quoted as JSON or not, as the path of the folder that stands for it."""
    return re.sub(rf'^("?){ROOT}(?=[/"]|$)', lambda found: f"{found[1]}{root}", value)


def prepare(container: Container, layout: Layout, download: Callable[[str], bytes]) -> Command:
    """Raises FailedError where the image does not run here, or would not begin."""
    environment = {name: relocated(value, layout.root) for name, value in container.environment.items()}
    if container.repository == linear_learner_interface.REPOSITORY:
        said = f"a stand-in for {container.image}: another linear model behind the same interface"
        return Command(
            words=[sys.executable, "-I", "-u", "-c", LINEAR_LEARNER, str(layout.root)],
            folder=layout.root,
            introduction=[_introduced(said, container)],
            own=environment,
            is_script=False,
        )
    framework_module, package, distribution = _framework(container)
    given = script_mode.decoded(layout.read("hyperparameters"))
    entry_point = script_mode.program(given, environment)
    if not PROGRAM.fullmatch(entry_point):
        what = f"the hyperparameter sagemaker_program is {entry_point!r}: must be the script's path within its code"
        raise _algorithm_error(what)
    _fetch_code(str(given.get("sagemaker_submit_directory", layout.code)), container, layout, download)
    if not (layout.code / entry_point).is_file():
        raise _algorithm_error(f"there is no {entry_point} among the code: it has {contents(layout.code)}")
    for name in ("setup.py", "requirements.txt"):
        if (layout.code / name).exists():
            raise _algorithm_error(f"{name}: the image would run pip; the local AWS installs nothing for a job")
    words = script_mode.command(sys.executable, entry_point, script_mode.arguments(script_mode.own(given)))
    own = {
        **environment,
        "SAGEMAKER_TRAINING_MODULE": framework_module,
        "SAGEMAKER_JOB_NAME": str(given.get("sagemaker_job_name", "")),
        **script_mode.variables(
            layout, environment=environment, framework_module=framework_module, job_name=container.job_name
        ),
        "PYTHONPATH": str(layout.code),
    }
    has = f"Python {python_version()}, {distribution} {version(distribution)}" if package else ""
    said = f"runs {entry_point} as {container.image} does, without the image: {has}"
    return Command(
        words=words,
        folder=layout.code,
        introduction=[
            _introduced(said, container),
            layout.told(f"Invoking script with the following command: {' '.join(words)}"),
        ],
        own=own,
    )


def run(
    container: Container, command: Command, home: Path, *, log: Callable[[str], object], stop: threading.Event
) -> Ended:
    """Runs it until it ends, is stopped or is over its time; `log` gets each line as it is printed."""
    for line in command.introduction:
        log(line)
    began, monotonic = time.time(), time.monotonic()
    asked = {
        "command": [*command.words],
        "cwd": str(command.folder),
        "environment": {
            name: value for name, value in _environment(container, command, home).items() if "\0" not in value
        },
        "memory_bytes": container.memory_mb * 1024**2,
        "file_bytes": container.volume_size_gb * 1024**3,
        "folder": str(home),
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-u", "-c", SUPERVISOR],
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - as asked for
    assert process.stdout is not None  # noqa: S101
    reader = threading.Thread(target=_read, args=(process.stdout, log), daemon=True)
    reader.start()
    try:
        _tell(process.stdin, json.dumps(asked))
        over = monotonic + container.max_runtime_seconds
        killed_at = None
        while process.poll() is None:
            now = time.monotonic()
            if killed_at is None and (stop.is_set() or now >= over):
                killed_at = now + STOP_SECONDS
                _tell(process.stdin, "SIGTERM")
            if killed_at is not None and now >= killed_at:
                break
            time.sleep(0.02)
        code = process.poll()
    finally:
        descendants.end(process, str(home), began)
        with suppress(BrokenPipeError):
            process.stdin.close()
    reader.join(READ_TIMEOUT_SECONDS)
    is_over_time = killed_at is not None and not stop.is_set()
    return Ended(exit_code=-1 if code is None or code < 0 else code, is_over_time=is_over_time)


def failure(command: Command, layout: Layout, home: Path, ended: Ended) -> FailedError:
    """Of what the script wrote to the failure file, or the toolkit would have: the script's exit code is in it.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html
    """
    if ended.exit_code == -1:
        return _algorithm_error("the container was killed", exit_code=137)
    written = leftovers.text(layout.output / "failure", home, REASON_MAX_CHARACTERS)
    if not command.is_script:
        customer = ended.exit_code == linear_learner_interface.CUSTOMER_ERROR
        return _error("ClientError" if customer else "AlgorithmError", written, ended.exit_code)
    code = ended.exit_code if ended.exit_code <= 128 else 128 - ended.exit_code  # by a signal
    return _algorithm_error(
        written or f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage ""\nCommand "{" ".join(command.words)}"'
    )


def pack(folder: Path) -> bytes | None:
    """What is in the folder, as model.tar.gz and output.tar.gz are made, if there is anything."""
    members = sorted(folder.iterdir())
    if not members:
        return None
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for member in members:
            archive.add(member, member.name)
    return packed.getvalue()


def _framework(container: Container) -> tuple[str, str, str]:
    found = FRAMEWORKS.get(container.repository)
    if found is None:
        raise FailedError(
            f"ClientError: the local AWS runs no image: it trains what {', '.join(FRAMEWORKS)} run in script mode, and "
            f"a stand-in for {linear_learner_interface.REPOSITORY}, and not {container.image}"
        )
    if importlib.util.find_spec(found[1]) is None:
        raise FailedError(
            f"ClientError: the local AWS runs no image: a script of {container.image} needs the package {found[2]}, "
            "which is not installed here"
        )
    return found


def _fetch_code(where: str, container: Container, layout: Layout, download: Callable[[str], bytes]) -> None:
    """As the toolkit does: an archive in S3 or in the container, or a folder of it, or one file."""
    archive = layout.root / "sourcedir.tar.gz"
    if where.startswith("s3://"):
        if container.is_isolated:
            raise _algorithm_error(
                f"framework error: the job is isolated from the network, and cannot download its code from {where}: "
                "let it come by a channel"
            )
        archive.write_bytes(download(where))
    elif Path(where) == layout.code:
        return
    elif not Path(where).resolve().is_relative_to(layout.root.resolve()):
        raise _algorithm_error(f"framework error: sagemaker_submit_directory is {where}: the local AWS has {ROOT} only")
    elif Path(where).is_dir():
        shutil.copytree(where, layout.code, dirs_exist_ok=True)
        return
    elif not Path(where).is_file():
        raise _algorithm_error(f"framework error: FileNotFoundError: No such file or directory: '{where}'")
    elif tarfile.is_tarfile(where):
        archive = Path(where)
    else:
        shutil.copy2(where, layout.code)
        return
    try:
        unpack(archive, layout.code)
    except RefusedError as error:
        raise _algorithm_error(f"framework error: {error} (sagemaker_submit_directory: {where})") from error


def _environment(container: Container, command: Command, home: Path) -> dict[str, str]:
    """The container's, with what keeps it here at the end."""
    (home / "tmp").mkdir(exist_ok=True)
    return {
        "TRAINING_JOB_NAME": container.job_name,
        "TRAINING_JOB_ARN": container.job_arn,
        "AWS_REGION": container.region,
        "SAGEMAKER_REGION": container.region,
        "CURRENT_HOST": script_mode.HOST,
        # https://github.com/aws/sagemaker-scikit-learn-container/blob/master/docker/1.2-1/base/Dockerfile.cpu
        "PYTHONUNBUFFERED": "TRUE",
        "PYTHONDONTWRITEBYTECODE": "TRUE",
        **command.own,
        "PYTHONNOUSERSITE": "TRUE",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        # Each thread of numpy's takes memory of its own.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _introduced(said: str, container: Container) -> str:
    alone = f"; once, as {script_mode.HOST}, where {container.instance_count} instances were asked for"
    return f"local AWS: {said}{alone if container.instance_count > 1 else ''}"


def _tell(to: IO[bytes], line: str) -> None:
    with suppress(BrokenPipeError):  # it has just ended
        to.write(line.encode() + b"\n")
        to.flush()


def _read(output: IO[bytes], log: Callable[[str], object]) -> None:
    left = LOGGED_MAX_BYTES
    with output:
        for line in _lines(output):
            if left > 0:
                left -= len(line)
                with _reported():
                    log(line.decode(errors="replace"))
                    if left <= 0:
                        log(f"local AWS: what is printed beyond {LOGGED_MAX_BYTES:,} bytes is not kept")


@contextmanager
def _reported() -> Iterator[None]:
    """A container whose output nobody reads would wait for ever."""
    try:
        yield
    except Exception:
        traceback.print_exc()


def _lines(output: IO[bytes]) -> Iterable[bytes]:
    while line := output.readline(LINE_MAX_BYTES):
        yield line.rstrip(b"\r\n")


def _algorithm_error(what: str, exit_code: int = 1) -> FailedError:
    return _error("AlgorithmError", what, exit_code)


def _error(kind: str, what: str, exit_code: int) -> FailedError:
    ending = f", exit code: {exit_code}"
    return FailedError(f"{kind}: {what}"[: REASON_MAX_CHARACTERS - len(ending)] + ending)
