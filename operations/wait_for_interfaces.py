"""Waits until SageMaker has freed the network interfaces of what it no longer runs.

    python3 wait_for_interfaces.py <region> <subnets> <security groups> yes|no

Subnets and groups are ids with commas between them; `yes` where others use them too. Terraform runs it in a destroy
(constructs/serving/interface_release.py), from a copy beside the stack's JSON: nothing of this project may be imported
here.
"""

import sys
import time
from typing import Any

# "A few minutes", says AWS, with no number: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
WAIT_SECONDS, POLL_SECONDS = 1800, 5
# Others' interfaces may be there for ever, and AWS documents nothing that tells them from those of endpoints.
SHARED_WAIT_SECONDS = 300


def left(ec2: Any, subnets: str, groups: str, seconds: float) -> list[str]:  # noqa: ANN401 - boto3's client
    """The interfaces that are still there once the time is over; none as soon as none is."""
    filters = [
        {"Name": "subnet-id", "Values": subnets.split(",")},
        {"Name": "group-id", "Values": groups.split(",")},
    ]
    give_up = time.monotonic() + seconds
    said = False
    while True:
        pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
        found = [item["NetworkInterfaceId"] for page in pages for item in page["NetworkInterfaces"]]
        if not found or time.monotonic() > give_up:
            return found
        if not said:
            print(f"waiting until SageMaker has freed {len(found)} network interfaces", flush=True)
            said = True
        time.sleep(POLL_SECONDS)


def main() -> None:
    region, subnets, groups, shared = sys.argv[1:]
    seconds = SHARED_WAIT_SECONDS if shared == "yes" else WAIT_SECONDS
    try:
        import boto3  # noqa: PLC0415 - the message is for who has no boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.exit("python3 finds no boto3, with which network interfaces are waited for: activate .venv")
    try:
        found = left(boto3.client("ec2", region_name=region), subnets, groups, seconds)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"network interfaces cannot be waited for: {error}")
    if found and shared == "yes":
        print(f"{', '.join(found)} in {groups}: still there after {seconds // 60} minutes, others' perhaps: going on")
    elif found:
        sys.exit(
            f"{', '.join(found)} in {groups}: still there after {seconds // 60} minutes, so that role, subnets and "
            "security groups stay: end what uses them, a training job perhaps, and destroy again"
        )


if __name__ == "__main__":
    main()
