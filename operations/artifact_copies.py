"""Copies of trained models' artifacts: whether their sources can be read, and what a deploy that failed has left.

constructs/storage/copied_object.py says what a copy is.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from operations.state_place import MISSING
from operations.terraform_state import TerraformState
from settings.trained_artifact import TrainedArtifact
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError, SynthesizedStack

COPY = "aws_s3_object_copy"


def trained_artifacts(environment: Environment) -> Mapping[str, TrainedArtifact]:
    """Of the environment's releases, by their keys."""
    kept = [model.artifact for release in environment.releases.values() for model in release.kept]
    return {item.key: item for item in kept if isinstance(item, TrainedArtifact)}


def unreadable(s3: Any, values: Mapping[str, Any], artifact: TrainedArtifact) -> str | None:  # noqa: ANN401 - boto3
    """Why the artifact could not be copied as planned, and the way back where the copy of an earlier deploy, which
    Terraform cannot import, is there still; None where it can be. `values` are those of the copy.

    Raises ClientError where AWS says something else.
    """
    why = _why_not(s3, values, artifact)
    own, found = f"s3://{values['bucket']}/{values['key']}", None if why is None else _sha256(s3, values)
    if found is None:
        return why
    if found != _released_sha256(values):
        return f"{why}. {own} is there, but S3 does not know it to be what was released; if {_earlier(values)}"
    return f"{why}. {own} is an earlier copy, which Terraform cannot take over: aws s3 cp it back to where it came from"


def _earlier(values: Mapping[str, Any]) -> str:
    found = f"aws s3api list-object-versions --bucket {values['bucket']} --prefix {values['key']}"
    return f"an earlier version of it is, copy that back to where it came from: {found}"


def _why_not(s3: Any, values: Mapping[str, Any], artifact: TrainedArtifact) -> str | None:  # noqa: ANN401
    """Its first byte is read: that needs what a copy needs of the source, its key for encryption included, and tells
    the size. Who may not list the bucket is not told what is not there, as AWS's page says.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
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
        elif code in MISSING:
            return f"{url} is gone"
        elif code in ("AccessDenied", "403"):
            return (
                f"{url} cannot be read: make deploy ENV={trained} first, which lets this account read it. If that is "
                f"done, it is gone, the bucket is not of account {owner}, or the caller may not: make deployer-policy"
            )
        else:
            raise
    if size != artifact.size:
        return f"{url} has {size} bytes, and what was released {artifact.size}: it was changed; release another version"
    return None


def forget_wrong_copies(
    stack: SynthesizedStack,
    state: TerraformState,
    environment: Environment,
    s3: Any,  # noqa: ANN401
    *options: str,
) -> Iterator[str]:
    """Takes out of the state what was copied and is not what was released; a line for each.

    Terraform would plan nothing any more while it is there: its postcondition fails. The next deploy copies again, over
    the same key. The `options` are those of `terraform state rm`. A replacement would not do: what hangs on the copy is
    made before the old one goes, and so is the copy, and the old one would take with it all that has its key.

    Asked is S3, as Terraform asks it: a copy that was fine may have been overwritten, by the released bytes even, of
    which S3 computes no SHA-256 where nobody wants one. What is gone, Terraform copies again by itself.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    Raises OperationError, and forgets nothing, where one cannot be copied again: a model in service may need its key.
    """
    artifacts, released = trained_artifacts(environment), stack.resources.get(COPY, {})
    there = [item for item in state.of_type(COPY) if item.name in released and not item.tainted and not item.deposed]
    wrong = [item for item in there if _sha256(s3, item.values) not in (None, _released_sha256(item.values))]
    lost = []
    for item in wrong:
        why = _why_not(s3, item.values, artifacts[item.values["source"].partition("/")[2]])
        if why is not None:
            lost.append(_lost(item.values, why))
    if lost:
        raise OperationError("\n".join(lost))
    if wrong:
        stack.init()
        stack.run("state", "rm", *options, *(item.address for item in wrong))
    for item in wrong:
        yield f"{item.address} is not what was released: forgotten, so that it is copied again"


def _lost(values: Mapping[str, Any], why: str) -> str:
    """With the version that the last deploy made: what was overwritten is a version of the bucket's still.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html
    """
    bucket, key = values["bucket"], values["key"]
    said = f"s3://{bucket}/{key} is not what was released, and cannot be copied again: {why}"
    if values["checksum_sha256"] != _released_sha256(values):
        return f"{said}. If {_earlier(values)}"
    return (
        f"{said}. An instance that starts now loads what is there. The version that was copied is in the bucket for "
        "noncurrent_version_days of the settings; put it back, then make deploy:\n"
        f"  aws s3api copy-object --bucket {bucket} --key {key} --checksum-algorithm SHA256 "
        f"--copy-source '{bucket}/{key}?versionId={values['version_id']}'"
    )


def _sha256(s3: Any, values: Mapping[str, Any]) -> str | None:  # noqa: ANN401
    """Of the copy, as S3 keeps it in base64: empty where it keeps none, None where the copy is gone or not to be seen.

    Where it is encrypted with a KMS key, asking for it needs kms:Decrypt.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    try:
        head = s3.head_object(Bucket=values["bucket"], Key=values["key"], ChecksumMode="ENABLED")
    except ClientError:
        return None
    return str(head.get("ChecksumSHA256", ""))


def _released_sha256(values: Mapping[str, Any]) -> str:
    """Its key ends with the digest that it must have: constructs/serving/released_models.py."""
    digest = PurePosixPath(values["key"]).name.partition(".")[0]
    return base64.b64encode(bytes.fromhex(digest)).decode()
