"""No deploy makes another instance with a smaller volume, whatever the tag of the instance says."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.deploy import change, plan
from operations.notebook_volume import refuse_smaller_volume
from stacks.synthesized_stack import OperationError, SynthesizedStack
from stacks.terraform_change import TerraformChange

INSTANCE = "aws_sagemaker_notebook_instance.notebook"
SAID = (
    "the volume of the notebook lab has 50 GB, and volume_size_gb is 10: another instance would take its place, "
    "without people's files. Nothing was begun. Set volume_size_gb to 50, or more. To lose these files: take "
    "the notebook out of the settings, deploy that, and then a smaller one"
)
CLOCK = "2026-11-24T10:00:00.000000Z"


def planned(folder: Path, action: str, before: int, after: int) -> SynthesizedStack:
    """A stack whose Terraform plans that of the instance; an apply of it leaves a file."""
    told = [
        {"type": "planned_change", "change": {"resource": {"addr": INSTANCE}, "action": action}},
        {"type": "change_summary", "changes": {"add": 1, "change": 0, "remove": 1, "operation": "plan"}},
    ]
    lines = [json.dumps({"@message": "m", "@timestamp": CLOCK, **event}) for event in told]
    values = {"before": {"name": "lab", "volume_size": before}, "after": {"name": "lab", "volume_size": after}}
    (folder / "planned").write_text("".join(f"{line}\n" for line in lines))
    (folder / "shown").write_text(json.dumps({"resource_changes": [{"address": INSTANCE, "change": values}]}))
    (folder / "cdk.tf.json").write_text("{}")
    terraform = folder / "terraform"
    terraform.write_text(
        '#!/bin/sh\ncase "$1" in plan) cat planned; exit 2;; show) cat shown;; apply) touch applied;; esac\n'
    )
    terraform.chmod(0o755)
    return SynthesizedStack(folder=folder, variables={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})


def deploy(stack: SynthesizedStack) -> None:
    change("deploy", stack, "dev", approved=lambda _: True, refuse=lambda _: None)


@pytest.mark.parametrize("verb", [deploy, plan])
def test_a_smaller_volume_in_another_instance_is_refused_before_anything_is_begun(
    verb: Callable[[SynthesizedStack], None], tmp_path: Path
) -> None:
    with pytest.raises(OperationError) as raised:
        verb(planned(tmp_path, "replace", 50, 10))
    assert str(raised.value) == SAID
    assert not (tmp_path / "applied").exists()


def test_a_plan_is_shown_before_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OperationError):
        plan(planned(tmp_path, "replace", 50, 10))
    assert "resource_changes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "before", "after"), [("replace", 10, 10), ("replace", 5, 10), ("update", 50, 10), ("delete", 50, 10)]
)
def test_what_makes_no_smaller_volume_goes_through(action: str, before: int, after: int, tmp_path: Path) -> None:
    made = TerraformChange(planned(tmp_path, action, before, after), destroy=False, say=lambda _: None)
    with made.planned():
        refuse_smaller_volume(made)
        assert made.actions == {INSTANCE: action}
