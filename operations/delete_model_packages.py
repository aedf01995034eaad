"""Deletes every version of a model package group: SageMaker deletes no group that has any.

    python3 delete_model_packages.py <group> <region>

Terraform runs it in a destroy (constructs/training/model_package_group.py), from a copy beside the stack's JSON:
nothing of this project may be imported here. The models that serve are not touched, and neither are the artifacts.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-delete-model-group.html
"""

import sys
import time
from typing import Any

# SageMaker lists what it has deleted for a little while, and AWS gives no number: then its refusal is told.
SETTLING_SECONDS, PAUSE_SECONDS = 60, 2


def delete_versions(sagemaker: Any, group: str) -> list[str]:  # noqa: ANN401 - boto3's client
    """The ARNs of what was there, when it is there no more. A group that is not there has none."""
    found = versions(sagemaker, group)
    for version in found:
        sagemaker.delete_model_package(ModelPackageName=version)
    give_up = time.monotonic() + SETTLING_SECONDS
    while versions(sagemaker, group) and time.monotonic() < give_up:
        time.sleep(PAUSE_SECONDS)
    return found


def versions(sagemaker: Any, group: str) -> list[str]:  # noqa: ANN401
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]


def main() -> None:
    group, region = sys.argv[1:]
    try:
        import boto3  # noqa: PLC0415 - the message is for who has no boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError:
        sys.exit("python3 finds no boto3, with which registered models are deleted: activate .venv")
    try:
        deleted = delete_versions(boto3.client("sagemaker", region_name=region), group)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"the models that are registered in {group} cannot be deleted: {error}")
    if deleted:
        print(f"{group}: {len(deleted)} registered models deleted; their artifacts are where they were")


if __name__ == "__main__":
    main()
