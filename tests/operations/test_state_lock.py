"""Who holds a state's lock, whether that process lives, and what a person is told."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operations.state_lock import Lock, explanation, lock_of
from operations.state_place import InBucket, wanted
from stacks.synthesized_stack import OperationError, SynthesizedStack

HERE = socket.gethostname()
HOLD = """
import fcntl, sys, time
with open(sys.argv[1], "r+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print(flush=True)
    time.sleep(60)
"""


def lock(who: str, age: timedelta = timedelta(minutes=4, seconds=10)) -> Lock:
    return Lock(id="d2c1", operation="OperationTypeApply", who=who, created=datetime.now(UTC) - age)


@pytest.fixture
def stack(tmp_path: Path) -> SynthesizedStack:
    folder = tmp_path / "cdktf.out/stacks/dev"
    folder.mkdir(parents=True)
    backend = {"local": {"path": "../../../terraform.dev.tfstate"}}
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"backend": backend}}))
    return SynthesizedStack(folder=folder, variables={})


@pytest.fixture
def living_terraform(tmp_path: Path) -> Iterator[int]:
    """A process of that name, which works in `tmp_path`."""
    program = tmp_path / "terraform"
    shutil.copy("/bin/sleep", program)
    process = subprocess.Popen([program, "60"], cwd=tmp_path)
    yield process.pid
    process.kill()
    process.wait()


def test_a_dead_holder_of_this_host_is_told_with_the_unlock_command(stack: SynthesizedStack) -> None:
    initialized(stack.folder, bucket="acme", key="dev/terraform.tfstate")  # others on this machine work elsewhere
    said = explanation(lock(f"ann@{HERE}"), stack)
    assert f"its state is locked by ann@{HERE} since " in said
    assert "(4 min 10 s) for OperationTypeApply" in said
    assert said.splitlines()[-1] == f"  terraform -chdir={os.path.relpath(stack.folder)} force-unlock -force d2c1"


def test_a_living_holder_is_named_and_no_command_is_offered(stack: SynthesizedStack, living_terraform: int) -> None:
    held = lock(f"ann@{HERE}", age=timedelta(0))
    assert living_terraform in (held.living_holders(stack) or [])
    said = explanation(held, stack)
    assert str(living_terraform) in said
    assert "force-unlock" not in said


def initialized(folder: Path, **config: str) -> None:
    """As Terraform leaves a folder whose state is in S3."""
    (folder / ".terraform").mkdir(exist_ok=True)
    written = {"backend": {"type": "s3", "config": config}}
    (folder / ".terraform/terraform.tfstate").write_text(json.dumps(written))


@pytest.mark.parametrize(("key", "may_hold"), [("dev/terraform.tfstate", True), ("prod/terraform.tfstate", False)])
def test_a_terraform_that_works_on_another_state_is_not_its_holder(
    stack: SynthesizedStack, living_terraform: int, tmp_path: Path, key: str, may_hold: bool
) -> None:
    initialized(stack.folder, bucket="acme", key="dev/terraform.tfstate")
    initialized(tmp_path, bucket="acme", key=key)
    holders = lock(f"ann@{HERE}", age=timedelta(0)).living_holders(stack)
    assert holders is not None
    assert (living_terraform in holders) is may_hold


def test_a_terraform_of_which_nothing_is_known_may_be_its_holder(
    stack: SynthesizedStack, living_terraform: int
) -> None:
    initialized(stack.folder, bucket="acme", key="dev/terraform.tfstate")
    assert living_terraform in (lock(f"ann@{HERE}", age=timedelta(0)).living_holders(stack) or [])


@pytest.mark.parametrize(("age", "may_hold"), [(timedelta(seconds=30), True), (timedelta(minutes=3), False)])
def test_a_terraform_of_which_nothing_is_known_is_not_its_holder_where_it_began_long_after(
    stack: SynthesizedStack, living_terraform: int, age: timedelta, may_hold: bool
) -> None:
    """The clock may have been set a little since the lock was made."""
    assert (living_terraform in (lock(f"ann@{HERE}", age=age).living_holders(stack) or [])) is may_hold


def test_a_terraform_that_works_on_the_state_may_be_its_holder_whenever_it_began(
    stack: SynthesizedStack, living_terraform: int, tmp_path: Path
) -> None:
    for folder in (stack.folder, tmp_path):
        initialized(folder, bucket="acme", key="dev/terraform.tfstate")
    assert living_terraform in (lock(f"ann@{HERE}", age=timedelta(days=1)).living_holders(stack) or [])


def test_of_another_hosts_holder_nothing_is_claimed_and_no_command_is_offered(stack: SynthesizedStack) -> None:
    elsewhere = lock("ann@build-7")
    assert elsewhere.living_holders(stack) is None
    assert "that is another host" in explanation(elsewhere, stack)
    assert "force-unlock" not in explanation(elsewhere, stack)


def test_a_local_state_is_locked_while_a_process_holds_it_and_no_longer(stack: SynthesizedStack) -> None:
    state = (stack.folder / "../../../terraform.dev.tfstate").resolve()
    state.write_text("{}")
    said = {"ID": "d2c1", "Operation": "apply", "Who": "ann@host", "Created": "2026-11-23T10:00:00.123456789Z"}
    state.with_name(f".{state.name}.lock.info").write_text(json.dumps(said))
    assert lock_of(wanted(stack)) is None  # the file of a holder who is gone

    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(state)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    held = lock_of(wanted(stack))
    # The holder is no process that is called Terraform, and is said to be none that is dead either.
    offered = "" if held is None else explanation(replace(held, who=f"ann@{HERE}"), stack)
    holder.kill()
    holder.wait()
    time.sleep(0.1)

    assert held is not None
    assert "wait for it" in offered
    assert "force-unlock" not in offered
    assert (held.id, held.who, held.created) == ("d2c1", "ann@host", datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert lock_of(wanted(stack)) is None
    with state.open("r+") as file:  # asking took no lock
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_that_cannot_be_read_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    place = InBucket("acme", "dev", "us-east-1")
    monkeypatch.setattr(InBucket, "lock_text", lambda _: b'{"ID": "d2')
    with pytest.raises(OperationError, match="who did it cannot be read"):
        lock_of(place)
