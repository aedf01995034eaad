"""Processes that are not cut off: whoever stops this program tells Terraform, and the deploy that runs it, to end."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

# Ctrl-C, a pipeline that is cancelled, a terminal that is closed.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDING = "interrupted: Terraform ends what AWS is at, writes its state and frees its lock, which takes some time"
STILL_ENDING = "Terraform still ends what it began. Killed, it would lose that, and leave the lock: it is process"


@contextmanager
def running(
    arguments: Sequence[str], *, folder: Path, variables: Mapping[str, str], stderr: int
) -> Iterator[subprocess.Popen[str]]:
    """With its standard output as a pipe, and nothing to read. Its exit code is known after the block.

    A terminal sends Ctrl-C to a whole process group, and a second one makes Terraform drop everything: so it has a
    group of its own, and is told once. Raises KeyboardInterrupt when it has ended, where this process was told to stop,
    and FileNotFoundError where there is no Terraform on PATH.
    """
    terraform = shutil.which("terraform", path=variables.get("PATH"))
    if terraform is None:
        raise FileNotFoundError("terraform")
    told: list[int] = []
    started: list[subprocess.Popen[str]] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)
        if not started:
            return
        [process] = started
        if len(told) == 1:
            process.send_signal(signal.SIGINT)
        text = ENDING if len(told) == 1 else f"{STILL_ENDING} {process.pid}"
        with suppress(OSError):  # a terminal that is gone
            os.write(2, f"\n{text}\n".encode())  # not by print, which may be what was interrupted

    with (
        stops_told(stop, lambda: bool(told)),
        subprocess.Popen(
            [terraform, *arguments],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            process_group=0,
        ) as process,
    ):
        started.append(process)
        if told:
            process.send_signal(signal.SIGINT)
        yield process
        process.wait()
    if told:
        raise KeyboardInterrupt


@contextmanager
def stops_told(stop: Callable[[int, FrameType | None], None], stopped: Callable[[], bool]) -> Iterator[None]:
    """What is to stop this program is told to `stop`. What was ignored, as nohup does, stays so; where it was told, all
    of it is afterwards, as the program ends.

    Only the main thread is told of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stopped() else handler)


def waited_for(command: Sequence[str], *, folder: Path, variables: Mapping[str, str]) -> int:
    """The exit code of a deploy, which tells its Terraform itself, and ends in its own time.

    Raises KeyboardInterrupt when it has ended, where this process was told to stop.
    """
    told: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)
        for process in started:
            process.send_signal(number)

    with (
        stops_told(stop, lambda: bool(told)),
        subprocess.Popen(
            command, cwd=folder, env=dict(variables), stdin=subprocess.DEVNULL, process_group=0
        ) as process,
    ):
        started.append(process)
        if told:
            process.send_signal(told[0])
        process.wait()
    if told:
        raise KeyboardInterrupt
    return process.returncode
