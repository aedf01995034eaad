"""Ends what a container's process has started: here each container is a process with a folder for its home."""

import ctypes
import os
import signal
import subprocess
from contextlib import suppress

import psutil

# A process that is killed is there until the system comes to it.
GONE_TIMEOUT_SECONDS = 5
# https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
PR_SET_CHILD_SUBREAPER = 36


def end(process: subprocess.Popen[bytes], folder: str, began: float) -> None:
    """Ends the leader of a session with all that it started since `began`, a time of time.time()."""
    for started in _descendants(process.pid):
        with suppress(psutil.Error):
            started.kill()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _kill_those_of(folder, began)


def adopt_orphans() -> None:
    """On Linux, whatever loses its parent below this process becomes a child of it, in whichever session."""
    with suppress(AttributeError):  # other systems have no such thing
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Of this process."""
    with suppress(ChildProcessError):  # when there are none
        while True:
            os.waitpid(-1, os.WNOHANG)
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    process.kill()


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:  # it has ended, and ended them
        return []
    return found


def _kill_those_of(folder: str, began: float) -> None:
    """What left the session still has the folder for its home. Waits until they are gone."""
    killed = []
    for process in psutil.process_iter(["create_time"]):
        if process.info["create_time"] >= began - 1:
            with suppress(psutil.Error):
                if process.environ().get("HOME") == folder:
                    process.kill()
                    killed.append(process)
    psutil.wait_procs(killed, timeout=GONE_TIMEOUT_SECONDS)
