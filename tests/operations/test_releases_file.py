"""releases.json as the commands change it: whole, sorted, and only where nobody else did."""

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.releases_file import LOCK, NEW_NAME, ReleasesFile, held_releases, written
from settings.problems import InvalidInputError
from settings.releases import FILE_NAME
from stacks import environments
from stacks.synthesized_stack import OperationError

ENDPOINT = "linear-learner"


@pytest.fixture
def file(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The releases.json of a project of the test's own, which is the app's."""
    monkeypatch.setattr(environments, "ROOT", project)
    return project / FILE_NAME


def in_prod(model: str) -> Callable[[Any], Any]:
    def change(content: Any) -> Any:
        content["environments"]["prod"][ENDPOINT] = {"production": model}
        return content

    return change


def changed(change: Callable[[Any], Any]) -> list[str]:
    with held_releases({}) as releases:
        return [*releases.write(change(releases.content))]


def test_a_change_is_written_sorted_and_shown_as_that_alone(file: Path) -> None:
    before = file.read_text()
    assert before.encode() == written(json.loads(before)), "the tests' own values are not as the commands write them"
    lines = changed(in_prod("breast-cancer-all-columns"))
    shown = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert shown == [
        '-        "production": "breast-cancer-means"',
        '+        "production": "breast-cancer-all-columns"',
    ]
    assert json.loads(file.read_text()) == in_prod("breast-cancer-all-columns")(json.loads(before))
    assert file.read_bytes() == written(json.loads(file.read_text()))


def test_what_changes_nothing_leaves_the_file_as_a_person_laid_it_out(file: Path) -> None:
    content = json.loads(file.read_text())
    by_hand = json.dumps(dict(reversed(content.items())))
    file.write_text(by_hand)
    kept = file.stat()
    assert changed(lambda content: content) == []
    assert file.read_text() == by_hand
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_the_file_keeps_its_mode(file: Path, mode: int) -> None:
    file.chmod(mode)
    changed(in_prod("breast-cancer-all-columns"))
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_link_to_the_file_stays_one(file: Path) -> None:
    real = file.with_name("real.json")
    file.rename(real)
    file.symlink_to(real.name)
    changed(in_prod("breast-cancer-all-columns"))
    assert file.is_symlink()
    assert json.loads(real.read_text())["environments"]["prod"][ENDPOINT]["production"] == "breast-cancer-all-columns"


def test_rejects_what_the_app_would_not_take_with_every_problem(file: Path) -> None:
    before = file.read_bytes()

    def wrong(content: Any) -> Any:
        content["environments"]["prod"][ENDPOINT] = {"production": "chrun", "shadow": "breast-cancer-means"}
        return content

    with pytest.raises(InvalidInputError) as refused:
        changed(wrong)
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        f"environments.prod.{ENDPOINT}.production",
        f"environments.prod.{ENDPOINT}.shadow",
    ]
    assert file.read_bytes() == before
    assert not file.with_name(NEW_NAME).exists()


def test_rejects_a_file_that_is_wrong_already(file: Path) -> None:
    file.write_text("{")
    with pytest.raises(InvalidInputError, match="must be JSON"), held_releases({}):
        pass


def test_rejects_a_file_that_somebody_else_changed_meanwhile(file: Path) -> None:
    with held_releases({}) as releases:
        theirs = file.read_bytes() + b"\n"
        file.write_bytes(theirs)
        with pytest.raises(OperationError, match=r"^releases.json was changed by somebody else meanwhile"):
            releases.write(in_prod("breast-cancer-all-columns")(releases.content))
    assert file.read_bytes() == theirs
    assert not file.with_name(NEW_NAME).exists()


def test_rejects_a_file_that_was_taken_away_meanwhile(file: Path) -> None:
    with held_releases({}) as releases:
        file.unlink()
        with pytest.raises(OperationError, match=r"^releases.json cannot be written, and is as it was: No such file"):
            releases.write(in_prod("breast-cancer-all-columns")(releases.content))
    assert not file.exists()


@pytest.mark.parametrize(
    ("call", "number"),
    [("fsync", errno.ENOSPC), ("open", errno.EROFS), ("open", errno.EACCES), ("fchmod", errno.EPERM)],
)
def test_rejects_a_disk_that_is_full_or_read_only(
    file: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    before = file.read_bytes()
    with held_releases({}) as releases:
        monkeypatch.setattr(os, call, refused)
        with pytest.raises(OperationError, match=f"cannot be written, and is as it was: {os.strerror(number)}$"):
            releases.write(in_prod("breast-cancer-all-columns")(releases.content))
        monkeypatch.undo()
    assert file.read_bytes() == before
    assert not file.with_name(NEW_NAME).exists()


def rollback(project: Path, name: str, **variables: str) -> subprocess.Popen[str]:
    """The command itself, as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "operations.rollback", name],
        cwd=project,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def with_previous(file: Path, *names: str) -> None:
    content = json.loads(file.read_text())
    for name in names:
        release = {"production": "breast-cancer-means", "previous": "breast-cancer-all-columns"}
        content["environments"][name][ENDPOINT] = release
    file.write_bytes(written(content))


def test_two_commands_follow_one_another(file: Path) -> None:
    with_previous(file, "dev", "prod")
    both = [rollback(file.parent, name) for name in ("dev", "prod")]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    found = json.loads(file.read_text())["environments"]
    assert [found[name][ENDPOINT]["production"] for name in ("dev", "prod")] == ["breast-cancer-all-columns"] * 2


def test_a_command_waits_for_the_one_that_holds_the_file(file: Path) -> None:
    with_previous(file, "prod")
    with held_releases({}) as releases:
        waiting = rollback(file.parent, "prod")
        assert waiting.stderr is not None
        assert "another command of this machine changes releases.json: waiting for it" in waiting.stderr.readline()
        content = releases.content
        del content["environments"]["prod"][ENDPOINT]["previous"]
        releases.write(content)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert "names no previous model" in said, "it has not read what was written before it"


def test_what_a_killed_command_leaves_is_in_nobodys_way(file: Path) -> None:
    before = file.read_bytes()
    child = os.fork()
    if child == 0:  # killed where all is written and nothing is replaced yet
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign,assignment]
        changed(in_prod("breast-cancer-all-columns"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert file.read_bytes() == before
    assert file.with_name(NEW_NAME).exists()
    changed(in_prod("breast-cancer-all-columns"))
    assert json.loads(file.read_text())["environments"]["prod"][ENDPOINT]["production"] == "breast-cancer-all-columns"
    assert not file.with_name(NEW_NAME).exists()


def test_rejects_a_project_where_nothing_can_be_written(file: Path) -> None:
    shutil.rmtree(file.parent / LOCK.parent)
    (file.parent / LOCK.parent).write_text("a file in the way\n")
    with pytest.raises(OperationError, match=f"cannot be written, and is as it was: {LOCK}: "), held_releases({}):
        pass


def test_what_is_read_is_a_copy(file: Path) -> None:
    releases = ReleasesFile(file.parent, {})
    releases.content["models"].clear()
    assert releases.content["models"]
