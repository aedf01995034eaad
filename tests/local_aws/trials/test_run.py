"""The page that `make faults` writes; that the trials end as they should, tests/integration/test_faults.py shows."""

from pathlib import Path

import pytest

from local_aws.trials import run
from stacks.environments import ROOT


def test_the_table_has_its_place_in_the_page_of_resilience() -> None:
    [table] = run.PLACE.findall((ROOT / "docs/resilience.md").read_text())
    assert table.startswith("| what goes wrong | converges | figures |\n")


def test_a_trial_that_fails_is_remembered_and_the_others_are_counted(tmp_path: Path) -> None:
    runner = run.Runner(tmp_path)

    def fails(_: Path) -> None:
        raise AssertionError("it did not converge")

    assert runner.results("a trial", [runner.submit(lambda _: 1), runner.submit(fails)]) == [1]
    [failure] = runner.failures
    assert failure.startswith("a trial [1]")
    assert "it did not converge" in failure


def test_the_table_is_not_written_where_a_trial_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/resilience.md").read_text()

    def rows(runner: run.Runner) -> list[run.Row]:
        runner.failures.append("a trial [0]")
        return [("a trial", "0 of 1", "")]

    monkeypatch.setattr(run, "rows", rows)
    with pytest.raises(SystemExit, match="a trial"):
        run.main()
    assert (ROOT / "docs/resilience.md").read_text() == page
