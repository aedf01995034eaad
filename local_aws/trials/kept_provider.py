"""The AWS provider as one process for many runs of Terraform. Otherwise each starts it up to four times, and reads all
of its 700 MB before that, to compare them with the lock file: most of the processor's time of a run without changes.

It runs as for a debugger: https://developer.hashicorp.com/terraform/plugin/debugging. Terraform does not end such a
provider. A run that is interrupted would stop it for good, one that is killed leave it at work: those start their own.
Before it stands local_aws/trials/provider_proxy.py.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local_aws.provider import PROVIDER
from stacks.environments import ROOT

REATTACH = "TF_REATTACH_PROVIDERS"
OWN = {REATTACH: ""}  # for a run of Terraform that is to start its own
# It would write down everything; and it stays, where others are gone before they collect their garbage.
ITS_VARIABLES = {"TF_LOG_SDK": "OFF", "TF_LOG_PROVIDER": "OFF", "GOGC": "100"}


@contextmanager
def kept_provider(stack: Path, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What to add to the variables of whoever runs Terraform in the stack's folder, which is initialized."""
    [program] = (stack / ".terraform/providers" / PROVIDER).glob("*/*/terraform-provider-aws*")
    # By another name: a process that is called like Terraform's may hold a lock (operations/state_lock.py).
    kept = stack / ".terraform/kept-provider"
    kept.symlink_to(program)
    with ExitStack() as until_the_end:
        # Not below `stack`: a socket's path has 108 characters at most.
        folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="kept-provider-"))

        def line_of(command: Sequence[str | Path], cwd: Path, pattern: str) -> str:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**variables, **ITS_VARIABLES},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            until_the_end.callback(process.communicate)
            until_the_end.callback(process.terminate)
            found = next(filter(None, (re.search(pattern, line) for line in process.stdout or ())), None)
            assert found is not None, f"{command[0]} ended"
            return found[1]

        told = json.loads(line_of([kept, "-debug"], stack, f"{REATTACH}='(.*)'"))
        place = told[PROVIDER]["Addr"]["String"]
        told[PROVIDER]["Addr"]["String"] = f"{folder}/socket"
        proxy = [sys.executable, "-m", "local_aws.trials.provider_proxy", place, f"{folder}/socket"]
        line_of(proxy, ROOT, "(listens)")
        yield {REATTACH: json.dumps(told)}
