"""What the system refuses Node, in which CDKTF runs: a line in the place of two tracebacks, Node's and Python's."""

import re
import sys
from types import TracebackType

from settings.problems import one_line

# https://nodejs.org/api/errors.html#class-systemerror: the code, its words, the call, and one file or two.
SYSTEM_ERROR = re.compile(r"\bE[A-Z0-9]+: ([^,\n]+), \w+(?: '([^'\n]*)')?(?: -> '([^'\n]*)')?")


def install() -> None:
    """For what nothing catches: jsii raises it anywhere, at the import of cdktf too."""
    sys.excepthook = _told


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    found = SYSTEM_ERROR.search(str(error))
    if found is None or type(error.__cause__).__name__ != "JavaScriptError":
        sys.__excepthook__(kind, error, trace)
        return
    said, *files = found.groups()
    named = " -> ".join(filter(None, files))
    print(one_line(f"{named}: {said}" if named else " ".join(str(error).split())), file=sys.stderr)
