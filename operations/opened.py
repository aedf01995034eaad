"""An environment's stack, ready for Terraform: what every operation on a deployed environment begins with."""

from pathlib import Path

from operations.caller import Caller, speaks_to
from operations.state_move import settle
from stacks.synthesized_stack import SynthesizedStack, synthesized_stack


def opened(name: str, output: Path, *, move_state: bool = False) -> tuple[SynthesizedStack, Caller]:
    """Synthesized, told which AWS it is for, and with its state where the settings want it; not initialized yet.

    Raises OperationError with what is in the way of that.
    """
    stack = synthesized_stack(name, output)
    caller = speaks_to(name, stack.region)
    for line in settle(stack, move=move_state):
        print(f"{name}: {line}", flush=True)
    return stack, caller
