"""The project as a fresh clone has it, with environments, releases and models of the tests' own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from settings.operator_variables import PREFIX
from stacks import environments

# Of the tests, those that name these look at what a person wrote, not at the tests' own values.
CHECKOUT = environments.ROOT
CHECKOUT_NAMES = environments.NAMES
VALUES = CHECKOUT / "tests/fixtures/values"  # laid out as the project is
NAMES = ("dev", "staging", "prod")
THEIRS = re.compile(rf"stacks/({'|'.join(CHECKOUT_NAMES)})\.py|releases\.json|models/[^/]*\.(tar\.gz|csv)")


def use_own_values(folder: Path) -> None:
    """The app's ROOT becomes a copy in the folder, for this process and for what the tests run there.

    To be called before anything takes a name from stacks.environments. That stacks.dev is the tests' own there is the
    doing of pytest's pythonpath.
    """
    environments.ROOT = copy_project(folder)
    environments.STACKS = folder / "stacks"
    environments.NAMES = NAMES
    for variable in [name for name in os.environ if name.startswith(PREFIX)]:  # they come before what is written
        del os.environ[variable]


def copy_project(target: Path) -> Path:
    """A fresh clone, with this checkout's installed tools and the tests' own values."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file() and not THEIRS.fullmatch(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name)
    shutil.copytree(VALUES, target, dirs_exist_ok=True)
    names = target / "stacks/environments.py"
    own = f"NAMES = {NAMES}".replace("'", '"')
    text, found = re.subn(r"(?m)^NAMES\b[^=]*=\s*[(\[][^)\]]*[)\]]", own, names.read_text())
    assert found == 1, "stacks/environments.py lists the environments in another way than as NAMES = (...)"
    names.write_text(text)
    (target / ".local").mkdir()
    for tools in (".venv", "node_modules", "policy/.venv", ".local/pipenv"):
        if (CHECKOUT / tools).exists():
            (target / tools).symlink_to(CHECKOUT / tools)
    return target
