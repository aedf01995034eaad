"""What an artifact must be for SageMaker to unpack it, and nothing beside it."""

import gzip
import hashlib
import os
import tarfile
from functools import partial
from pathlib import Path

import pytest

from settings.artifacts import read_artifact
from settings.files import UnreadableError
from tests.support.archives import Members, artifact, link, special, tar

MODEL: Members = {"model.joblib": b"weights" * 1000, "code/inference.py": b"def model_fn(folder): ..."}
SOUND = artifact(MODEL)
packed = partial(gzip.compress, mtime=0)  # the same names of tests in each process


def wrong(folder: Path, content: bytes) -> str:
    path = folder / "model.tar.gz"
    path.write_bytes(content)
    digest, found = read_artifact(path)
    assert digest == hashlib.sha256(content).hexdigest()
    return found or ""


@pytest.mark.parametrize(
    "content",
    [
        SOUND,
        SOUND + bytes(512),  # as tapes are filled up
        packed(tar(MODEL)[:512]) + packed(tar(MODEL)[512:]),  # as pigz writes
        artifact({**MODEL, "lib64": link("lib"), "lib/x": b"", "up": link("code/../lib"), "y": link("lib64/x")}),
        artifact({**MODEL, "same": link("model.joblib", tarfile.LNKTYPE), "..odd": b"", "./a/./b": b""}),
        artifact({"code": special(tarfile.DIRTYPE), **MODEL, "dangling": link("nothing/there")}),
        artifact({"current": link("v1"), "code/x.py": link("../src.py"), "v1/a": b"", "src.py": b"", **MODEL}),
        artifact({"v1/a": b"", "l": link("v1"), "l/b": b"", "c": link("v1/b", tarfile.LNKTYPE), **MODEL}),
    ],
)
def test_what_stays_within_is_taken_with_its_links(tmp_path: Path, content: bytes) -> None:
    assert wrong(tmp_path, content) == ""


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({}, True),
        ({"./code//inference.py": b""}, True),
        ({"code/inference.py": link("real.py"), "code/real.py": b""}, True),
        ({"code/real.py": b"", "code/inference.py": link("code/real.py", tarfile.LNKTYPE)}, True),
        ({"code": link("v1"), "v1/inference.py": b""}, True),
        ({"code/inference.py": link("../model.joblib")}, True),
        ({"code/inference.py": link("nothing.py")}, False),
        ({"code/inference.py": special(tarfile.DIRTYPE)}, False),
        ({"model/code/inference.py": b""}, False),
    ],
)
def test_a_script_is_there_where_a_file_system_would_find_it(tmp_path: Path, members: Members, found: bool) -> None:
    held: Members = {**(members or MODEL), "model.joblib": b""}
    (tmp_path / "model.tar.gz").write_bytes(artifact(held))
    wrong = read_artifact(tmp_path / "model.tar.gz", "code/inference.py")[1]
    assert found == (wrong is None)
    assert found or str(wrong).startswith(
        "must hold code/inference.py, with a function model_fn, beside the model's files"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        tar(MODEL),
        packed(b"not an archive"),
        packed(b""),
        SOUND[:-1],
        SOUND[: len(SOUND) // 2],
        SOUND[:10],
        SOUND[:-8] + bytes(4) + SOUND[-4:],
        SOUND + b"and more",
        packed(tar(MODEL)[:700]),
    ],
)
def test_rejects_what_is_no_whole_archive(tmp_path: Path, content: bytes) -> None:
    assert wrong(tmp_path, content).endswith(": must be a tar archive, compressed by gzip, and whole")


def test_rejects_an_archive_with_nothing_in_it(tmp_path: Path) -> None:
    assert wrong(tmp_path, artifact({})) == "nothing in it: must hold the model's files"


@pytest.mark.parametrize(
    "members",
    [
        {"../x": b""},
        {"a/../../x": b""},
        {"/etc/x": b""},
        {"..": special(tarfile.DIRTYPE)},
        {"x": link("/etc/passwd")},
        {"x": link("../x")},
        {"a/x": link("../../x")},
        {"x": link("../x", tarfile.LNKTYPE)},
        {"x": link("/etc/passwd", tarfile.LNKTYPE)},
        # Each link stays within as it is written, and leads outside through the one before, or after.
        {"a/b/up": link(".."), "c": link("a/b/up/../..")},
        {"c": link("a/b/up/../.."), "a/b/up": link("..")},
        {"a/b/up": link(".."), "a/b/up/../../x": b""},
        {"a": link("b"), "b": link("a"), "a/x": b""},
        {"a": link("b"), "b": link("a")},
        {"a": link("a")},
        {"a/../x": b""},
        # A hard link to a symbolic one is that one, at another place.
        {"a/b/s": link("../.."), "h": link("a/b/s", tarfile.LNKTYPE)},
        {"a/b/s": link("../.."), "a/h": link("a/b/s", tarfile.LNKTYPE), "a/h/pwned": b""},
        {"a/b/s": link("../.."), "d": link("a/b"), "h": link("d/s", tarfile.LNKTYPE), "h/pwned": b""},
        {"a/b/c": b"", "d": link("a/b"), "d/s": link("../.."), "e": link("a/b/s/../x")},
    ],
)
def test_rejects_members_and_links_that_lead_outside(tmp_path: Path, members: Members) -> None:
    assert wrong(tmp_path, artifact({**MODEL, **members})).endswith(
        " in it leads outside: its members and links must stay within"
    )


def test_rejects_a_hard_link_to_what_is_not_there_yet(tmp_path: Path) -> None:
    """As tar would, when it comes to it."""
    members: Members = {"same": link("model.joblib", tarfile.LNKTYPE), **MODEL}
    assert wrong(tmp_path, artifact(members)) == (
        "'same' in it is a hard link to 'model.joblib', which must be stored before it"
    )


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_rejects_devices_and_pipes(tmp_path: Path, kind: bytes) -> None:
    assert wrong(tmp_path, artifact({**MODEL, "x": special(kind)})) == (
        "'x' in it is a device or a pipe: must hold files, folders and links only"
    )


def test_every_bit_that_flips_is_read_to_the_end_without_a_traceback(tmp_path: Path) -> None:
    whole = tar(MODEL)
    for position in range(512):
        wrong(tmp_path, packed(whole[:position] + bytes([whole[position] ^ 0x80]) + whole[position + 1 :]))
    for position in range(len(SOUND)):
        wrong(tmp_path, SOUND[:position] + bytes([SOUND[position] ^ 0x55]) + SOUND[position + 1 :])


def test_rejects_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    os.mkfifo(tmp_path / "pipe")
    said = {}
    for name in (".", "missing", "round", "pipe", "a\0b", "x" * 300):
        with pytest.raises(UnreadableError) as raised:
            read_artifact(tmp_path / name)
        said[name[:9]] = str(raised.value)
    assert said == {
        ".": "a folder",
        "missing": "missing",
        "round": "Too many levels of symbolic links",
        "pipe": "not a regular file",
        "a\0b": "not a name that a file can have",
        "x" * 9: "File name too long",
    }
