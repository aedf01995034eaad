"""How a training is shown while it runs: a table that lives in a terminal, and lines where there is none."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from operations.training_run import WAITING, Run, Step
from settings.problems import one_line

TAIL_LINES = 12
# Around the last lines of the log: the table's header, the empty lines and the prompt.
OTHER_LINES = 5
COLOURS = {"Succeeded": "green", "Failed": "red", "Stopped": "red", WAITING: "dim"}


class Screen(Protocol):
    """A context: what is drawn is taken back, and the cursor shown again, at its end."""

    def say(self, line: str) -> None: ...
    def show(self, run: Run, log: Sequence[str]) -> None: ...
    def wait(self, seconds: float) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Lines:
    """One for each change of a step, and those of the log."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._shown: dict[str, tuple[str, str]] = {}

    def show(self, run: Run, log: Sequence[str]) -> None:
        # What was printed before a step ended stands before its end.
        for line in log:
            self.say(f"log: {line}")
        for step in run.begun:
            now = (step.status, run.note(step))
            if self._shown.get(step.name) != now:
                self._shown[step.name] = now
                self.say(step_line(run, step))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def step_line(run: Run, step: Step) -> str:
    after = f" after {step.elapsed(datetime.now(UTC))}" if step.ended else ""
    note = run.note(step)
    return f"{step.name}: {step.status}{after}{f': {note}' if note else ''}"


class Drawn:
    """On a terminal: the table, drawn anew each second so that time is seen to pass, and the end of the log below it.

    No thread draws: an interrupt, or a terminal that is gone, is met where it is waited.
    """

    def __init__(self, terminal: TextIO, prefix: str) -> None:
        self._prefix = prefix
        self._console = Console(file=terminal, force_terminal=True, markup=False, highlight=False, emoji=False)
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._run: Run | None = None
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self._drawn,
        )

    def say(self, line: str) -> None:
        self._console.print(Text(one_line(f"{self._prefix}: {line}")), soft_wrap=True)

    def show(self, run: Run, log: Sequence[str]) -> None:
        self._run = run
        self._tail.extend(log)
        self._live.refresh()

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(1, left))
            self._live.refresh()

    def _drawn(self) -> Group | Text:
        return Text("") if self._run is None else drawn(self._run, self._tail, self._console.height)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tail.clear()  # what is told after it has the end of the log, where that says something
        self._live.stop()


def drawn(run: Run, tail: Sequence[str], height: int) -> Group:
    """The table, and as many of the last lines as the terminal has room for. Others' text is neither markup nor moves
    the cursor."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("step", "status", "time", ""):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    steps = [*run.steps]
    for step in steps:
        cells = (step.name, step.status, step.elapsed(datetime.now(UTC)), run.note(step))
        style = COLOURS.get(step.status, "")
        table.add_row(*(Text(one_line(cell), style=style if index == 1 else "") for index, cell in enumerate(cells)))
    room = min(TAIL_LINES, max(0, height - len(steps) - OTHER_LINES))
    lines = [*tail][len(tail) - room :] if room < len(tail) else [*tail]
    shown = [Text(one_line(line), style="dim", no_wrap=True, overflow="ellipsis") for line in lines]
    return Group(table, *([Text(""), *shown] if shown else []))
