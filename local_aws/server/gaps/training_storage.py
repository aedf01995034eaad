"""What a training job reads from the local S3, and writes to it."""

from collections.abc import Mapping
from pathlib import Path

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, s3_backends


class MissingDataError(Exception):
    """The address that leads to nothing."""


def objects(account_id: str, uri: str) -> Mapping[str, FakeKey]:
    """All whose keys begin with the key of the address, by it; nothing where there is no such bucket."""
    bucket, prefix = split(uri)
    backend = s3_backends[account_id]["aws"]
    try:
        found, _, _, _ = backend.list_objects(backend.get_bucket(bucket), prefix, None, None, None)
    except S3ClientError:
        return {}
    return {key.name: key for key in found}


def split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def download(account_id: str, uri: str, folder: Path) -> None:
    """What lies below the prefix, by what its keys have beyond it; one object by its name.

    Raises MissingDataError where there is nothing, OSError where a folder cannot hold it.
    """
    found = objects(account_id, uri)
    if not found:
        raise MissingDataError(uri)
    _, prefix = split(uri)
    for name, key in found.items():
        relative = name[len(prefix) :].lstrip("/") or name.rpartition("/")[2]
        if not relative or relative.endswith("/"):  # what a console makes for a folder
            continue
        path = folder / relative
        if ".." in path.relative_to(folder).parts:
            raise OSError(f"the key {name!r} leads outside of its folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.value)


def read(account_id: str, uri: str) -> bytes:
    """Raises MissingDataError."""
    bucket, key = split(uri)
    try:
        found = s3_backends[account_id]["aws"].get_object(bucket, key)
    except S3ClientError:
        found = None
    if found is None:
        raise MissingDataError(uri)
    value: bytes = found.value
    return value


def upload(account_id: str, uri: str, content: bytes, key_id: str | None) -> None:
    """Encrypted with the key, or as the bucket says. Raises S3ClientError."""
    bucket, key = split(uri)
    encryption = "aws:kms" if key_id else None
    s3_backends[account_id]["aws"].put_object(bucket, key, content, encryption=encryption, kms_key_id=key_id or None)
