"""The decisions of the delivery, with a bucket of ours; test_on_start.py has the real commands."""

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle_scripts import deliver_notebooks

PLACEHOLDERS = {"<DATA_BUCKET>": "acme-data", "<DATA": "wrong", "acme": "wrong", "<NONE>": ""}
CUT_OFF = 9


class Instance:
    """A user's folder, and what is in the bucket."""

    def __init__(self, root: Path) -> None:
        self.folder, self.settings, self.bucket = root / "SageMaker", root / "settings.json", dict[str, str]()
        self.downloaded, self.encryption = list[str](), ""
        self.folder.mkdir(parents=True)
        told = {"bucket": "acme", "region": "eu-west-1", "patterns": ["Lab1*.ipynb"], "placeholders": PLACEHOLDERS}
        self.settings.write_text(json.dumps(told))

    def run(self, *command: object) -> str:
        if "list-objects-v2" in command:
            items = [(name, text, f'"{hash(text + self.encryption)}"') for name, text in self.bucket.items()]
            return json.dumps([[f"notebooks/{name}", len(text), etag] for name, text, etag in items] or None)
        if "cp" in command:
            name = str(command[-2]).removeprefix("s3://acme/notebooks/")
            self.downloaded.append(name)
            Path(str(command[-1])).write_text(self.bucket[name])
        return ""

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(deliver_notebooks, "run", self.run)
            patched.setattr(os, "environ", {**os.environ})
            patched.setattr(os, "fsync", lambda _: None)
            patched.setattr(fcntl, "flock", lambda *_: None)  # which the end of the process would release
            deliver_notebooks.main(str(self.settings), str(self.folder))

    def start_and_cut_off(self, step: int, saved_at: int = 0) -> bool:
        """In a process that ends at that one of the steps which change the disk; whether there are as many.

        At another, somebody saves over whatever has the name of Lab1.ipynb.
        """
        process = os.fork()
        if process == 0:
            at_steps({saved_at: lambda: self.put("Lab1.ipynb", "mine"), step: lambda: os._exit(CUT_OFF)})
            self.start()
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == CUT_OFF

    def put(self, name: str, cell: str) -> None:
        (self.folder / name).write_text(text(cell))

    def there(self) -> dict[str, str]:
        """What the user sees, by name: its first cell."""
        return {path.name: source(path) for path in self.folder.glob("[!.]*") if path.is_file()}

    def beside(self, stem: str = "Lab1") -> str:
        [path] = self.folder.glob(f"{stem}.new-version-*.ipynb")
        return path.name

    def hidden(self) -> set[str]:
        return {path.name for path in self.folder.glob(".*")}


def text(cell: str) -> str:
    return json.dumps({"cells": [{"source": [cell]}], "nbformat": 4})


def source(path: Path) -> str:
    return str(json.loads(path.read_text())["cells"][0]["source"][0])


def at_steps(happens: dict[int, Callable[[], object]]) -> None:
    """Before and after each step, counted from 1."""
    count = 0

    def reached() -> None:
        nonlocal count
        count += 1
        happens.get(count, lambda: None)()

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            reached()
            made = function(*arguments, **named)
            reached()
            return made

        return call

    steps = ("replace", "write_bytes", "unlink", "mkdir", "rmdir")
    for owner, name in ((os, "link"), *((Path, step) for step in steps)):
        setattr(owner, name, counted(getattr(owner, name)))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def test_what_was_filled_in_is_not_looked_at_again_and_the_longer_placeholder_comes_first(instance: Instance) -> None:
    instance.bucket["Lab1.ipynb"] = text("<DATA_BUCKET> <DATA <NONE>. é acme")
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "acme-data wrong . é wrong"}
    assert (instance.folder / "Lab1.ipynb").read_text().startswith('{\n "cells": [\n  {\n')
    assert instance.hidden() == {".delivered.json"}


def test_another_value_of_a_placeholder_is_a_new_version(instance: Instance) -> None:
    instance.bucket["Lab1.ipynb"] = text("<DATA_BUCKET>")
    instance.start()
    instance.settings.write_text(instance.settings.read_text().replace("acme-data", "other-data"))
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "other-data"}


def test_the_same_bytes_uploaded_again_are_no_new_version(instance: Instance) -> None:
    """Encrypted with a key they have another ETag."""
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    (instance.folder / "Lab1.ipynb").unlink()
    instance.encryption = "again"
    instance.start()
    instance.start()
    assert (instance.there(), instance.downloaded) == ({}, ["Lab1.ipynb"] * 2)


def test_what_has_come_is_not_downloaded_again_and_the_small_ones_come_first(instance: Instance) -> None:
    """So a start that is ended goes on where the one before it was, whatever there is."""
    sizes = {"Lab1-a.ipynb": 900, "Lab1-b.ipynb": 10, "Lab1-c.ipynb": 500}
    instance.bucket = {name: text("1" * size) for name, size in sizes.items()}
    instance.start()
    assert instance.downloaded == ["Lab1-b.ipynb", "Lab1-c.ipynb", "Lab1-a.ipynb"]
    instance.bucket["Lab1-d.ipynb"] = text("4")
    instance.start()
    assert instance.downloaded[3:] == ["Lab1-d.ipynb"]


def test_one_that_could_not_be_brought_is_tried_again(instance: Instance) -> None:
    instance.bucket["Lab1.ipynb"] = "{"
    instance.start()
    instance.start()
    assert (instance.there(), instance.downloaded) == ({}, ["Lab1.ipynb"] * 2)


def test_what_a_start_that_was_cut_off_left_is_gone_before_the_disk_is_looked_at(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = instance.folder / ".delivering-notebooks/new.ipynb.1a2B3c4D"
    left.parent.mkdir()
    left.write_text("half of one")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0 if left.exists() else 10_000))
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "1"}


def test_where_nothing_can_be_said_the_notebooks_come_alike(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.bucket |= {"Lab1-a.ipynb": text("a"), "Lab1-b.ipynb": "{", "Lab1-c.ipynb": text("c")}

    def full(_: str) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(write=full))
    instance.start()
    assert instance.there() == {"Lab1-a.ipynb": "a", "Lab1-c.ipynb": "c"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise ValueError('first\\nsecond')", "ValueError: first"),
        ("sys.exit('one\\ntwo')", "two"),
        ("sys.exit(7)", "ended with 7"),
    ],
)
def test_the_reason_of_a_command_is_its_error_and_else_its_last_line(script: str, why: str) -> None:
    with pytest.raises(OSError, match=f"^{why}$"):
        deliver_notebooks.run(sys.executable, "-c", f"import sys; {script}")


def test_who_takes_the_new_version_gets_the_next_ones(instance: Instance) -> None:
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    instance.put("Lab1.ipynb", "mine")
    instance.bucket["Lab1.ipynb"] = text("2")
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "mine", instance.beside(): "2"}
    (instance.folder / instance.beside()).replace(instance.folder / "Lab1.ipynb")
    instance.bucket["Lab1.ipynb"] = text("3")
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "3"}


def test_what_somebody_made_with_the_same_bytes_is_only_noted(instance: Instance) -> None:
    made = instance.folder / "Lab1.ipynb"
    made.write_text(json.dumps(json.loads(text("1")), indent=1) + "\n")
    inode = made.stat().st_ino
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "1"}
    assert made.stat().st_ino == inode


def test_a_file_that_others_write_is_not_the_one_that_was_handed_out(instance: Instance) -> None:
    """The next notebook is brought into the same temporary file."""
    instance.bucket |= {"Lab1-a.ipynb": text("a"), "Lab1-b.ipynb": text("b")}
    instance.start()
    assert instance.there() == {"Lab1-a.ipynb": "a", "Lab1-b.ipynb": "b"}
    assert {(instance.folder / name).stat().st_nlink for name in instance.there()} == {1}


def link(place: Path) -> None:
    (place.parent.parent / "elsewhere.ipynb").write_text(text("elsewhere"))
    place.symlink_to(place.parent.parent / "elsewhere.ipynb")


IN_THE_WAY: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a link": link,
    "a link to nothing": lambda place: place.symlink_to("gone"),
    "a pipe": os.mkfifo,
    "a file of before": lambda place: place.write_text(text("before")),
}


@pytest.mark.parametrize("make", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_a_notebook_lands_beside_what_is_in_its_way(
    instance: Instance, make: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    place = instance.folder / "Lab1.ipynb"
    make(place)
    was = place.lstat()
    instance.bucket["Lab1.ipynb"] = text("1")

    instance.start()

    beside = instance.folder / instance.beside()
    assert source(beside) == "1"
    assert capsys.readouterr().out == (
        f"'Lab1.ipynb': not as it was handed out, so it stays; the new version is {beside.name!r}\n"
    )
    beside.unlink()
    instance.start()
    assert not beside.exists()
    assert (place.lstat().st_ino, place.lstat().st_mtime_ns) == (was.st_ino, was.st_mtime_ns)
    assert [source(path) for path in instance.folder.parent.glob("elsewhere.ipynb")] in ([], ["elsewhere"])


@pytest.mark.parametrize(
    "kept",
    [
        *(b"", b"\xff", b"[]", b'{"Lab1.ipynb": 1}', b'{"Lab1.ipynb": {"version": "1"}}'),
        *(b'{"Lab1.ipynb": {"version": "1", "handed_out": %s}}' % of for of in (b"[1]", b"[[]]", b"2", b'["\\ud800"]')),
    ],
)
def test_with_a_state_that_cannot_be_read_all_that_is_there_counts_as_edited(
    instance: Instance, kept: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    (instance.folder / ".delivered.json").write_bytes(kept)
    instance.bucket |= {"Lab1.ipynb": text("2"), "Lab1-b.ipynb": text("b")}
    capsys.readouterr()
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "1", instance.beside(): "2", "Lab1-b.ipynb": "b"}
    lines = capsys.readouterr().out.splitlines()
    assert ".delivered.json cannot be read, so what is there counts as edited: " in lines[0]
    assert len(lines) == 3
    instance.start()
    assert capsys.readouterr().out == ""


def test_what_cannot_be_brought_is_one_line_and_the_others_come(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["Lab1 'a'.ipynb", 'Lab1 "b"\n.ipynb', f"Lab1{'x' * 300}.ipynb", "Lab1-z.ipynb"]
    instance.bucket |= {**dict.fromkeys(names, text("1")), "Lab1-no.ipynb": "{\n"}
    instance.start()
    assert set(instance.there()) == {names[0], names[1], names[3]}
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 5
    assert said[2] == r"""'Lab1 "b"\n.ipynb': brought"""
    assert [line.split(":")[0] for line in said if "cannot be brought: " in line] == ["'Lab1-no.ipynb'", repr(names[2])]


def test_cut_off_anywhere_it_is_right_at_the_next_start(tmp_path: Path) -> None:
    """Untouched, edited, deleted and new notebooks, after any last step, whatever a person edits before the next."""
    names = [f"Lab1-{name}.ipynb" for name in ("untouched", "edited", "deleted", "new")]
    step = 0
    for step in range(1, 1000):
        instance = Instance(tmp_path / str(step))
        instance.bucket = dict.fromkeys(names[:3], text("1"))
        instance.start()
        instance.put("Lab1-edited.ipynb", "mine")
        (instance.folder / "Lab1-deleted.ipynb").unlink()
        instance.bucket = dict.fromkeys(names, text("2"))

        cut_off = instance.start_and_cut_off(step)

        there = instance.there()
        assert there["Lab1-edited.ipynb"] == "mine"
        # Out of sight while it is replaced.
        was = instance.folder / ".delivering-notebooks/was/Lab1-untouched.ipynb"
        assert there["Lab1-untouched.ipynb"] in ("1", "2") if "Lab1-untouched.ipynb" in there else source(was) == "1"
        instance.put("Lab1-untouched.ipynb", "mine too")
        instance.start()
        there = instance.there()
        assert there.pop(instance.beside("Lab1-edited")) == "2"
        # Edited before it was known to have arrived, it has the new version beside it, and else it had it already.
        assert [there.pop(path.name) for path in instance.folder.glob("Lab1-untouched.new-*")] in ([], ["2"])
        mine = {"Lab1-edited.ipynb": "mine", "Lab1-untouched.ipynb": "mine too"}
        assert there == {**mine, "Lab1-deleted.ipynb": "2", "Lab1-new.ipynb": "2"}
        assert instance.hidden() == {".delivered.json"}
        assert {path.stat().st_nlink for path in instance.folder.glob("*.ipynb")} == {1}
        if not cut_off:
            break
    assert step > 40


def test_what_is_saved_at_any_moment_is_kept_wherever_the_start_is_cut_off(tmp_path: Path) -> None:
    """Of one notebook, whose new version takes the place of the one before."""
    saved_at = step = 0
    for saved_at in range(1, 100):
        # After one step is before the next; the fourth from then on comes with no save before it that it would see.
        for step in range(saved_at + 1, saved_at + 9, 2):
            instance = Instance(tmp_path / f"{saved_at}-{step}")
            instance.bucket["Lab1.ipynb"] = text("1")
            instance.start()
            instance.bucket["Lab1.ipynb"] = text("2")
            cut_off = instance.start_and_cut_off(step, saved_at)
            instance.start()
            there = instance.there()
            assert there.pop("Lab1.ipynb") == "mine"
            assert [*there.values()] in ([], ["2"])
            assert instance.hidden() == {".delivered.json"}
            if not cut_off:
                break
        if step == saved_at + 1:
            break
    assert saved_at > 20


def test_two_saves_while_it_is_replaced_are_both_kept(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """One before it is out of the way, and one after."""
    replace = Path.replace
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    instance.bucket["Lab1.ipynb"] = text("2")

    def save(path: Path, place: Path) -> Path:
        is_notebook = path.name == "Lab1.ipynb"
        if is_notebook:
            instance.put("Lab1.ipynb", "first")
        made = replace(path, place)
        if is_notebook:
            instance.put("Lab1.ipynb", "second")
        return made

    monkeypatch.setattr(Path, "replace", save)
    instance.start()
    assert sorted(instance.there().values()) == ["2", "first", "second"]
    assert instance.there()["Lab1.ipynb"] == "second"
    assert instance.hidden() == {".delivered.json"}


def test_a_state_that_is_a_pipe_holds_nobody(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(instance.folder / ".delivered.json")
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    assert ".delivered.json cannot be read, " in capsys.readouterr().out.splitlines()[0]
    assert instance.there() == {"Lab1.ipynb": "1"}


def test_a_link_is_never_what_was_handed_out(instance: Instance) -> None:
    """Whatever a state says."""
    link(instance.folder / "Lab1.ipynb")
    (instance.folder / ".delivered.json").write_text('{"Lab1.ipynb": {"version": "", "handed_out": [""]}}')
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    assert (instance.folder / "Lab1.ipynb").is_symlink()
    assert source(instance.folder / instance.beside()) == "1"


def test_a_persons_folder_of_a_similar_name_stays(instance: Instance) -> None:
    for name in (".delivering-mine", ".delivering-notebooks"):
        (instance.folder / name).mkdir()
        (instance.folder / name / "mine").write_text("")
    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    assert len([*instance.folder.glob(".delivering-*/mine")]) == 2
    assert instance.there() == {"Lab1.ipynb": "1"}


def test_what_cannot_be_read_counts_as_edited(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, who reads all."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path == instance.folder / "Lab1.ipynb":
            raise PermissionError
        return read(path)

    instance.bucket["Lab1.ipynb"] = text("1")
    instance.start()
    instance.bucket["Lab1.ipynb"] = text("2")
    monkeypatch.setattr(Path, "read_bytes", refused)
    instance.start()
    assert instance.there() == {"Lab1.ipynb": "1", instance.beside(): "2"}


@pytest.mark.parametrize("letter", ["L", "é"])
def test_the_new_version_of_a_long_name_has_a_shorter_one(instance: Instance, letter: str) -> None:
    name = f"Lab1{letter * (244 // len(letter.encode()))}.ipynb"
    instance.put(name, "mine")
    instance.bucket[name] = text("1")
    instance.start()
    assert sorted(instance.there().values()) == ["1", "mine"]
    instance.beside(f"Lab1{letter * 50}*")


def test_placeholders_are_filled_in_in_cells_alone(instance: Instance) -> None:
    instance.settings.write_text(instance.settings.read_text().replace('"<DATA"', '"code"'))
    cell = {"cell_type": "code", "source": ["code\n", "1"], "metadata": {"tags": ["code"]}}
    instance.bucket["Lab1.ipynb"] = json.dumps({"cells": [cell]})
    instance.start()
    made = json.loads((instance.folder / "Lab1.ipynb").read_text())
    assert made == {"cells": [cell | {"source": ["wrong\n", "1"]}]}


def test_one_too_large_keeps_no_other_away(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other fit that do not together: they may be there already."""
    instance.bucket |= {"Lab1-a.ipynb": text("a" * 60), "Lab1-b.ipynb": text("b" * 600), "Lab1-c.ipynb": text("c" * 60)}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=150))
    instance.start()
    assert set(instance.there()) == {"Lab1-a.ipynb", "Lab1-c.ipynb"}
    size = len(instance.bucket["Lab1-b.ipynb"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"'Lab1-b.ipynb': the disk is full: {size} bytes are needed, 150 left"


def test_a_persons_own_credentials_have_no_part_in_the_delivery(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As botocore, and so the aws command line, finds them."""
    (instance.folder / ".aws").mkdir()
    keys = "[default]\naws_access_key_id = a\naws_secret_access_key = b\nregion = eu-central-1\n"
    for name in ("credentials", "config"):
        (instance.folder / f".aws/{name}").write_text(keys)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(instance.folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    asked = "import botocore.session; print(botocore.session.get_session().get_credentials())"
    found: list[str] = []

    def run(*_: object) -> str:
        found.append(subprocess.check_output([sys.executable, "-c", asked], text=True))
        return ""

    monkeypatch.setattr(instance, "run", run)
    instance.start()
    assert found == ["None\n"]
