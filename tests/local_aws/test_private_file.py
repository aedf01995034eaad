"""Files that only their owner may read."""

import os
import stat
from pathlib import Path

import pytest

from local_aws import private_file, sourced
from local_aws.server import process
from local_aws.server.process import LocalAwsError


@pytest.mark.parametrize("umask", [0, 0o022, 0o277, 0o777])
def test_the_mode_is_the_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        private_file.write(tmp_path / "secret", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert (tmp_path / "secret").read_text() == "a"


def test_what_others_could_read_is_replaced_and_not_filled(tmp_path: Path) -> None:
    path, shared = tmp_path / "secret", tmp_path / "shared"
    shared.write_text("shared")
    path.symlink_to(shared)
    private_file.write(path, "a")
    assert (shared.read_text(), path.read_text(), path.is_symlink()) == ("shared", "a", False)
    path.chmod(0o644)
    with path.open() as opened_before:
        private_file.write(path, "b")
        assert opened_before.read() == "a"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(item.name for item in tmp_path.iterdir()) == ["secret", "shared"]


def test_what_cannot_be_written_is_a_line_and_nothing_is_left(tmp_path: Path) -> None:
    for name in ("dev.env", "server.log"):
        (tmp_path / name / "deep").mkdir(parents=True)
    with pytest.raises(LocalAwsError, match=r"^[^\n]*/dev\.env: Is a directory: must be a file that can be written$"):
        sourced.write(tmp_path / "dev.env", {}, path_entry=tmp_path)
    with pytest.raises(LocalAwsError, match=r"^[^\n]*: Is a directory: the local AWS cannot write to [^\n]*$"):
        process.start(tmp_path)
    (tmp_path / "server.log").rename(tmp_path / "no log")
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalAwsError, match="the local AWS cannot write to"):
        process.start(tmp_path / "file")
    assert not list(tmp_path.glob(".*"))
