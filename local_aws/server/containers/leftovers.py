"""What a training script leaves in its job's folder: none of it need be what it was when the job made it."""

import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# A flag by which a file cannot be removed, not even by its owner, who set it.
UNLOCK = ("chflags", "-R", "nouchg") if sys.platform == "darwin" else ("chattr", "-R", "-f", "-i")


def is_folder(path: Path, home: Path) -> bool:
    """Whether it is a folder still, and no link is on the way to it from the job's own."""
    steps = [step for step in (path, *path.parents) if step.is_relative_to(home)]
    try:
        return all(stat.S_ISDIR(step.lstat().st_mode) for step in steps)
    except OSError:
        return False


def text(path: Path, home: Path, most: int) -> str:
    """Of a file; nothing of a link, of what is no file, which might never end, and of what cannot be read."""
    with suppress(OSError):
        if is_folder(path.parent, home) and stat.S_ISREG(path.lstat().st_mode):
            with path.open(errors="replace") as file:
                return file.read(most)
    return ""


def open_up(home: Path) -> None:
    """Lets its owner read all of it: in the images a script is root, to whom nothing is closed."""
    if is_folder(home, home):
        _do("chmod", "-R", "u+rwX", home)


def remove(home: Path) -> None:
    """Whatever it has become. These commands go deeper than Python's recursion."""
    open_up(home)
    _do("rm", "-rf", home)
    if home.exists():
        with suppress(FileNotFoundError):  # a system without such flags
            _do(*UNLOCK, home)
        _do("rm", "-rf", home)


def _do(*words: str | Path) -> None:
    subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
