"""Gap: of a bucket that is another account's moto lets read everything or, as the local AWS is set up, nothing.

Here its policy is asked: an account reads an object where a statement lets that account's root have s3:GetObject of it.
What is not there is denied too, as S3 does to who may not list the bucket. A statement with a condition lets nobody in.
Of a copy, the account that its source is expected to belong to is looked at.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

ACTION = "s3:GetObject"


def fill() -> None:
    read, copy = S3Backend.get_object, S3Response.copy_object

    def read_as_the_policy_says(
        backend: S3Backend,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        part_number: str | None = None,
        return_delete_marker: bool = False,
    ) -> FakeKey | None:
        place = s3_backends.bucket_accounts.get(bucket_name)
        if place is None or place[1] == backend.account_id:
            return read(backend, bucket_name, key_name, version_id, part_number, return_delete_marker)
        partition, account_id = place
        owner = s3_backends[account_id][partition]
        bucket = owner.get_bucket(bucket_name)
        found = read(owner, bucket_name, key_name, version_id, part_number)
        if found is None or not _lets_read(bucket, key_name, backend.account_id):
            raise S3AccessDeniedError
        return found

    def copy_from_whom_is_expected(response: S3Response) -> Any:  # noqa: ANN401 - one of moto's answers
        expected = response.headers.get("x-amz-source-expected-bucket-owner")
        source = unquote(response.headers["x-amz-copy-source"]).lstrip("/").partition("/")[0]
        _, owner = s3_backends.bucket_accounts.get(source, (None, expected))
        if expected not in (None, owner):
            raise S3AccessDeniedError
        return copy(response)

    S3Backend.get_object = read_as_the_policy_says
    S3Response.copy_object = copy_from_whom_is_expected


def _lets_read(bucket: FakeBucket, key: str, account_id: str) -> bool:
    arn, root = f"{bucket.arn}/{key}", f"arn:{bucket.partition}:iam::{account_id}:root"
    return any(
        statement["Effect"] == "Allow"
        and "Condition" not in statement
        and ACTION in _several(statement["Action"])
        and {root, account_id} & {*_principals(statement)}
        and any(fnmatchcase(arn, pattern) for pattern in _several(statement["Resource"]))
        for statement in (json.loads(bucket.policy)["Statement"] if bucket.policy else ())
    )


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement["Principal"]
    if isinstance(principal, dict):
        yield from _several(principal.get("AWS", []))


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
