"""What a script leaves that is closed to its owner: here the owner is never root, to whom nothing is closed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.server.containers import leftovers, training

NOBODY = 65_534


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """By a relative path: who is not root may not reach the folders of pytest."""
    own, made = os.geteuid(), tmp_path / "home"
    made.mkdir()
    monkeypatch.chdir(tmp_path)
    if own == 0:
        for folder in (tmp_path, made):
            os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
    yield Path("home")
    os.seteuid(own)


def test_a_folder_that_is_closed_to_its_owner_is_removed(home: Path) -> None:
    inner = home / "a/b"
    inner.mkdir(parents=True)
    (inner / "kept").write_text("")
    for folder, mode in ((inner, 0o500), (home / "a", 0), (home, 0)):
        folder.chmod(mode)
    leftovers.remove(home)
    assert not home.exists()


def test_what_is_closed_to_its_owner_can_be_packed(home: Path) -> None:
    (home / "model").mkdir()
    (home / "model/weights").write_text("1")
    (home / "model/weights").chmod(0)
    (home / "model").chmod(0)
    leftovers.open_up(home)
    assert training.pack(home / "model")


def test_a_link_in_the_place_of_the_folder_goes_and_what_it_leads_to_stays(home: Path) -> None:
    kept, link = home / "kept", home / "link"
    kept.mkdir(mode=0o500)
    link.symlink_to(kept)
    leftovers.remove(link)
    assert not link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o500
