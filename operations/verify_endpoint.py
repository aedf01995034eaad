"""Asks SageMaker whether an endpoint serves the configuration that Terraform gave it.

    python3 verify_endpoint.py <endpoint> <endpoint configuration> <region>

Terraform runs it after an update (constructs/serving/rollback_guard.py), from a copy beside the stack's JSON: nothing
of this project may be imported here. `make verify` calls it too.
"""

import sys
import time
from typing import Any

# While an update runs, or is rolled back: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
# Updates end after an hour at the latest: EXECUTION_TIMEOUT_MAX_SECONDS in settings/limits.py.
WAIT_SECONDS, POLL_SECONDS = 3600, 15


def what_is_wrong(sagemaker: Any, endpoint_name: str, configuration_name: str) -> str | None:  # noqa: ANN401 - boto3's client
    """What is wrong, why, and what to do; None where the endpoint serves the configuration. Waits while it changes."""
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
        status, live = endpoint["EndpointStatus"], endpoint.get("EndpointConfigName")
        if status not in CHANGING or time.monotonic() > give_up:
            break
        time.sleep(POLL_SECONDS)
    if status == "InService" and live == configuration_name:
        return None
    reason = endpoint.get("FailureReason", "SageMaker gives no reason")
    if status == "InService":
        return (
            f"endpoint {endpoint_name}: the update was rolled back: it serves {live}, not {configuration_name}.\n"
            f"  Why: {reason}\n"
            f"  {live} and its models are kept. The endpoint's log group and alarms tell more. Name another model in "
            "releases.json, or the one that served before, and deploy again."
        )
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    what_to_do = {
        "Failed": "SageMaker can only delete it: "
        f"aws sagemaker delete-endpoint --endpoint-name {endpoint_name}, then deploy again.",
        "UpdateRollbackFailed": "Neither the update nor its rollback went through: it serves, from instances of both "
        "configurations. Nothing is deleted. Mend the cause that SageMaker gives, and deploy again; where SageMaker "
        "refuses that, delete the endpoint, which ends its service, and deploy.",
    }.get(status, "Deploy again once it is InService.")
    return (
        f"endpoint {endpoint_name}: {status}, with {live}; must be InService with {configuration_name}.\n"
        f"  Why: {reason}\n"
        f"  {what_to_do}"
    )


def main() -> None:
    endpoint_name, configuration_name, region = sys.argv[1:]
    try:
        import boto3  # noqa: PLC0415 - the message is for who has no boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.exit(
            "python3 finds no boto3, with which the endpoint's update is verified: activate .venv, or set "
            "rollback_guard=False in the environment's settings"
        )
    try:
        found = what_is_wrong(boto3.client("sagemaker", region_name=region), endpoint_name, configuration_name)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"endpoint {endpoint_name} cannot be verified: {error}")
    if found is not None:
        sys.exit(found)
    print(f"endpoint {endpoint_name} serves {configuration_name}")


if __name__ == "__main__":
    main()
