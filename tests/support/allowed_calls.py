"""What IAM must allow for the calls of a notebook, and whether the policy of its role does."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.iam_actions import actions_of
from tests.support.kernel import Call
from tests.support.policies import Policy, Request, decisions

Asked = Mapping[str, Any]


def _object(asked: Asked, _: str) -> str:
    return f"arn:aws:s3:::{asked['Bucket']}/{asked['Key']}"


def _bucket(asked: Asked, _: str) -> str:
    return f"arn:aws:s3:::{asked['Bucket']}"


def _job(asked: Asked, place: str) -> str:
    return f"arn:aws:sagemaker:{place}:training-job/{asked['TrainingJobName']}"


def _endpoint(asked: Asked, place: str) -> str:
    return f"arn:aws:sagemaker:{place}:endpoint/{asked['EndpointName']}"


def _log(asked: Asked, place: str) -> str:
    """Of the group, whose ARN ends so in permissions, or of the stream."""
    stream = f"log-stream:{asked['logStreamName']}" if "logStreamName" in asked else "*"
    return f"arn:aws:logs:{place}:log-group:{asked['logGroupName']}:{stream}"


# A call that is not here is one whose permissions nobody has looked up:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
RESOURCES: dict[str, Callable[[Asked, str], str]] = {
    "logs.DescribeLogStreams": _log,
    "logs.GetLogEvents": _log,
    "s3.GetObject": _object,
    "s3.HeadObject": _object,
    "s3.ListObjectsV2": _bucket,
    "s3.PutObject": _object,
    "sagemaker-runtime.InvokeEndpoint": _endpoint,
    "sagemaker.CreateTrainingJob": _job,
    "sagemaker.DescribeTrainingJob": _job,
}
# In a bucket that is encrypted with a key: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
KEY_USES = {"s3.GetObject": "kms:Decrypt", "s3.HeadObject": "kms:Decrypt", "s3.PutObject": "kms:GenerateDataKey"}


def _needed(call: Call, place: str, key_arn: str) -> Iterable[tuple[str, str, dict[str, str]]]:
    """Action, resource and condition keys; of a job, those of its role and of its volume's key too.

    https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    """
    operation = f"{call.service}.{call.operation}"
    for action in actions_of(operation):
        yield action, RESOURCES[operation](call.asked, place), {}
    if operation in KEY_USES:
        yield KEY_USES[operation], key_arn, {}
    if operation == "sagemaker.CreateTrainingJob":
        yield "iam:PassRole", call.asked["RoleArn"], {"iam:PassedToService": "sagemaker.amazonaws.com"}
        if "VolumeKmsKeyId" in call.asked["ResourceConfig"]:
            for_aws = {"kms:GrantIsForAWSResource": "true"}
            yield "kms:CreateGrant", call.asked["ResourceConfig"]["VolumeKmsKeyId"], for_aws


def not_allowed(
    calls: Iterable[Call], *, place: str, role_arn: str, policy: Policy, key_arn: str, key_policy: Policy
) -> list[str]:
    """A line for each permission that the role does not have; `place` is region and account, as an ARN has them."""
    needed = {json.dumps(item): item for call in calls for item in _needed(call, place, key_arn)}
    requests = [
        Request(
            action=action,
            resource=resource,
            principal=role_arn,
            policy=policy,
            resource_policy=key_policy if action.startswith("kms:") else None,
            context=context,
        )
        for action, resource, context in needed.values()
    ]
    return [
        f"{request.action} {request.resource}: {decided}"
        for request, decided in zip(requests, decisions(requests), strict=True)
        if decided != "Allowed"
    ]
