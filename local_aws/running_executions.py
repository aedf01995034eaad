"""Stops the executions of pipelines that still run in an account: SageMaker deletes no pipeline that has any."""

import time
from contextlib import suppress
from typing import Any

import boto3

from local_aws.server.process import LocalAwsError

# A training's script has two minutes to save what it has:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
STOP_TIMEOUT_SECONDS = 150
WAITED_SECONDS = 0.2


def stop_running_executions(session: boto3.Session, endpoint_url: str) -> list[str]:
    """The ARNs of those that ran, once all have ended. Raises LocalAwsError where one does not end."""
    sagemaker: Any = session.client("sagemaker", endpoint_url=endpoint_url)
    found = _running(sagemaker)
    for arn, status in found.items():
        if status == "Executing":
            with suppress(sagemaker.exceptions.ConflictException):  # it has just ended
                sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    give_up = time.monotonic() + STOP_TIMEOUT_SECONDS
    while running := _running(sagemaker):
        if time.monotonic() >= give_up:
            raise LocalAwsError(f"still running {STOP_TIMEOUT_SECONDS} s after they were stopped: {', '.join(running)}")
        time.sleep(WAITED_SECONDS)
    return [*found]


def _running(sagemaker: Any) -> dict[str, str]:  # noqa: ANN401 - boto3 has no types
    """Status by ARN."""
    pipelines = sagemaker.get_paginator("list_pipelines").paginate()
    names = [item["PipelineName"] for page in pipelines for item in page["PipelineSummaries"]]
    executions = sagemaker.get_paginator("list_pipeline_executions")
    pages = [page for name in names for page in executions.paginate(PipelineName=name)]
    return {
        item["PipelineExecutionArn"]: item["PipelineExecutionStatus"]
        for page in pages
        for item in page["PipelineExecutionSummaries"]
        if item["PipelineExecutionStatus"] in ("Executing", "Stopping")
    }
