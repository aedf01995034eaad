"""What a command prints: text that moves no cursor, and an end without a traceback where nobody reads on."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO, cast

from settings.problems import printable


class Parser(argparse.ArgumentParser):
    """What it repeats of its arguments is shown escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


STANDARD_OUTPUT = "standard output"


class _Named:
    """What it raises names itself, as what a file raises does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _named():
            return self._stream.write(text)

    def flush(self) -> None:
        with _named():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


class _Printable(_Named):
    def write(self, text: str) -> int:
        return super().write(printable(text))

    @property
    def drawn_on(self) -> _Named:
        return _Named(self._stream)


def screen() -> TextIO | None:
    """Standard output, where it is a terminal that can be drawn on: what is written there moves the cursor, so that
    others' text must be made printable before. None where it is a file, a pipe, or a terminal without a cursor.

    Within `printed` only.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return None
    return cast("TextIO", cast("_Printable", sys.stdout).drawn_on)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, STANDARD_OUTPUT) from error


@contextlib.contextmanager
def printed(command: str) -> Iterator[None]:
    """What is printed within, names and answers of others too, is shown escaped. `make settings | head` ends as any
    command does whose reader has gone; what the system refuses, a file or a disk that is full, is a line."""
    stream = sys.stdout
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # of stacks/run.py
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with contextlib.redirect_stdout(_Printable(stream)) as escaped:
            yield
            escaped.flush()
    except OSError as error:
        if error.filename == STANDARD_OUTPUT:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python flushes once more as it ends
        if isinstance(error, BrokenPipeError):
            sys.exit(128 + signal.SIGPIPE)
        file = [] if error.filename is None else [str(error.filename)]
        sys.exit(printable(": ".join([command, *file, error.strerror or str(error)])))
