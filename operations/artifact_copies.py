"""Copies of trained models' artifacts: whether their sources can be read, and what a deploy that failed has left.

constructs/storage/copied_object.py says what a copy is.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from operations.terraform_state import TerraformState
from settings.trained_artifact import TrainedArtifact
from stacks.environments import Environment
from stacks.synthesized_stack import SynthesizedStack

COPY = "aws_s3_object_copy"
GONE = ("NoSuchKey", "NoSuchBucket", "404")


def trained_artifacts(environment: Environment) -> Mapping[str, TrainedArtifact]:
    """Of the environment's releases, by their keys."""
    kept = [model.artifact for release in environment.releases.values() for model in release.kept]
    return {item.key: item for item in kept if isinstance(item, TrainedArtifact)}


def unreadable(s3: Any, values: Mapping[str, Any], artifact: TrainedArtifact) -> str | None:  # noqa: ANN401 - boto3
    """Why the artifact could not be copied as planned; None where it can be. `values` are those of the copy.

    Its first byte is read: that needs what a copy needs of the source, its key for encryption included, and tells the
    size. Who may not list the bucket is not told what is not there, as AWS's page says.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    Raises ClientError where AWS says something else.
    """
    trained = artifact.names.environment
    url = f"s3://{values['source']}"
    bucket, _, key = str(values["source"]).partition("/")
    owner = values["expected_source_bucket_owner"]
    try:
        read = s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0", ExpectedBucketOwner=owner)
        size = int(read["ContentRange"].rpartition("/")[2])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "InvalidRange":
            size = 0
        elif code in GONE:
            return _gone(s3, values, f"{url} is gone")
        elif code in ("AccessDenied", "403"):
            why = (
                f"{url} cannot be read: make deploy ENV={trained} first, which lets this account read it. If that is "
                f"done, it is gone, the bucket is not of account {owner}, or the caller may not: make deployer-policy"
            )
            return _gone(s3, values, why)
        else:
            raise
    if size != artifact.size:
        return f"{url} has {size} bytes, and what was released {artifact.size}: it was changed; release another version"
    return None


def _gone(s3: Any, values: Mapping[str, Any], why: str) -> str:  # noqa: ANN401
    """With the way back where an earlier deploy's copy is there still, which Terraform cannot import."""
    own = f"s3://{values['bucket']}/{values['key']}"
    try:
        s3.head_object(Bucket=values["bucket"], Key=values["key"])
    except ClientError:
        return why
    return f"{why}. {own} is an earlier copy, which Terraform cannot take over: aws s3 cp it back to where it came from"


def forget_wrong_copies(stack: SynthesizedStack, state: TerraformState, *options: str) -> Iterator[str]:
    """Takes out of the state what was copied and is not what was released; a line for each.

    Terraform would plan nothing any more while it is there: its postcondition fails. The next deploy copies again, over
    the same key. The `options` are those of `terraform state rm`. A replacement would not do: what hangs on the copy is
    made before the old one goes, and so is the copy, and the old one would take with it all that has its key.
    """
    wrong = [item for item in state.of_type(COPY) if not item.tainted and not item.deposed and _is_wrong(item.values)]
    if wrong:
        stack.init()
        stack.run("state", "rm", *options, *(item.address for item in wrong))
    for item in wrong:
        yield f"{item.address} is not what was released: forgotten, so that it is copied again"


def _is_wrong(values: Mapping[str, Any]) -> bool:
    """Its key ends with the digest that it must have: constructs/serving/released_models.py."""
    digest = PurePosixPath(values["key"]).name.partition(".")[0]
    return bool(values["checksum_sha256"] != base64.b64encode(bytes.fromhex(digest)).decode())
