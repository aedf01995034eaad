"""releases.json as a command changes it: checked whole by the app's own reader, written whole or not at all.

One command at a time holds the file, from before it reads it to after it has written it; an editor or git may change
it meanwhile, and then nothing is written. It is sorted, so that a change shows as that alone; git is not needed.
"""

import copy
import difflib
import fcntl
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from settings.environment import EnvironmentSettings
from settings.files import UnreadableError, opened
from settings.problems import InvalidInputError
from settings.releases import FILE_NAME, read_releases
from stacks import environments
from stacks.environments import Environment, read_environments
from stacks.synthesized_stack import OperationError

# Beside it, as artifacts are found from there; what a killed command leaves is written over by the next.
NEW_NAME = f".{FILE_NAME}.new"
LOCK = Path(".local/releases.lock")


def written(content: object) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def difference(before: bytes, after: bytes) -> Sequence[str]:
    """As `diff -u` shows it."""
    one, other = (text.decode(errors="backslashreplace").splitlines() for text in (before, after))
    return [*difflib.unified_diff(one, other, FILE_NAME, f"{FILE_NAME} (changed)", lineterm="")]


class ReleasesFile:
    """What was read, and the environments that it is part of."""

    def __init__(self, root: Path, variables: Mapping[str, str]) -> None:
        """Raises InvalidInputError with every problem of all that the app reads, and OperationError."""
        self._root = root
        self._bytes = self._read()
        self.environments: Mapping[str, Environment] = {
            item.settings.name: item for item in read_environments(variables)
        }
        self._content: Any = json.loads(self._bytes)

    @property
    def content(self) -> Any:  # noqa: ANN401 - JSON
        """To be changed and handed to `write`."""
        return copy.deepcopy(self._content)

    def write(self, content: object) -> Sequence[str]:
        """The difference, in lines; none where the content is what stands there, however it is laid out.

        Raises InvalidInputError where the app would not take it, and OperationError where the file was changed
        meanwhile, or cannot be written. It is as it was then.
        """
        if content == self._content:
            return []
        new = self._root / NEW_NAME
        try:
            self._write_beside(new, written(content))
            self._refuse_wrong(new)
            if self._read() != self._bytes:
                raise OperationError(
                    f"{FILE_NAME} was changed by somebody else meanwhile, and was left as it is: the same command "
                    "again decides on what it says now"
                )
            new.replace(os.path.realpath(self._root / FILE_NAME))
        except OSError as error:
            raise OperationError(f"{FILE_NAME} cannot be written, and is as it was: {error.strerror}") from error
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
        return difference(self._bytes, written(content))

    def _read(self) -> bytes:
        try:
            with opened(self._root / FILE_NAME) as file:
                return file.read()
        except UnreadableError as error:
            raise OperationError(f"{FILE_NAME}: {error}: must be a file beside main.py that can be read") from None

    def _write_beside(self, new: Path, text: bytes) -> None:
        mode = stat.S_IMODE((self._root / FILE_NAME).stat().st_mode)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _refuse_wrong(self, new: Path) -> None:
        settings: Mapping[str, EnvironmentSettings] = {name: item.settings for name, item in self.environments.items()}
        _, _, problems = read_releases(new, [*settings], settings)
        if problems:
            raise InvalidInputError(problems)


@contextmanager
def held_releases(variables: Mapping[str, str]) -> Iterator[ReleasesFile]:
    """The project's, for this command alone: another one waits, and reads what this one has written.

    Raises what ReleasesFile raises. The system lets go of a dead process's lock by itself.
    """
    root = environments.ROOT
    try:
        (root / LOCK).parent.mkdir(exist_ok=True)
        lock = (root / LOCK).open("a")
    except OSError as error:
        raise OperationError(f"{FILE_NAME} cannot be written, and is as it was: {LOCK}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another command of this machine changes {FILE_NAME}: waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield ReleasesFile(root, variables)
