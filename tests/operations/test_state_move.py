"""A state is never left behind in silence, and never overwritten: what is decided before Terraform is asked at all."""

import json
from pathlib import Path

import pytest

from operations.state_move import settle, state_of, wants_move
from stacks.synthesized_stack import OperationError, SynthesizedStack
from tests.support.synthesis import environment

BEFORE, NOW = "earlier.tfstate", "terraform.dev.tfstate"


@pytest.fixture
def stack(tmp_path: Path) -> SynthesizedStack:
    """Initialized with another file than the settings name now."""
    folder = tmp_path / "cdktf.out/stacks/dev"
    (folder / ".terraform").mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"backend": {"local": {"path": f"../../../{NOW}"}}}}))
    told = {"backend": {"type": "local", "config": {"path": f"../../../{BEFORE}"}}}
    (folder / ".terraform/terraform.tfstate").write_text(json.dumps(told))
    return SynthesizedStack(folder=folder, variables={})


def write(stack: SynthesizedStack, name: str, *, lineage: str = "l", serial: int = 7, resources: int = 1) -> None:
    instances: list[dict[str, object]] = [{"attributes": {}}]
    made = [
        {"mode": "managed", "type": "t", "name": f"n{number}", "instances": instances} for number in range(resources)
    ]
    state = {"version": 4, "lineage": lineage, "serial": serial, "resources": made}
    (stack.folder / f"../../../{name}").resolve().write_text(json.dumps(state))


def settled(stack: SynthesizedStack) -> bool:
    """Whether Terraform would take the state that the settings name, without a question."""
    assert list(settle(stack, move=False)) == []
    return not (stack.folder / ".terraform/terraform.tfstate").exists()


def test_where_there_is_no_earlier_state_there_is_nothing_to_move(stack: SynthesizedStack) -> None:
    assert settled(stack)


def test_an_earlier_state_of_nothing_is_left(stack: SynthesizedStack) -> None:
    write(stack, BEFORE, resources=0)
    assert settled(stack)


@pytest.mark.parametrize("resources", [0, 1])
def test_what_was_moved_and_used_from_another_checkout_is_taken(stack: SynthesizedStack, resources: int) -> None:
    """Also where it was destroyed since."""
    write(stack, BEFORE, serial=7)
    write(stack, NOW, serial=9, resources=resources)
    assert settled(stack)


def test_rejects_to_leave_a_state_behind(stack: SynthesizedStack) -> None:
    write(stack, BEFORE, resources=3)
    with pytest.raises(
        OperationError, match=r"earlier\.tfstate \(3 resources\), and the settings want it in"
    ) as raised:
        list(settle(stack, move=False))
    assert str(raised.value).endswith("make deploy ENV=dev MIGRATE_STATE=1")
    assert (stack.folder / ".terraform/terraform.tfstate").exists()


def test_rejects_a_choice_between_two_states_even_on_demand(stack: SynthesizedStack) -> None:
    write(stack, BEFORE)
    write(stack, NOW, lineage="another", resources=2)
    for move in (False, True):
        with pytest.raises(OperationError, match="two states, which know nothing of each other"):
            list(settle(stack, move=move))


def test_who_only_reads_it_needs_nothing_synthesized_and_changes_nothing(stack: SynthesizedStack) -> None:
    (stack.folder / "cdk.tf.json").unlink()
    settings, output = environment("dev").settings, stack.folder.parent.parent
    write(stack, NOW, resources=2)
    assert len(state_of(settings, output).resources) == 2
    write(stack, BEFORE, serial=9)
    before = {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()}
    with pytest.raises(OperationError, match=r"earlier\.tfstate \(1 resources\), and the settings want it in"):
        state_of(settings, output)
    assert {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("given", ["0", "yes", " "])
def test_rejects_another_value_of_the_variable(given: str) -> None:
    with pytest.raises(OperationError, match="MIGRATE_STATE"):
        wants_move({"MIGRATE_STATE": given})
