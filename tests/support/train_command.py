"""`make train` on an AWS of its own: `python -m tests.support.train_command SCENE dev ...`.

As a module by itself, since a child that imports cdktf for a test takes a while.
"""

import itertools
import signal
import sys
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from operations import train
from operations.caller import Caller
from operations.pipeline_definition import Definition
from operations.train import Pipeline
from operations.training_run import Run, step_of
from tests.support.played import ACCOUNT, Played
from tests.support.training import (
    BEGAN,
    EXECUTION,
    JOB,
    NAME,
    PIPELINE,
    REGISTERED,
    TRAINING_JOB,
    definition,
    events,
    execution,
    job,
    step,
)

DEFINITION = Definition(text=definition())
DEPLOYED = Pipeline(training="breast-cancer", name=NAME, arn=PIPELINE, definition=DEFINITION)
STREAM = f"{JOB}/algo-1-1764237600"
TRAINING = step("Train", "Executing", Metadata=TRAINING_JOB)
FAILED = step("Train", "Failed", seconds=65, Metadata=TRAINING_JOB, FailureReason="ClientError: the job failed")


def run(
    status: str, steps: Sequence[dict[str, Any]] = (), of_job: dict[str, Any] | None = None, reason: str = ""
) -> Run:
    return Run(
        arn=EXECUTION,
        status=status,
        reason=reason,
        definition=DEFINITION,
        begun=[step_of(item) for item in steps],
        job=of_job or {},
    )


GOOD = run("Succeeded", REGISTERED, job("Completed", "Completed", 0.9860140085220337))


def bucket(*keys: str) -> Played:
    def listed(*, Prefix: str, **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}

    return Played(s3={"ListObjectsV2": listed})


DATA = [f"training-data/breast-cancer/da7a/{channel}/rows.csv" for channel in ("train", "validation")]
CODE = "training-code/breast-cancer/c0de/train.py"


def summaries(*statuses: str) -> dict[str, Any]:
    found = [
        {
            "PipelineExecutionArn": f"{PIPELINE}/execution/{letter * 12}",
            "PipelineExecutionStatus": status,
            "StartTime": BEGAN,
        }
        for letter, status in zip("abcdef", statuses, strict=False)
    ]
    return {"PipelineExecutionSummaries": found}


def logs(*pages: Sequence[str], streams: Sequence[str] = (STREAM,)) -> Played:
    """Of each stream a page for each call, and none from then on."""
    tokens = itertools.count(1)
    left_of = {stream: [*pages] for stream in streams}

    def answered(*, logStreamName: str, nextToken: str = "", **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's
        left = left_of[logStreamName]
        return events(left.pop(0), f"f/{next(tokens)}") if left else events([], nextToken or "f/0")

    found = {"logStreams": [{"logStreamName": stream} for stream in streams]}
    return Played(logs={"DescribeLogStreams": lambda **_: found, "GetLogEvents": answered})


def playing(looks: Iterable[Run], *pages: Sequence[str]) -> Played:
    """dev, deployed, whose executions are looked at in this order, and the last of them from then on."""
    left = [*looks]
    now: list[Run] = []
    raw = {(item["StepName"], item["StepStatus"]): item for item in [TRAINING, FAILED, *REGISTERED]}

    def described(**_: object) -> dict[str, Any]:
        now[:] = [left.pop(0) if len(left) > 1 else left[0]]
        return execution(now[0].status, FailureReason=now[0].reason)

    sagemaker = {
        "DescribePipeline": lambda **_: {"PipelineArn": PIPELINE, "PipelineDefinition": DEFINITION.text},
        "ListPipelineExecutions": lambda **_: summaries("Executing"),
        "StartPipelineExecution": lambda **_: {"PipelineExecutionArn": EXECUTION},
        "DescribePipelineDefinitionForExecution": lambda **_: {"PipelineDefinition": DEFINITION.text},
        "DescribePipelineExecution": described,
        "ListPipelineExecutionSteps": lambda **_: {
            "PipelineExecutionSteps": [raw[item.name, item.status] for item in now[0].begun]
        },
        "DescribeTrainingJob": lambda **_: {**now[0].job},
    }
    return Played(sagemaker=sagemaker, s3=bucket(*DATA, CODE).answers["s3"], logs=logs(*pages).answers["logs"])


def interrupted(**_: object) -> dict[str, Any]:
    signal.raise_signal(signal.SIGINT)
    return {}


IN_TRAINING = run("Executing", [TRAINING], job("InProgress", "Training"))
NO_COLUMN = "AlgorithmError: no column"
SCENES = {
    "running": [IN_TRAINING],
    "good": [IN_TRAINING, GOOD],
    "interrupted": [IN_TRAINING, GOOD],  # while it is asked whether there is data
    "failing": [run("Failed", [FAILED], job("Failed", "Failed", FailureReason=NO_COLUMN))],
}

if __name__ == "__main__":
    # What a shell has ignored, in the background or by nohup.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    scene = sys.argv.pop(1)
    played = playing(SCENES[scene], ["reading [bold]rows", "\x1b[2Jepoch 1"])
    if scene == "interrupted":
        played.answers["s3"] = {"ListObjectsV2": interrupted}
    caller = Caller(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/jane")
    stack = SimpleNamespace(region="us-east-1")
    with (
        patch("operations.train.opened", lambda *_: (stack, caller)),
        patch("operations.train.boto3.Session", lambda **_: played),
        patch("operations.train.PAUSE_SECONDS", 0.1),
    ):
        train.main()
