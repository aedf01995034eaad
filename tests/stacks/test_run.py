"""An interrupt while a command is still being loaded ends it without a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from stacks.environments import ROOT

SLOW = """
import signal, sys, time
print(sys.argv[1:], flush=True)
time.sleep(20)
"""


def test_an_interrupt_while_it_is_loaded_has_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    # Python itself would not hear of interrupts that a shell ignores for what runs in the background.
    command = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command += "sys.argv = ['', 'slow', '--', 'dev']; runpy.run_module('stacks.run', run_name='__main__')"
    with subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "['--', 'dev']\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == -signal.SIGINT
