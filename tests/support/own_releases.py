"""A releases.json of a test's own, that the app reads with all that belongs to it, in a folder without the rest."""

import shutil
from pathlib import Path

import pytest

from settings.releases import FILE_NAME
from stacks import environments

READ = ("lifecycle_scripts", "models", "notebooks")


def own_releases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which is the app's root now."""
    for name in READ:
        shutil.copytree(environments.ROOT / name, folder / name)
    shutil.copy(environments.ROOT / FILE_NAME, folder)
    monkeypatch.setattr(environments, "ROOT", folder)
    return folder
