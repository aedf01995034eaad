"""Who holds the lock of a stack's state, and whether that process still lives."""

import fcntl
import json
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from operations.state_place import InFile, Place, initialized
from stacks.synthesized_stack import OperationError, SynthesizedStack

# Of this host's clock, which may be set between the start of a process and the lock that it makes.
CLOCK_TOLERANCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What Terraform writes down when it locks a state."""

    id: str
    operation: str
    who: str  # user@host
    created: datetime
    # The system says that a process has it, as it does of a file's lock; of one in S3 nobody can say so.
    held: bool = False

    @property
    def age_seconds(self) -> float:
        return (datetime.now(UTC) - self.created).total_seconds()

    def living_holders(self, stack: SynthesizedStack) -> list[int] | None:
        """The Terraform processes of this host that may hold it; None where it is held on another host.

        One that works in a folder whose state is kept elsewhere does not hold it; of one that does not tell, it may be,
        unless it began long after the lock was made. Not just after: a clock may be set.
        """
        if self.who.rpartition("@")[2] != socket.gethostname():
            return None
        own = initialized(stack.folder)
        last_began = self.created.timestamp() + CLOCK_TOLERANCE_SECONDS

        def may_hold(process: psutil.Process) -> bool:
            place = initialized(Path(process.info["cwd"] or "/"))
            if None in (own, place):
                return bool((process.info["create_time"] or 0) <= last_began)
            return place == own

        return [
            process.pid
            for process in psutil.process_iter(["name", "create_time", "status", "cwd"])
            if (process.info["name"] or "").startswith("terraform")
            and process.info["status"] != psutil.STATUS_ZOMBIE  # it holds nothing any more
            and may_hold(process)
        ]

    def is_abandoned(self, stack: SynthesizedStack) -> bool:
        """Whether nobody can have it any more, as far as this host can tell."""
        return not self.held and self.living_holders(stack) == []


def lock_of(place: Place) -> Lock | None:
    """None where nobody holds it."""
    if isinstance(place, InFile):
        return _local(place.path)
    held = place.lock_text()
    return None if held is None else _parsed(held)


def _local(state: Path) -> Lock | None:
    """The system lets go of a dead process's lock by itself; the file with the holder's name stays."""
    holder = state.with_name(f".{state.name}.lock.info")
    if not state.exists() or not holder.exists():
        return None
    with state.open("r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return replace(_parsed(holder.read_bytes()), held=True)
        fcntl.lockf(file, fcntl.LOCK_UN)
    return None


def _parsed(text: bytes) -> Lock:
    """Raises OperationError where it is not what Terraform writes."""
    try:
        said = json.loads(text)
        # Go's nanoseconds are more digits than Python reads.
        created = datetime.fromisoformat(f"{said['Created'][:19]}+00:00")
        return Lock(id=said["ID"], operation=said["Operation"], who=said["Who"], created=created)
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError("its state is locked, and who did it cannot be read: look again in a moment") from error


def explanation(lock: Lock, stack: SynthesizedStack) -> str:
    """Who holds the lock, since when, and what to do. The unlock command only where the holder is dead."""
    minutes, seconds = divmod(int(lock.age_seconds), 60)
    held = (
        f"its state is locked by {lock.who} since {lock.created:%Y-%m-%d %H:%M:%S} UTC "
        f"({minutes} min {seconds} s) for {lock.operation}"
    )
    holders = lock.living_holders(stack)
    if holders is None:
        return f"{held}: that is another host: wait, or ask there whether it still runs (make recover tells, there)"
    if lock.held and not holders:
        return f"{held}: a process of this machine has it, but none that is called Terraform: wait for it"
    if holders:
        return f"{held}: it may be process {', '.join(map(str, holders))} of this host: wait for it"
    unlock = stack.command("force-unlock", "-force", lock.id)
    return f"{held}: no Terraform of then runs on this host any more; free it with\n  {unlock}"
