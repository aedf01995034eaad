"""What the commands of this folder have in common: their arguments, and errors as lines without a traceback."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations.advice import advice
from settings.problems import printable
from settings.suggestions import one_of
from stacks.environments import NAMES, ROOT
from stacks.sourced_shell import OUTPUT_VARIABLE, refuse_another, refuse_gone
from stacks.synthesized_stack import OperationError, TerraformError
from stacks.terminal import Parser, printed


def parser(description: str | None, *, of_all: bool = False) -> argparse.ArgumentParser:
    """Of a command that works with one environment; where it is `of_all`, with every one when none is named."""
    made = Parser(description=description)
    left_out = "; left out: all of them" if of_all else ""
    made.add_argument(
        "environment", nargs="?" if of_all else None, type=_environment, help=f"{', '.join(NAMES)}{left_out}"
    )
    made.add_argument(
        "--output",
        type=lambda path: Path(os.path.realpath(path)),
        default=os.environ.get(OUTPUT_VARIABLE) or ROOT / "cdktf.out",
        help=f"where cdktf writes to; left out: {OUTPUT_VARIABLE}, or cdktf.out",
    )
    return made


def parser_of_any(description: str | None) -> argparse.ArgumentParser:
    """Of a command that works with any environment, also in a shell that has sourced another one."""
    made = Parser(description=description)
    made.add_argument("environment", type=known, help=", ".join(NAMES))
    return made


@contextmanager
def errors_as_lines(environment: str) -> Iterator[None]:
    """Ends the program with exit code 1 and what went wrong."""
    try:
        with printed(environment):
            yield
    # The last is raised by a proxy's page in the place of an answer.
    except TerraformError as error:
        sys.exit(printable("\n".join([f"{environment}: {error}", *advice(str(error), environment)])))
    except (OperationError, BotoCoreError, ClientError, ResponseParserError) as error:
        sys.exit(printable(f"{environment}: {error}"))
    except KeyboardInterrupt as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
        print(printable(f"{environment}: {str(error) or 'interrupted'}"), file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


def known(name: str, what: str = "environment ") -> str:
    """Ends the program where there is no such environment; `what` is before the name then."""
    if name not in NAMES:
        sys.exit(printable(f"{what}{name!r}: {one_of(name, NAMES)}"))
    return name


def _environment(name: str) -> str:
    known(name)
    refuse_another(name, os.environ)
    refuse_gone(os.environ)
    return name
