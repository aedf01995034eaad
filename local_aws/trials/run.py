"""Every failure test: `make faults`. Prints the figures and writes them into docs/resilience.md."""

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from local_aws import credentials
from local_aws.trials import scenarios
from stacks.environments import ROOT

PLACE = re.compile(r"(?<=<!-- trials -->\n).*?(?=<!-- /trials -->)", re.DOTALL)
# Most of a deploy is waiting; more at once make each slower on two cores.
AT_ONCE = 6
SEEDS = (100, 200, 300)
ROUNDS = 20
SHARES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("500 before the call, 10 %", {"errors": 0.1}),
    ("500 before the call, 30 %", {"errors": 0.3}),
    ("500 before the call, 50 %", {"errors": 0.5}),
    ("throttled, 10 %", {"throttles": 0.1}),
    ("throttled, 30 %", {"throttles": 0.3}),
    ("every answer 0.5 s late", {"delay_seconds": 0.5}),
    ("reply lost after the work, 10 %", {"lost_replies": 0.1}),
)
Row = tuple[str, str, str]


class Runner:
    """Runs scenarios side by side, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pool, self._count = folder, ThreadPoolExecutor(AT_ONCE), 0
        self.failures: list[str] = []

    def submit(self, scenario: Callable[[Path], Any]) -> Future[Any]:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return self._pool.submit(scenario, folder)

    def results(self, label: str, futures: Sequence[Future[Any]]) -> list[Any]:
        """Of those that passed; the others are remembered."""
        found = []
        for index, future in enumerate(futures):
            try:
                found.append(future.result())
            except Exception:
                self.failures.append(f"{label} [{index}]\n{traceback.format_exc()}")
        print(f"{label}: {len(found)} of {len(futures)}", flush=True)
        return found


def rows(runner: Runner) -> Iterator[Row]:
    """Everything is submitted before the first result is waited for."""
    plain = {name: runner.submit(partial(scenarios.undisturbed, name=name)) for name in ("dev", "staging")}
    creations, _, seconds = plain["dev"].result()
    collect: list[Callable[[], Row]] = [
        partial(_two_deploys, runner, runner.submit(partial(scenarios.two_deploys, rounds=ROUNDS)))
    ]
    midway = runner.submit(scenarios.everything_fails_midway)
    collect.append(partial(_said, runner, "every call fails, from the third creation on", "Terraform", midway))
    for label, shares in SHARES:
        futures = [runner.submit(partial(scenarios.failing, seed=seed, **shares)) for seed in SEEDS]
        collect.append(partial(_failing, runner, label, futures))
    for name, step in (("dev", 1), ("staging", 5)):
        made, expected, _ = plain[name].result()
        for place, in_s3 in (("in a file", False), ("in S3", True)):
            kill = partial(scenarios.killed, name=name, expected=expected, state_bucket=in_s3)
            futures = [runner.submit(partial(kill, after=after)) for after in range(0, made + 1, step)]
            collect.append(partial(_kills, runner, f"{name}: killed (-9) at a creation, state {place}", futures))
    made, expected, _ = plain["dev"].result()
    local = partial(scenarios.make_local_killed, name="dev", expected=expected)
    futures = [runner.submit(partial(local, after=after)) for after in range(made + 1)]
    collect.append(partial(_local_kills, runner, "`make local` killed (-9) at a creation", futures))
    for name in ("dev", "staging"):
        lost = runner.submit(partial(scenarios.state_lost, name=name))
        collect.append(partial(_lost, runner, f"{name}: state lost, then plain Terraform", lost))
    behind = runner.submit(partial(scenarios.changed_behind_its_back, at_once=False))
    collect.append(partial(_behind, runner, "deleted or changed behind its back", behind))
    nothing = runner.submit(scenarios.nothing_answers)
    collect.append(partial(_said, runner, "every call fails, from the first on", "`make deploy`", nothing))
    collect.append(partial(_upgrade, runner, runner.submit(scenarios.upgrade)))
    yield f"nothing ({creations} creations)", "1 of 1", f"Terraform's apply takes {seconds:.0f} s"
    for row in collect:
        yield row()


def _kills(runner: Runner, label: str, futures: Sequence[Future[Any]]) -> Row:
    taken_over = runner.results(label, futures)
    most = max(taken_over, default=0)
    return label, f"{len(taken_over)} of {len(futures)}", f"one deploy more; at most {most} taken over"


def _failing(runner: Runner, label: str, futures: Sequence[Future[Any]]) -> Row:
    found = runner.results(label, futures)
    deploys = max((count for count, _, _ in found), default=0)
    slowest = max((seconds for _, _, seconds in found), default=0)
    drawn = sum(count for _, count, _ in found)
    return (
        label,
        f"{len(found)} of {len(futures)}",
        f"at most {deploys} deploys and {slowest:.0f} s; {drawn} failures in all",
    )


def _said(runner: Runner, label: str, who: str, future: Future[Any]) -> Row:
    found = runner.results(label, [future])
    figures = [f"{who} ends after {seconds:.0f} s: {_plain(said)}" for said, seconds in found]
    return label, f"{len(found)} of 1", "".join(figures)


def _two_deploys(runner: Runner, future: Future[Any]) -> Row:
    label = "two deploys at once, state in S3"
    found = runner.results(label, [future])
    return (
        label,
        f"{ROUNDS * len(found)} of {ROUNDS}",
        "".join(f"refused after at most {slowest:.1f} s" for slowest in found),
    )


def _local_kills(runner: Runner, label: str, futures: Sequence[Future[Any]]) -> Row:
    seconds = runner.results(label, futures)
    figures = f"one `make local` more, at most {max(seconds, default=0):.0f} s"
    return label, f"{len(seconds)} of {len(futures)}", figures


def _lost(runner: Runner, label: str, future: Future[Any]) -> Row:
    found = runner.results(label, [future])
    return label, f"{len(found)} of 1", "".join(f"{anew} made anew, and left for what has the data" for anew in found)


def _behind(runner: Runner, label: str, future: Future[Any]) -> Row:
    found = runner.results(label, [future])
    each = len(scenarios.BEHIND_ITS_BACK)
    return label, f"{each * len(found)} of {each}", "".join(f"one deploy each, at most {s:.0f} s" for s in found)


def _upgrade(runner: Runner, future: Future[Any]) -> Row:
    label = "upgrade from the first release's JSON"
    found = runner.results(label, [future])
    return (
        label,
        f"{len(found)} of 1",
        "".join(f"{kept} kept, 0 replaced, the user's object still there" for kept in found),
    )


def _plain(said: str) -> str:
    first = said.strip().splitlines()[0]
    return f"`{first if len(first) <= 100 else first[:100] + ' ...'}`"


def main() -> None:
    credentials.forget_users_configuration()
    os.environ["CI"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        table = ["| what goes wrong | converges | figures |", "|---|---|---|"]
        table += [f"| {' | '.join(row)} |" for row in rows(runner)]
    text = "\n".join(table)
    print(text)
    if runner.failures:
        sys.exit("\n".join(runner.failures))
    page = ROOT / "docs/resilience.md"
    page.write_text(PLACE.sub(lambda _: f"{text}\n", page.read_text()))


if __name__ == "__main__":
    main()
