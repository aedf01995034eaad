"""Runs a command of the project, a module: `python -m stacks.run operations.deploy -- dev`.

An interrupt while the module is loaded, which takes a second, ends it as it ends any program. From then on the command
itself says what an interrupt does.
"""

import runpy
import signal
import sys

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored, as nohup does
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
