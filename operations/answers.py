"""What AWS answers to a question about one thing, which may not be there."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

NOT_FOUND = {
    "404",
    "InvalidSubnetID.NotFound",
    "NoSuchBucket",
    "NoSuchEntity",
    "NotFoundException",
    "RecordNotFound",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
    "ValidationException",  # SageMaker: "Could not find ..."
}


def answer(operation: Callable[..., dict[str, Any]], **arguments: object) -> dict[str, Any]:
    """Empty where the thing is not there. Raises ClientError where it cannot be told."""
    try:
        return operation(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND:
            return {}
        raise


def log_group(logs: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - boto3 has no types
    """Empty where there is none of that very name."""
    found: list[dict[str, Any]] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in found if group["logGroupName"] == name), {})


def answer_if_allowed(operation: Callable[..., dict[str, Any]], **arguments: object) -> dict[str, Any]:
    """Empty too where the caller may not look at the thing: it is another platform's, in a shared account."""
    try:
        return answer(operation, **arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            return {}
        raise
