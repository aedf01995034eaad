"""The log groups that a destroy leaves in AWS: those of names that the settings of a protected environment had once."""

from collections.abc import Iterator
from typing import Any

from operations.terraform_state import TerraformState
from operations.uses import KEY


def unreadable_after_destroy(state: TerraformState, logs: Any) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    """A line for each that the state does not know and its key encrypts, as the destroy has that key deleted."""
    keys = {item.values.get("arn") for item in state.of_type(KEY)}
    known = {item.values.get("name") for item in state.of_type("aws_cloudwatch_log_group")}
    for page in logs.get_paginator("describe_log_groups").paginate() if keys else ():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            if group.get("kmsKeyId") in keys and name not in known:
                yield (
                    f"log group {name} stays, and nobody can read it once AWS has deleted the key of this environment: "
                    f"read before what is needed, or delete it: aws logs delete-log-group --log-group-name {name}"
                )
