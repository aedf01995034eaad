"""What is told, kept and raised of what Terraform says. A script plays a Terraform that says it."""

import json
import os
from pathlib import Path

import pytest

from stacks.synthesized_stack import SynthesizedStack, TerraformError
from stacks.terraform_change import LOG, TerraformChange

CLOCK = "2026-11-24T10:00:00.000000Z"
ADDED = {"add": 1, "change": 0, "import": 0, "remove": 0}


def event(kind: str, message: str = "m", **more: object) -> dict[str, object]:
    return {"type": kind, "@message": message, "@timestamp": CLOCK, **more}


def error(summary: str, detail: str) -> dict[str, object]:
    return event("diagnostic", diagnostic={"severity": "error", "summary": summary, "detail": detail})


PLANNED = event("change_summary", "Plan: 1 to add", changes=ADDED | {"operation": "plan"})
MADE = event("apply_complete", hook={"resource": {"addr": "t.a"}, "action": "create"})
APPLIED = event("change_summary", "Apply complete!", changes=ADDED | {"operation": "apply"})


@pytest.fixture
def stack(tmp_path: Path) -> SynthesizedStack:
    (tmp_path / "cdk.tf.json").write_text("{}")
    return SynthesizedStack(folder=tmp_path, variables={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})


def plays(
    stack: SynthesizedStack, *, plan: tuple[object, ...] = (PLANNED,), apply: tuple[object, ...], code: int
) -> None:
    for verb, said in (("plan", plan), ("apply", apply)):
        lines = [line if isinstance(line, str) else json.dumps(line) for line in said]
        (stack.folder / f"{verb}.said").write_text("".join(f"{line}\n" for line in lines))
    played = stack.folder / "terraform"
    played.write_text(f'#!/bin/sh\ncat "$1.said"\n[ "$1" = plan ] && exit 2\nexit {code}\n')
    played.chmod(0o755)


def changed(stack: SynthesizedStack) -> list[str]:
    told: list[str] = []
    change = TerraformChange(stack, destroy=False, say=told.append)
    with change.planned() as something:
        assert something
        change.apply()
    return told


def test_it_raises_every_error_whole(stack: SynthesizedStack) -> None:
    long = "reason " * 400
    plays(stack, apply=(MADE, error("creating A", long), error("creating B", "two\nlines")), code=1)
    with pytest.raises(TerraformError) as raised:
        changed(stack)
    assert str(raised.value) == f"Error: creating A\n\n{long}\n\nError: creating B\n\ntwo\nlines"


def test_it_knows_what_its_plan_does_to_each_resource(stack: SynthesizedStack) -> None:
    planned = [
        event("planned_change", change={"resource": {"addr": address}, "action": action})
        for address, action in (("t.a", "create"), ("t.b", "replace"))
    ]
    plays(stack, plan=(*planned, PLANNED), apply=(MADE, APPLIED), code=0)
    change = TerraformChange(stack, destroy=False, say=lambda _: None)
    with change.planned():
        assert change.actions == {"t.a": "create", "t.b": "replace"}


def test_a_terraform_that_breaks_down_is_shown_as_it_is(stack: SynthesizedStack) -> None:
    plays(stack, apply=("panic: runtime error", "goroutine 1 [running]:"), code=2 + 1)
    with pytest.raises(TerraformError, match=r"ended with 3:\npanic: runtime error\ngoroutine 1 \[running\]:"):
        changed(stack)


def test_all_that_it_says_is_kept_one_run_after_the_other(stack: SynthesizedStack) -> None:
    plays(stack, apply=("not in JSON", MADE, APPLIED), code=0)
    changed(stack)
    changed(stack)
    kept = (stack.folder / LOG).read_text()
    for line in ("UTC: deploy", f"{CLOCK[:19]} Plan: 1 to add", "not in JSON", f"{CLOCK[:19]} Apply complete!"):
        assert kept.count(line) == 2, line


def test_what_is_planned_of_each_resource_is_known(stack: SynthesizedStack) -> None:
    planned = event("planned_change", change={"resource": {"addr": "t.a"}, "action": "update"})
    plays(stack, plan=(planned, PLANNED), apply=(MADE, APPLIED), code=0)
    shown = {"resource_changes": [{"address": "t.a", "change": {"before": {"x": 1}, "after": {"x": 2}}}]}
    (stack.folder / "show.said").write_text(json.dumps(shown))
    change = TerraformChange(stack, destroy=False, say=lambda _: None)
    with change.planned():
        assert change.actions == {"t.a": "update"}
        assert change.planned_values("t.a") == ({"x": 1}, {"x": 2})


def test_neither_a_full_disk_nor_a_reader_who_has_gone_stops_a_deploy(stack: SynthesizedStack) -> None:
    plays(stack, apply=(MADE, APPLIED), code=0)
    (stack.folder / LOG).symlink_to("/dev/full")
    assert changed(stack) == [
        f"{stack.folder / LOG}: No space left on device: no more is written there",
        "   0 s  1 of 1 made: t.a",
    ]

    def gone(_: str) -> None:
        raise BrokenPipeError

    change = TerraformChange(stack, destroy=False, say=gone)
    with change.planned():
        change.apply()
    assert change.summary == "Apply complete!"
