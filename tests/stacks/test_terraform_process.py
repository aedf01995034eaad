"""Terraform is never cut off by what stops the program that runs it. A script plays a Terraform that needs its time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stacks.environments import ROOT
from stacks.terraform_process import ENDING, STILL_ENDING

PLAYED = """#!/bin/sh
interrupted() { echo interrupted >> told; sleep 1; echo ended >> told; exit 0; }
trap interrupted INT
echo begun
while :; do sleep 0.1; done
"""
WAITING = """
import os, signal, sys
from pathlib import Path
from stacks.terraform_process import waited_for
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell has ignored, in the background or by nohup
signal.signal(signal.SIGHUP, signal.SIG_DFL)
waited_for([f"{sys.argv[1]}/terraform"], folder=Path(sys.argv[1]), variables=os.environ)
print("not stopped")
"""
PROGRAM = """
import os, signal, subprocess, sys
from pathlib import Path
from stacks.terraform_process import running
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell has ignored, in the background or by nohup
signal.signal(signal.SIGHUP, signal.SIG_DFL)
with running([], folder=Path(sys.argv[1]), variables=os.environ, stderr=subprocess.STDOUT) as terraform:
    for line in terraform.stdout:
        print(line, end="", flush=True)
print("not stopped")
"""


def stopped(folder: Path, signals: list[signal.Signals], program: str = PROGRAM) -> tuple[int, str, str]:
    """Code and words of the program, and what Terraform was told, by signals that reach its whole group."""
    played = folder / "terraform"
    played.write_text(PLAYED)
    played.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        for number in signals:
            os.killpg(process.pid, number)
            time.sleep(0.3)
        said += process.stdout.read()
    return process.returncode, said, (folder / "told").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_terraform_is_interrupted_and_waited_for(tmp_path: Path, number: signal.Signals) -> None:
    code, said, told = stopped(tmp_path, [number])
    assert (code, told) == (-signal.SIGINT, "interrupted\nended\n")  # Python's end by an unhandled KeyboardInterrupt
    assert ENDING in said
    assert "not stopped" not in said


def test_a_second_interrupt_and_a_third_do_not_reach_terraform(tmp_path: Path) -> None:
    _, said, told = stopped(tmp_path, [signal.SIGINT, signal.SIGINT, signal.SIGTERM])
    assert told == "interrupted\nended\n"
    assert said.count(STILL_ENDING) == 2


def test_terraform_is_waited_for_where_the_terminal_is_gone(tmp_path: Path) -> None:
    """What is told of it has no reader then."""
    gone = "import os\nread, written = os.pipe()\nos.close(read)\nos.dup2(written, 2)\n"
    _, _, told = stopped(tmp_path, [signal.SIGHUP, signal.SIGTERM], gone + PROGRAM)
    assert told == "interrupted\nended\n"


def test_the_deploy_of_make_local_is_told_and_waited_for(tmp_path: Path) -> None:
    code, said, told = stopped(tmp_path, [signal.SIGINT], WAITING)
    assert (code, told) == (-signal.SIGINT, "interrupted\nended\n")
    assert "not stopped" not in said
