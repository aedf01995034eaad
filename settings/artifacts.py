"""A model's artifact: the gzip-compressed tar archive that SageMaker unpacks into /opt/ml/model."""

import gzip
import hashlib
import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from settings.files import UnreadableError, name_problem, opened
from settings.problems import Problem

CHUNK_BYTES = 1024 * 1024
# Links that lead to links: as many as Linux follows. https://man7.org/linux/man-pages/man7/path_resolution.7.html
LINKS_MAX_COUNT = 40
SHOWN_COUNT = 5
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


def read_artifact(path: Path, script: str | None = None) -> tuple[str, str | None]:
    """Its SHA-256, and what keeps SageMaker from unpacking it safely, or from finding the script that the image runs.

    Raises UnreadableError.

    https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    """
    with opened(path) as file:
        hashed = _Hashed(file)
        try:
            with gzip.GzipFile(fileobj=hashed, mode="rb") as unpacked:  # type: ignore[call-overload]
                with tarfile.open(fileobj=unpacked, mode="r|", bufsize=CHUNK_BYTES) as archive:
                    wrong = next(_problems(archive, script), None)
                while unpacked.read(CHUNK_BYTES):  # to the end, where gzip's checksum is
                    pass
        except NOT_AN_ARCHIVE as error:
            wrong = f"{error}: must be a tar archive, compressed by gzip, and whole"
        while hashed.read(CHUNK_BYTES):
            pass
        return hashed.digest.hexdigest(), wrong


def artifact_problems(root: Path, artifact: str, sha256: str, script: str | None) -> Iterator[Problem]:
    """What is wrong with a model's file below the root; the paths begin at the model."""

    def problem(allowed: str) -> Problem:
        return Problem(path="artifact", value=artifact, allowed=allowed)

    try:
        path = Path(os.path.realpath(root / artifact))
        if not path.is_relative_to(root.resolve()):
            yield problem("must be a file of this project")
            return
        digest, wrong = read_artifact(path, script)
    except (UnreadableError, ValueError) as error:  # of a name that no file can have
        yield problem(f"{error}: must be a path from the project's root to a file that can be read")
        return
    for allowed in (wrong, name_problem(Path(artifact).name)):
        if allowed is not None:
            yield problem(allowed)
    if digest != sha256:
        allowed = (
            f"must be the digest of {artifact}, now {digest}; "
            "changed bytes are a new model: give them a name of their own"
        )
        yield Problem(path="sha256", value=sha256, allowed=allowed)


def _problems(archive: tarfile.TarFile, script: str | None) -> Iterator[str]:
    """Members that would be unpacked outside, by their own path or through links, wherever in the archive those are;
    and a script that is not there.
    """
    paths: list[tuple[str, str]] = []
    files: set[str | None] = set()
    links: dict[str, str] = {}
    unpacked: set[str | None] = set()
    for member in archive:
        name = member.name
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            yield f"{name!r} in it is a device or a pipe: must hold files, folders and links only"
        paths.append((name, name))
        place, target = _followed(name, links), member.linkname if member.issym() else None
        if member.islnk():
            linked = _followed(member.linkname, links)
            if linked is None:
                paths.append((name, member.linkname))
            elif linked not in unpacked:
                yield f"{name!r} in it is a hard link to {member.linkname!r}, which must be stored before it"
            target = links.get(linked or "")  # a hard link to a symbolic one is that link, at another place
        unpacked.add(place)
        if member.isreg() or (member.islnk() and linked in files):
            files.add(place)
        if target is not None and place is not None:
            links[place] = target
            paths.append((name, posixpath.join(posixpath.dirname(place), target, ".")))
    if not paths:
        yield "nothing in it: must hold the model's files"
    for name, path in paths:
        if ".." in name.split("/") or _followed(path, links) is None:
            yield f"{name!r} in it leads outside: its members and links must stay within"
    if script is not None and _followed(f"{script}/.", links) not in files:
        names = sorted(map(str, files))
        shown = [*names[:SHOWN_COUNT], *(["..."] if len(names) > SHOWN_COUNT else [])]
        yield f"must hold {script}, with a function model_fn, beside the model's files: it holds {', '.join(shown)}"


def _followed(path: str, links: dict[str, str]) -> str | None:
    """Where a file system finds it from the archive's root; not through a link at its end, unless a `.` comes after.

    None where that is outside; what goes round in circles leads nowhere.
    """
    if path.startswith("/"):
        return None
    here: list[str] = []
    left, followed = path.split("/"), 0
    while left:
        part = left.pop(0)
        if part in ("", "."):
            continue
        if part != "..":
            here.append(part)
        elif here:
            here.pop()
        else:
            return None
        target = links.get("/".join(here))
        if target is not None and left:
            followed += 1
            if target.startswith("/") or followed > LINKS_MAX_COUNT:
                return None
            here.pop()
            left = [*target.split("/"), *left]
    return "/".join(here)
