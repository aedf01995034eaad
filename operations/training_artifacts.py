"""Models' artifacts in S3: whether they are there, how large they are, and whether two of them are the same bytes."""

import hashlib
from typing import Any

from botocore.exceptions import ClientError

from operations.answers import NOT_FOUND
from operations.trainings import POLICY_PAGE
from stacks.synthesized_stack import OperationError

CHUNK_BYTES = 1024**2
# Of all that is read to compare: what is larger is downloaded by who wants to know.
READ_MAX_BYTES = 1024**3


class GoneError(OperationError):
    """The artifact is not in its bucket."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is gone")
        self.url = url


class TrainingArtifacts:
    """By their URLs, s3://bucket/key. Each is asked for once, and read once."""

    def __init__(self, s3: Any) -> None:  # noqa: ANN401 - boto3 has no types
        self._s3 = s3
        self._sizes: dict[str, int] = {}
        self._digests: dict[str, str] = {}

    def size(self, url: str) -> int:
        """In bytes. Raises GoneError, and OperationError where the caller may not see whether it is there.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        if url not in self._sizes:
            try:
                self._sizes[url] = self._s3.head_object(**_place(url))["ContentLength"]
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in NOT_FOUND:
                    raise GoneError(url) from error
                # Without s3:ListBucket, S3 says so of what is gone too: HeadObject has no words.
                if code == "403":
                    raise OperationError(
                        f"not allowed: s3:GetObject and s3:ListBucket are needed to see whether {url} is there: "
                        f"{POLICY_PAGE}, has the policy"
                    ) from error
                raise
        return self._sizes[url]

    def sha256(self, url: str) -> str:
        """Of its bytes, as they arrive: it is never whole in memory. Raises ClientError."""
        if url not in self._digests:
            digest = hashlib.sha256()
            for chunk in self._s3.get_object(**_place(url))["Body"].iter_chunks(CHUNK_BYTES):
                digest.update(chunk)
            self._digests[url] = digest.hexdigest()
        return self._digests[url]

    def are_the_same(self, one: str, other: str) -> bool:
        """By their sizes, and by their bytes where these are equal.

        Raises what `size` and `sha256` raise, and OperationError where more would have to be read than READ_MAX_BYTES.
        """
        if one == other:
            return True
        if self.size(one) != self.size(other):
            return False
        read = {*self._digests, one, other}
        if sum(self.size(url) for url in read) > READ_MAX_BYTES:
            raise OperationError(
                f"{one} and {other} have {self.size(one)} bytes each, and were not compared: no more than "
                f"{READ_MAX_BYTES // 1024**2} MB are read for that"
            )
        return self.sha256(one) == self.sha256(other)


def _place(url: str) -> dict[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
