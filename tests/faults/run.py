"""Every fault test: `make faults`. Prints the figures and writes them into the README's table."""

import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from local_aws import account
from tests.conftest import ROOT
from tests.faults import scenarios

PLACE = re.compile(r"(?<=<!-- faults -->\n).*?(?=<!-- /faults -->)", re.DOTALL)
# Most of a deploy is waiting; more at once make each slower on two cores.
AT_ONCE = 4
SEEDS = (100, 200, 300)
ROUNDS = 20
SHARES: tuple[tuple[str, dict[str, float]], ...] = (
    ("500 before the call, 10 %", {"errors": 0.1}),
    ("500 before the call, 30 %", {"errors": 0.3}),
    ("500 before the call, 50 %", {"errors": 0.5}),
    ("throttled, 10 %", {"throttles": 0.1}),
    ("throttled, 30 %", {"throttles": 0.3}),
    ("every answer 0.5 s late", {"delay_seconds": 0.5}),
    ("reply lost after the work, 10 %", {"lost_replies": 0.1}),
)
Row = tuple[str, str, str]
T = TypeVar("T")


class Runner:
    """Runs scenarios side by side, each in a folder of its own; remembers what failed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pool, self._count = folder, ThreadPoolExecutor(AT_ONCE), 0
        self.failures: list[str] = []

    def all(self, label: str, calls: Sequence[Callable[[Path], T]]) -> list[T]:
        """The results of those that passed."""
        began = time.monotonic()
        futures = [self._pool.submit(call, self._fresh()) for call in calls]
        results = []
        for index, future in enumerate(futures):
            try:
                results.append(future.result())
            except Exception:
                self.failures.append(f"{label} [{index}]\n{traceback.format_exc()}")
        print(f"{label}: {len(results)} of {len(calls)} in {time.monotonic() - began:.0f} s", flush=True)
        return results

    def _fresh(self) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder


def rows(runner: Runner) -> Iterator[Row]:
    [(creations, expected, seconds)] = runner.all("undisturbed", [scenarios.undisturbed])
    yield f"nothing goes wrong ({creations} creations)", "1 of 1", f"deploy {seconds:.0f} s"
    yield from _kills(runner, "dev", range(creations + 1), expected)
    [(creations, expected, _)] = runner.all(
        "undisturbed, with a network", [lambda folder: scenarios.undisturbed(folder, "staging")]
    )
    yield from _kills(runner, "staging", range(0, creations + 1, 3), expected)
    for label, shares in SHARES:
        yield _failing(runner, label, shares)
    [(said, seconds)] = runner.all("everything fails", [scenarios.nothing_answers])
    yield "every call fails, from the first on", "1 of 1", f"`make deploy` ends after {seconds:.0f} s: {_plain(said)}"
    [(said, seconds)] = runner.all("everything fails midway", [scenarios.everything_fails_midway])
    yield "every call fails, from the third creation on", "1 of 1", f"ends after {seconds:.0f} s: {_plain(said)}"
    [slowest] = runner.all("two deploys at once", [lambda folder: scenarios.two_deploys(folder, ROUNDS)])
    yield "two deploys at once, state in S3", f"{ROUNDS} of {ROUNDS}", f"refused after {slowest:.1f} s at most"
    [kept] = runner.all("upgrade", [scenarios.upgrade])
    yield "upgrade from the first release's JSON", "1 of 1", f"{kept} kept, 0 replaced, the object still there"


def _kills(runner: Runner, name: str, points: range, expected: list[str]) -> Iterator[Row]:
    for place, in_s3 in (("a file", False), ("S3", True)):
        label = f"{name}: killed (-9) after a creation, state in {place}"

        def kill(folder: Path, after: int, *, state_bucket: bool = in_s3) -> int:
            return scenarios.killed(folder, name, after, expected, state_bucket=state_bucket)

        calls = [partial(kill, after=after) for after in points]
        taken_over = runner.all(label, calls)
        most = max(taken_over, default=0)
        yield label, f"{len(taken_over)} of {len(points)}", f"one recover, one deploy; {most} taken over at most"


def _failing(runner: Runner, label: str, shares: dict[str, Any]) -> Row:
    found = runner.all(label, [partial(scenarios.failing, seed=seed, **shares) for seed in SEEDS])
    deploys = max((count for count, _, _ in found), default=0)
    slowest = max((seconds for _, _, seconds in found), default=0)
    drawn = sum(count for _, count, _ in found)
    return label, f"{len(found)} of {len(SEEDS)}", f"{deploys} deploys at most, {slowest:.0f} s, {drawn} faults"


def _plain(said: str) -> str:
    first = said.strip().splitlines()[0]
    return f"`{first if len(first) <= 100 else first[:100] + ' ...'}`"


def main() -> None:
    account.forget_users_configuration()
    os.environ["CI"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        table = ["| what goes wrong | converges | figures |", "|---|---|---|"]
        table += [f"| {' | '.join(row)} |" for row in rows(runner)]
    text = "\n".join(table)
    print(text)
    if runner.failures:
        sys.exit("\n".join(runner.failures))
    readme = ROOT / "README.md"
    readme.write_text(PLACE.sub(lambda _: f"{text}\n", readme.read_text()))


if __name__ == "__main__":
    main()
