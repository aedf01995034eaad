"""Archives of a model, sound ones and others."""

import gzip
import io
import tarfile
from collections.abc import Mapping

Members = Mapping[str, bytes | tarfile.TarInfo]


def tar(members: Members) -> bytes:
    """Of files by their content, and of what else a header can say."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            if isinstance(content, bytes):
                header = tarfile.TarInfo(name)
                header.size = len(content)
                archive.addfile(header, io.BytesIO(content))
            else:
                content.name = name
                archive.addfile(content)
    return packed.getvalue()


def artifact(members: Members) -> bytes:
    return gzip.compress(tar(members), mtime=0)


def link(target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    header = tarfile.TarInfo()
    header.type, header.linkname = kind, target
    return header


def special(kind: bytes) -> tarfile.TarInfo:
    header = tarfile.TarInfo()
    header.type = kind
    return header
