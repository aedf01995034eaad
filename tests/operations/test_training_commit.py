"""Which commit has the code that a model was trained with."""

import os
import subprocess
from pathlib import Path

import pytest

from operations import training_commit
from operations.training_commit import commit_of
from settings.training_files import code_digest

SOURCE = "models/rents"


def git(folder: Path, *arguments: str) -> str:
    finished = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return finished.stdout.strip()


def commit(root: Path, **contents: str) -> tuple[str, str]:
    """A commit with these files of the code, and its code's digest."""
    for name, content in contents.items():
        path = root / SOURCE / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(root, "add", ".")
    git(root, "-c", "user.name=jane", "-c", "user.email=jane@acme.org", "commit", "-q", "-m", "change")
    digest = code_digest(root, SOURCE)
    assert digest is not None
    return git(root, "rev-parse", "HEAD"), digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder of a repository."""
    git(tmp_path, "init", "-q")
    (tmp_path / "ml").mkdir()
    return tmp_path / "ml"


def test_the_newest_commit_that_has_the_code_is_found(root: Path) -> None:
    first, old = commit(root, train="a = 1\n", data="x\n")
    _, new = commit(root, train="a = 2\n")
    again, _ = commit(root, train="a = 1\n")
    assert old != new
    assert commit_of(root, SOURCE, old) == (again, "")
    git(root, "reset", "-q", "--hard", "HEAD~2")
    assert commit_of(root, SOURCE, old) == (first, "")


def test_what_a_commit_changed_elsewhere_or_in_the_data_is_not_looked_at(root: Path) -> None:
    (root / SOURCE / "data/train").mkdir(parents=True)
    (root / SOURCE / "data/train/rows.csv").write_text("1,2\n")
    found, digest = commit(root, train="a = 1\n")
    (root / "README.md").write_text("other\n")
    commit(root)
    (root / SOURCE / "train.py").write_text("a = 3\n")  # not committed
    assert commit_of(root, SOURCE, digest) == (found, "")


def test_code_that_was_never_committed_has_none(root: Path) -> None:
    commit(root, train="a = 1\n")
    (root / SOURCE / "train.py").write_text("a = 2\n")
    digest = code_digest(root, SOURCE)
    assert commit_of(root, SOURCE, str(digest)) == (None, f"no commit of {SOURCE} has the code of digest {digest}")


def test_the_search_has_an_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_commit, "COMMITS_MAX_COUNT", 2)
    _, old = commit(root, train="a = 1\n")
    for number in (2, 3):
        commit(root, train=f"a = {number}\n")
    said = f"none of the newest 2 commits of {SOURCE} has the code of digest {old}"
    assert commit_of(root, SOURCE, old) == (None, said)


def test_a_commit_whose_code_no_deploy_would_take_is_passed_over(root: Path) -> None:
    found, digest = commit(root, train="a = 1\n")
    outside = root / SOURCE / "outside.py"
    outside.symlink_to("/etc/hostname")
    git(root, "add", ".")
    outside.unlink()
    git(root, "-c", "user.name=jane", "-c", "user.email=jane@acme.org", "commit", "-q", "-m", "with a link")
    assert commit_of(root, SOURCE, digest) == (found, "")


def test_without_git_or_a_repository_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found, why = commit_of(tmp_path, SOURCE, "0123456789ab")
    assert (found, why.startswith("git says: fatal: not a git repository")) == (None, True)
    monkeypatch.setitem(os.environ, "PATH", "")
    assert commit_of(tmp_path, SOURCE, "0123456789ab") == (None, "there is no git")
