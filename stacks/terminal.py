"""What a command prints: text that moves no cursor, and an end without a traceback where nobody reads on."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

from settings.problems import printable


class Parser(argparse.ArgumentParser):
    """What it repeats of its arguments is shown escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


class _Printable:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable(text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


@contextlib.contextmanager
def printed(command: str) -> Iterator[None]:
    """What is printed within, names and answers of others too, is shown escaped. `make settings | head` ends as any
    command does whose reader has gone; what the system refuses, a file or a disk that is full, is a line."""
    stream = sys.stdout
    try:
        with contextlib.redirect_stdout(_Printable(stream)):
            yield
        stream.flush()
    except OSError as error:
        file = error.filename
        try:
            stream.flush()
        except OSError:
            file = "standard output"
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python flushes once more as it ends
        if isinstance(error, BrokenPipeError):
            sys.exit(128 + signal.SIGPIPE)
        sys.exit(printable(": ".join([command, *([str(file)] if file else []), error.strerror or str(error)])))
