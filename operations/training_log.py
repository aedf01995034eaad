"""The log of a training job, read as it grows: one stream for each of its instances.

https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from operations.invoke import bounded
from operations.trainings import DENIED
from settings.names import TRAINING_JOBS

# AWS lets an account ask for streams, and for events, 25 times a second, all its readers together.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
PAGES_MAX_COUNT = 10
# Where a run is come back to: what was printed just before.
EARLIER_LINES = 100


class TrainingLog:
    """`whole`: from its first line; else from the last that there are. `say` is told once where it cannot be read.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    """

    def __init__(self, logs: Any, say: Callable[[str], None], *, whole: bool) -> None:  # noqa: ANN401 - boto3 has no types
        self._logs, self._say, self._whole = logs, say, whole
        self._tokens: dict[str, str] = {}
        self._told = False

    def new_lines(self, job_name: str | None) -> list[str]:
        """What was printed since the last time, at most some megabytes of it. Raises ClientError where AWS does not
        answer."""
        if job_name is None:
            return []
        try:
            streams = self._streams(job_name)
            return [line for stream in streams for line in self._lines(stream, of_several=len(streams) > 1)]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in (*DENIED, "ResourceNotFoundException"):
                raise
            self._tell(error.response["Error"].get("Message") or code)
        return []

    def missing(self, job_name: str | None) -> None:
        """To be told at the end: says so where nothing was there to read."""
        if job_name is not None and not self._tokens:
            self._tell(f"no stream in {TRAINING_JOBS} begins with {job_name}/")

    def _tell(self, why: str) -> None:
        if not self._told:
            self._say(f"the training's log cannot be shown: {why}")
            self._told = True

    def _streams(self, job_name: str) -> list[str]:
        found = self._logs.describe_log_streams(logGroupName=TRAINING_JOBS, logStreamNamePrefix=f"{job_name}/")
        return [stream["logStreamName"] for stream in found["logStreams"]]

    def _lines(self, stream: str, *, of_several: bool) -> Iterator[str]:
        # <job>/algo-1-<time>
        instance = "-".join(stream.rpartition("/")[2].split("-")[:2])
        for message in self._messages(stream):
            for line in message.splitlines():
                if line.strip():
                    yield bounded(f"{instance}: {line.expandtabs()}" if of_several else line.expandtabs())

    def _messages(self, stream: str) -> Iterator[str]:
        for _ in range(PAGES_MAX_COUNT):
            token = self._tokens.get(stream)
            where: dict[str, Any] = {"startFromHead": self._whole} if token is None else {"nextToken": token}
            if token is None and not self._whole:
                where["limit"] = EARLIER_LINES
            # From the head the answer goes on forward, as one with a token does.
            found = self._logs.get_log_events(logGroupName=TRAINING_JOBS, logStreamName=stream, **where)
            self._tokens[stream] = found["nextForwardToken"]
            yield from (event["message"] for event in found["events"])
            if found["nextForwardToken"] == token:
                return
