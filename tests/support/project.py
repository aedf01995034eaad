"""A copy of the project, as a fresh clone has it."""

import shutil
import subprocess
from pathlib import Path

from stacks.environments import ROOT


def copy_project(target: Path) -> Path:
    """The project's files as a fresh clone has them, with this checkout's installed tools."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".local").mkdir()
    for tools in (".venv", "node_modules", ".local/pipenv"):
        if (ROOT / tools).exists():
            (target / tools).symlink_to(ROOT / tools)
    return target
