"""The notebooks that the bucket hands to the notebook instance."""

import os
from pathlib import Path

import pytest

from settings.sample_notebooks import read_sample_notebooks

SOUND = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def problems(folder: Path) -> list[str]:
    return [str(problem) for problem in read_sample_notebooks(folder)[1]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Lab1 with spaces.ipynb", SOUND),
        ("Übung-二.ipynb", SOUND),
        ("${file('x')} %{ if true }.ipynb", SOUND),
        ("old.ipynb", b'{"worksheets": [{"cells": []}], "nbformat": 3}'),
    ],
)
def test_notebooks_are_taken_whatever_a_person_calls_them(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "no-notebook.txt").write_text("")
    assert read_sample_notebooks(tmp_path) == ([tmp_path / name], [])


@pytest.mark.parametrize(
    ("content", "allowed"),
    [
        (b"", "must be a notebook, which is JSON"),
        (b"print(1)", "must be a notebook, which is JSON"),
        (SOUND[:-1], "must be a notebook, which is JSON"),
        (b"\xff" + SOUND, "must be a notebook, which is JSON"),
        (b"[" * 100_000, "must be a notebook, which is JSON"),
        (b"9" * 5000, "must be a notebook, which is JSON"),
        (b"[]", "must be a notebook, with the version of its format in nbformat"),
        (b'{"cells": []}', "must be a notebook, with the version of its format in nbformat"),
        (b'{"nbformat": 4}', "must be a notebook, with its cells"),
        (b'{"nbformat": 4, "cells": {}}', "must be a notebook, with its cells"),
    ],
)
def test_rejects_what_is_no_notebook(tmp_path: Path, content: bytes, allowed: str) -> None:
    (tmp_path / "a.ipynb").write_bytes(content)
    [line] = problems(tmp_path)
    assert line.startswith(f"{tmp_path.name}/a.ipynb: ")
    assert line.endswith(allowed)
    assert line.isprintable()


def test_rejects_what_is_no_file_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "gone.ipynb").symlink_to("gone")
    (tmp_path / "round.ipynb").symlink_to("round.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert [line.removeprefix(f"{tmp_path.name}/") for line in problems(tmp_path)] == [
        f"{what}: must be a notebook that can be read"
        for what in (
            "folder.ipynb: a folder",
            "gone.ipynb: missing",
            "pipe.ipynb: not a regular file",
            "round.ipynb: Too many levels of symbolic links",
        )
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (b"a\nb.ipynb", r"a\nb.ipynb: must have a name without control characters"),
        (b"\x1b[2J.ipynb", r"\x1b[2J.ipynb: must have a name without control characters"),
        ("\u202eb.ipynb".encode(), r"\u202eb.ipynb: must have a name without control characters"),
        (b"\xff.ipynb", r"\xff.ipynb: must have a name in UTF-8"),
        ("e\u0301.ipynb".encode(), "e\u0301.ipynb: must have a name in composed characters"),
    ],
)
def test_rejects_names_that_terraform_or_a_terminal_would_not_show_as_they_are(
    tmp_path: Path, name: bytes, line: str
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(SOUND)
    [found] = problems(tmp_path)
    assert found.startswith(f"{tmp_path.name}/{line}")


@pytest.mark.parametrize("stem", ["n" * 241, "\u00fc" * 120, "n" * 200 + "." * 40])
def test_a_notebooks_name_may_be_as_long_as_the_folder_of_its_copy(tmp_path: Path, stem: str) -> None:
    (tmp_path / f"{stem}.ipynb").write_bytes(SOUND)
    assert problems(tmp_path) == []


@pytest.mark.parametrize(("stem", "more"), [("n" * 242, 1), ("n" * 249, 8), ("\u00fc" * 121, 1)])
def test_rejects_a_name_that_is_longer(tmp_path: Path, stem: str, more: int) -> None:
    (tmp_path / f"{stem}.ipynb").write_bytes(SOUND)
    assert problems(tmp_path) == [f"{tmp_path.name}/{stem}.ipynb: must have a name of {more} bytes less"]
