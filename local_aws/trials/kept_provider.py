"""The AWS provider as one process for many runs of Terraform. Otherwise each starts it up to four times, and reads all
of its 700 MB before that, to compare them with the lock file: most of the processor's time of a run without changes.

It runs as for a debugger: https://developer.hashicorp.com/terraform/plugin/debugging. Terraform does not end such a
provider. A run that is interrupted would stop it for good, one that is killed leave it at work: those start their own.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_aws.provider import PROVIDER

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
    process = subprocess.Popen(
        [kept, "-debug"],
        cwd=stack,
        env={**variables, **ITS_VARIABLES},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        lines = (re.search(rf"{REATTACH}='(.*)'", line) for line in process.stdout or ())
        found = next(filter(None, lines), None)
        assert found is not None, f"{program} -debug ended"
        yield {REATTACH: found[1]}
    finally:
        process.terminate()
        process.communicate()
