"""No deploy makes another notebook instance, without people's files, in the place of one that has them."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from operations.deploy import change, plan
from operations.notebook_change import refuse_loss_of_files
from stacks.synthesized_stack import OperationError, SynthesizedStack
from stacks.terraform_change import TerraformChange

INSTANCE = "aws_sagemaker_notebook_instance.notebook"
CLOCK = "2026-11-24T10:00:00.000000Z"
LOST = (
    " Nothing was begun. {} To lose these files, or once they are in the bucket: notebook=None, deploy that, and then "
    "the notebook again"
)
HAS: Mapping[str, Any] = {
    "name": "lab",
    "volume_size": 10,
    "kms_key_id": "key",
    "subnet_id": "",
    "direct_internet_access": "Enabled",
    "security_groups": [],
    "platform_identifier": "notebook-al2023-v1",
}
# Terraform does not know of another instance what AWS will say of it; of what is not set it says null.
ANOTHER = {name: value or None for name, value in HAS.items() if name not in ("security_groups", "platform_identifier")}


def planned(folder: Path, action: str, after: Mapping[str, Any], **has: object) -> SynthesizedStack:
    """A stack whose Terraform plans that of the instance; an apply of it leaves a file."""
    told = [
        {"type": "planned_change", "change": {"resource": {"addr": INSTANCE}, "action": action}},
        {"type": "change_summary", "changes": {"add": 1, "change": 0, "remove": 1, "operation": "plan"}},
    ]
    lines = [json.dumps({"@message": "m", "@timestamp": CLOCK, **event}) for event in told]
    values = {"before": {**HAS, **has}, "after": after}
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
    """Whatever the tag of the instance says."""
    with pytest.raises(OperationError) as raised:
        verb(planned(tmp_path, "replace", ANOTHER, volume_size=50))
    assert str(raised.value) == (
        "another notebook instance would take the place of lab, without people's files, for another volume_size_gb, "
        "which is 10 where the volume has 50 GB." + LOST.format("Set volume_size_gb to 50, or more.")
    )
    assert not (tmp_path / "applied").exists()


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"direct_internet_access": "Disabled", "security_groups": ["sg-1"]}, "network"),
        ({"name": "other"}, "name"),
        ({"platform_identifier": "notebook-al2023-v2"}, "notebook.platform"),
        ({"kms_key_id": None, "direct_internet_access": "Disabled"}, "encryption_key and network"),
    ],
)
def test_whatever_makes_another_instance_is_refused_and_named(
    wanted: dict[str, object], why: str, tmp_path: Path
) -> None:
    with pytest.raises(OperationError) as raised:
        deploy(planned(tmp_path, "replace", ANOTHER | wanted))
    assert f"without people's files, for another {why}." in str(raised.value)
    assert str(raised.value).endswith(LOST.format("To keep it: take back what changed of it."))


def test_a_plan_is_shown_before_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OperationError):
        plan(planned(tmp_path, "replace", ANOTHER, volume_size=50))
    assert "resource_changes" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["update", "delete"])
def test_an_instance_that_stays_or_is_taken_away_on_purpose_is_no_loss(action: str, tmp_path: Path) -> None:
    made = TerraformChange(
        planned(tmp_path, action, ANOTHER, volume_size=50, kms_key_id="other"), destroy=False, say=lambda _: None
    )
    with made.planned():
        refuse_loss_of_files(made)
        assert made.actions == {INSTANCE: action}


def test_an_instance_that_was_never_made_whole_is_made_again(tmp_path: Path) -> None:
    """Terraform replaces what is tainted, with the same values."""
    made = TerraformChange(planned(tmp_path, "replace", ANOTHER), destroy=False, say=lambda _: None)
    with made.planned():
        refuse_loss_of_files(made)
        assert made.actions == {INSTANCE: "replace"}


def test_a_deploy_says_before_that_the_instance_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(planned(tmp_path, "update", {**HAS, "volume_size": 20}))
    assert "the notebook instance stops for it, where it runs, and starts again" in capsys.readouterr().out
