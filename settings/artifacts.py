"""A model's artifact: the gzip-compressed tar archive that SageMaker unpacks into /opt/ml/model."""

import gzip
import hashlib
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from settings.files import opened

CHUNK_BYTES = 1024 * 1024
# Links that lead to links: as many as Linux follows. https://man7.org/linux/man-pages/man7/path_resolution.7.html
LINKS_MAX_COUNT = 40
# The last is tarfile's of numbers in headers that are none.
NOT_AN_ARCHIVE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError)


class _Hashed:
    """A file of which everything that is read goes into `digest` too: large artifacts are read once, and not kept."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk


def read_artifact(path: Path) -> tuple[str, str | None]:
    """Its SHA-256, and what keeps SageMaker from unpacking it safely. Raises UnreadableError.

    https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    """
    with opened(path) as file:
        hashed = _Hashed(file)
        try:
            with gzip.GzipFile(fileobj=hashed, mode="rb") as unpacked:  # type: ignore[call-overload]
                with tarfile.open(fileobj=unpacked, mode="r|", bufsize=CHUNK_BYTES) as archive:
                    wrong = next(_unsafe(archive), None)
                while unpacked.read(CHUNK_BYTES):  # to the end, where gzip's checksum is
                    pass
        except NOT_AN_ARCHIVE as error:
            wrong = f"{error}: must be a tar archive, compressed by gzip, and whole"
        while hashed.read(CHUNK_BYTES):
            pass
        return hashed.digest.hexdigest(), wrong


def _unsafe(archive: tarfile.TarFile) -> Iterator[str]:
    """Members that would be unpacked outside, by their own path or through links, wherever in the archive those are."""
    paths: list[tuple[str, str]] = []
    links: dict[str, str] = {}
    for member in archive:
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            yield f"{member.name!r} in it is a device or a pipe: must hold files, folders and links only"
        paths.append((member.name, member.name))
        if member.issym():
            links["/".join(_parts(member.name))] = member.linkname
            paths.append((member.name, posixpath.join(posixpath.dirname(member.name), member.linkname)))
        elif member.islnk():
            paths.append((member.name, member.linkname))
    if not paths:
        yield "nothing in it: must hold the model's files"
    for name, path in paths:
        if _leads_outside(path, links):
            yield f"{name!r} in it leads outside: its members and links must stay within"


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _leads_outside(path: str, links: dict[str, str]) -> bool:
    """As a file system follows the path from the root of the archive; what goes round in circles leads nowhere."""
    if path.startswith("/"):
        return True
    here: list[str] = []
    left, followed = _parts(path), 0
    while left:
        part = left.pop(0)
        if part != "..":
            here.append(part)
        elif here:
            here.pop()
        else:
            return True
        target = links.get("/".join(here))
        if target is not None and left:
            followed += 1
            if target.startswith("/") or followed > LINKS_MAX_COUNT:
                return True
            here.pop()
            left = [*_parts(target), *left]
    return False
