"""What the commands of this folder have in common: errors as lines without a traceback."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.server.process import LocalAwsError
from settings.problems import printable
from stacks.terminal import printed


@contextmanager
def errors_as_lines(interrupted: str) -> Iterator[None]:
    """Ends the program with exit code 1 and what went wrong; where a person interrupts it, with what follows."""
    try:
        with printed("local AWS"):
            yield
    except LocalAwsError as error:
        sys.exit(printable("\n".join(f"local AWS: {line}" for line in str(error).splitlines())))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
        print(f"local AWS: interrupted; {interrupted}", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
