"""Gap: moto's training jobs are completed at once: nothing is read, run or written, and metrics are made up.

It replaces the metric definitions, drops the environment, takes a name twice and knows no StopTrainingJob. Here a job
downloads its channels from the local S3, runs in a process of its own (local_aws/server/containers/training.py), and
its output goes to the log group, its metrics to its description, its artifacts to S3. Two jobs run at once, and others
wait for them.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

import copy
import json
import math
import struct
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import regex  # knows a limit of time
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import unix_time, unix_time_millis, utcnow
from moto.logs.models import logs_backends
from moto.s3.exceptions import S3ClientError
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from local_aws.server.containers import leftovers, linear_learner_interface, script_mode, training
from local_aws.server.containers.script_mode import Layout
from local_aws.server.containers.training import Container, FailedError
from local_aws.server.gaps import training_storage
from local_aws.server.gaps.sagemaker_instance_types import memory_mb
from local_aws.server.gaps.training_storage import MissingDataError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# Of this local AWS: each takes a core of a small machine.
RUNNING_AT_ONCE = 2
DEFAULT_RUNTIME_SECONDS = 86_400
MATCH_TIMEOUT_SECONDS = 1
PAGE_ITEMS = 10
WAITED_SECONDS = 0.1
# In SageMaker's words, as its SDK prints them while it waits.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Pending": "Training job waiting for capacity",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
SORTED_BY = {"Name": "TrainingJobName", "CreationTime": "CreationTime", "Status": "TrainingJobStatus"}

SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)

places = threading.BoundedSemaphore(RUNNING_AT_ONCE)


def fill() -> None:
    SageMakerResponse.create_training_job = _create
    SageMakerResponse.describe_training_job = _describe
    SageMakerResponse.list_training_jobs = _list
    SageMakerResponse.stop_training_job = _stop


class TrainingJob:
    """One that moto keeps in the place of its own."""

    def __init__(self, account_id: str, region: str, request: Mapping[str, Any]) -> None:
        self.account_id, self.region, self.request = account_id, region, request
        self.name: str = request["TrainingJobName"]
        self.arn = f"arn:{get_partition(region)}:sagemaker:{region}:{account_id}:training-job/{self.name}"
        self.tags: list[dict[str, str]] = [*request.get("Tags", [])]
        self.stopping = threading.Event()
        self.created = utcnow()
        self.status = "InProgress"
        self.reason: str | None = None
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.transitions: list[dict[str, Any]] = []
        self.metrics: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._log_stream = ""
        self._enter("Starting", "Starting the training job")

    @property
    def output(self) -> str:
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}/output"

    def described(self) -> dict[str, Any]:
        with self._lock:
            last = self.transitions[-1]
            answer = {
                "EnableNetworkIsolation": False,
                "EnableInterContainerTrafficEncryption": False,
                "EnableManagedSpotTraining": False,
                "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS},
                **{name: value for name, value in self.request.items() if name != "Tags"},
                "AlgorithmSpecification": self._algorithm(),
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.status,
                "SecondaryStatus": last["Status"],
                "SecondaryStatusTransitions": self.transitions,
                "CreationTime": self.created,
                "LastModifiedTime": last["StartTime"],
                "ModelArtifacts": {"S3ModelArtifacts": f"{self.output}/model.tar.gz"},
            }
            if self.reason is not None:
                answer["FailureReason"] = self.reason
            if self.started is not None:
                answer["TrainingStartTime"] = self.started
            if self.ended is not None:
                answer["TrainingEndTime"] = self.ended
                if self.started is not None:
                    seconds = max(1, math.ceil((self.ended - self.started).total_seconds()))
                    answer |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
            if self.metrics:
                answer["FinalMetricDataList"] = [*self.metrics.values()]
            return copy.deepcopy(answer)

    def _algorithm(self) -> dict[str, Any]:
        """With the metrics that AWS's own algorithms have."""
        asked = dict(self.request["AlgorithmSpecification"])
        if _repository(asked) == linear_learner_interface.REPOSITORY:
            asked["MetricDefinitions"] = linear_learner_interface.METRIC_DEFINITIONS
        return asked

    def stop(self) -> None:
        """Raises ValidationError where it has ended."""
        with self._lock:
            if self.status in ("InProgress", "Stopping"):
                if self.status == "InProgress":
                    self.status = "Stopping"
                    self._enter("Stopping")
                self.stopping.set()
                return
        raise ValidationError(message=f"The request was rejected because the training job is in status {self.status}.")

    def run(self) -> None:
        """Raises nothing: how it ends is its status. By then its folder is gone."""
        home, reason = Path(tempfile.mkdtemp(prefix="local-aws-training-")).resolve(), None
        layout = Layout(root=home / "opt/ml")
        try:
            with self._place():
                secondary = self._train(home, layout)
        except FailedError as error:
            secondary, reason = "Failed", layout.told(str(error))
        except Exception as error:
            traceback.print_exc()
            secondary, reason = "Failed", layout.told(f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            leftovers.remove(home)
        self._end(secondary, reason)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Waits for one; not where the job is stopped meanwhile."""
        has = places.acquire(blocking=False)
        if not has:
            self._move("Pending")
        while not has and not self.stopping.is_set():
            has = places.acquire(timeout=WAITED_SECONDS)
        try:
            yield
        finally:
            if has:
                places.release()

    def _train(self, home: Path, layout: Layout) -> str:
        """The secondary status that it ends with. Raises FailedError."""
        self._move("Starting")
        if self.stopping.is_set():
            return "Stopped"
        container = self._container()
        self._log_stream = f"{self.name}/{script_mode.HOST}-{int(time.time())}"
        self.started = utcnow()
        self._move("Downloading")
        self._download(layout)
        command = training.prepare(container, layout, self._read)
        definitions = self._algorithm().get("MetricDefinitions", [])
        metrics = [(definition["Name"], regex.compile(definition["Regex"])) for definition in definitions]

        def log(line: str) -> None:
            self._log(line)
            for name, pattern in metrics:
                self._measure(name, pattern, line)

        self._move("Training")
        ended = training.run(container, command, home, log=log, stop=self.stopping)
        was_stopped = self.stopping.is_set() or ended.is_over_time
        leftovers.open_up(home)
        if ended.exit_code and not was_stopped:
            with suppress(FailedError):  # the script's own reason is the one
                self._upload_checkpoints(home, layout)
            raise training.failure(command, layout, home, ended)
        self._upload_checkpoints(home, layout)
        self._move("Uploading")
        self._upload(home, layout)
        if ended.is_over_time:
            return "MaxRuntimeExceeded"
        return "Stopped" if self.stopping.is_set() else "Completed"

    def _container(self) -> Container:
        """Raises FailedError where the job has no single kind of instance."""
        resources = self.request.get("ResourceConfig", {})
        missing = {"InstanceType", "InstanceCount", "VolumeSizeInGB"} - resources.keys()
        if missing:
            raise FailedError(f"ClientError: ResourceConfig: the local AWS needs {', '.join(sorted(missing))}")
        stopping = self.request.get("StoppingCondition", {})
        return Container(
            job_name=self.name,
            job_arn=self.arn,
            region=self.region,
            image=_image(self.request["AlgorithmSpecification"]),
            environment=self.request.get("Environment", {}),
            instance_count=resources["InstanceCount"],
            is_isolated=self.request.get("EnableNetworkIsolation", False),
            memory_mb=memory_mb(resources["InstanceType"]),
            volume_size_gb=resources["VolumeSizeInGB"],
            max_runtime_seconds=stopping.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_SECONDS),
        )

    def _download(self, layout: Layout) -> None:
        """Raises FailedError."""
        channels = {channel["ChannelName"]: channel for channel in self.request.get("InputDataConfig", [])}
        hyperparameters = dict(self.request.get("HyperParameters", {}))
        layout.make(
            hyperparameters={name: training.relocated(value, layout.root) for name, value in hyperparameters.items()},
            inputs={name: _described_to_script(channel) for name, channel in channels.items()},
            resources=script_mode.resources(self.request["ResourceConfig"]["InstanceType"]),
        )
        for name, channel in channels.items():
            mode = channel.get("InputMode") or self.request["AlgorithmSpecification"]["TrainingInputMode"]
            source = channel["DataSource"].get("S3DataSource")
            if source is None or source["S3DataType"] != "S3Prefix" or mode == "Pipe":
                raise FailedError(
                    f"ClientError: the channel {name}: the local AWS reads data of S3 by a prefix (S3DataSource, "
                    "S3Prefix), in the modes File and FastFile"
                )
            self._fetch(source["S3Uri"], layout.data / name)
        checkpoints = self._checkpoints(layout)
        if checkpoints is not None:
            checkpoints[1].mkdir(parents=True, exist_ok=True)
            if training_storage.objects(self.account_id, checkpoints[0]):
                self._fetch(*checkpoints)

    def _fetch(self, uri: str, folder: Path) -> None:
        try:
            training_storage.download(self.account_id, uri, folder)
        except MissingDataError as error:
            raise FailedError(f"ClientError: Data download failed: {self._no_objects(uri)}") from error
        except OSError as error:
            raise FailedError(f"ClientError: Data download failed: {uri}: {error}") from error

    def _read(self, uri: str) -> bytes:
        try:
            return training_storage.read(self.account_id, uri)
        except MissingDataError as error:
            what = "An error occurred (404) when calling the HeadObject operation: Not Found"
            raise FailedError(f"AlgorithmError: framework error: {what}: {uri}, exit code: 1") from error

    def _no_objects(self, uri: str) -> str:
        bucket, role = training_storage.split(uri)[0], self.request["RoleArn"]
        return (
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({self.region}), that objects exist under that S3 prefix, and that the "
            f'role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )

    def refuse_missing_data(self) -> None:
        """Raises ValidationError."""
        for channel in self.request.get("InputDataConfig", []):
            source = channel["DataSource"].get("S3DataSource")
            if source is not None and not training_storage.objects(self.account_id, source["S3Uri"]):
                raise ValidationError(message=self._no_objects(source["S3Uri"]))

    def _upload(self, home: Path, layout: Layout) -> None:
        """Raises FailedError.

        Of an empty folder AWS makes no archive, and the job is Completed all the same:
        https://github.com/aws/sagemaker-python-sdk/issues/3455
        """
        folders = {"model": layout.model, "output": layout.output / "data"}
        for folder in folders.values():
            self._refuse_what_is_no_folder(folder, home, layout)
        for name, folder in folders.items():
            packed = training.pack(folder)
            if packed is not None:
                self._put(f"{self.output}/{name}.tar.gz", packed)
            elif folder == layout.model:
                self._log(layout.told(f"local AWS: nothing is in {folder}: there is no model.tar.gz"))

    def _upload_checkpoints(self, home: Path, layout: Layout) -> None:
        """At the end, where AWS does it while the job runs; nothing that lies outside. Raises FailedError."""
        checkpoints = self._checkpoints(layout)
        if checkpoints is not None:
            uri, folder = checkpoints
            self._refuse_what_is_no_folder(folder, home, layout)
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.resolve().is_relative_to(folder):
                    self._put(f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def _refuse_what_is_no_folder(self, folder: Path, home: Path, layout: Layout) -> None:
        """Raises FailedError. On AWS these are mounts, which a script can neither remove nor replace:

        https://github.com/awslabs/graphstorm/pull/322
        """
        if not leftovers.is_folder(folder, home):
            raise FailedError(
                f"ClientError: Artifact upload failed: {layout.told(str(folder))} is no longer the folder that the "
                "script was given: it was removed or replaced"
            )

    def _checkpoints(self, layout: Layout) -> tuple[str, Path] | None:
        """Address and folder. Raises FailedError."""
        asked = self.request.get("CheckpointConfig")
        if asked is None:
            return None
        folder = Path(training.relocated(asked.get("LocalPath", f"{script_mode.ROOT}/checkpoints"), layout.root))
        if not folder.is_relative_to(layout.root) or ".." in folder.parts:
            raise FailedError(
                f"ClientError: CheckpointConfig.LocalPath {folder}: the local AWS has {script_mode.ROOT} only"
            )
        return asked["S3Uri"], folder

    def _put(self, uri: str, content: bytes) -> None:
        key_id = self.request["OutputDataConfig"].get("KmsKeyId")
        try:
            training_storage.upload(self.account_id, uri, content, key_id)
        except S3ClientError as error:
            raise FailedError(f"ClientError: Artifact upload failed: {uri}: {error}") from error

    def _measure(self, name: str, pattern: Any, line: str) -> None:  # noqa: ANN401 - the module has no types
        """Keeps the newest value of a metric, of single precision as SageMaker describes it."""
        try:
            found = pattern.search(line, timeout=MATCH_TIMEOUT_SECONDS)
            value = None if found is None else struct.unpack("f", struct.pack("f", float(found[1])))[0]
        except (TimeoutError, ValueError, OverflowError, IndexError, TypeError):  # nothing that is a number
            return
        if value is not None and math.isfinite(value):
            with self._lock:
                self.metrics[name] = {"MetricName": name, "Value": value, "Timestamp": utcnow()}

    def _log(self, line: str) -> None:
        """Where there is a group for it: no deploy would remove another. An event has at least a character."""
        group = logs_backends[self.account_id][self.region].groups.get(LOG_GROUP)
        if group is None or not line.strip():
            return
        if self._log_stream not in group.streams:
            group.create_log_stream(self._log_stream)
        group.put_log_events(self._log_stream, [{"timestamp": int(unix_time_millis()), "message": line}])

    def _move(self, status: str) -> None:
        """What is stopped is only uploaded yet."""
        with self._lock:
            if self.status == "InProgress" or status == "Uploading":
                self._enter(status)

    def _enter(self, status: str, message: str = "") -> None:
        now = utcnow()
        if self.transitions and self.transitions[-1]["Status"] == status:
            self.transitions[-1]["StatusMessage"] = message or MESSAGES[status]
            return
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.transitions.append({"Status": status, "StartTime": now, "StatusMessage": message or MESSAGES[status]})

    def _end(self, secondary: str, reason: str | None) -> None:
        with self._lock:
            self.status = "Stopped" if secondary == "MaxRuntimeExceeded" else secondary
            self.reason, self.ended = reason, utcnow()
            self._enter(secondary)
            self.transitions[-1]["EndTime"] = self.ended


def _image(algorithm: Mapping[str, Any]) -> str:
    """Repository and tag. Nothing for an algorithm of the marketplace."""
    image: str = algorithm.get("TrainingImage", "")
    return image.rpartition("/")[2]


def _repository(algorithm: Mapping[str, Any]) -> str:
    return _image(algorithm).partition(":")[0].partition("@")[0]


def _described_to_script(channel: Mapping[str, Any]) -> dict[str, Any]:
    """input/config/inputdataconfig.json."""
    content_type = {"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}
    distribution = channel["DataSource"].get("S3DataSource", {}).get("S3DataDistributionType", "FullyReplicated")
    return {
        **content_type,
        "TrainingInputMode": "File",
        "S3DistributionType": distribution,
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }


def start(account_id: str, region: str, jobs: dict[str, Any], request: Mapping[str, Any]) -> TrainingJob:
    """Begins a job that is kept among `jobs`, moto's. Raises ResourceInUseException and ValidationError."""
    job = TrainingJob(account_id, region, request)
    if job.name in jobs:
        raise ResourceInUseException(
            message="Training job names must be unique within an AWS account and region, and a training job with this "
            f"name already exists ({job.arn})"
        )
    job.refuse_missing_data()
    jobs[job.name] = job
    threading.Thread(target=job.run, name=job.arn, daemon=True).start()
    return job


def _create(call: SageMakerResponse) -> ActionResult:
    jobs = call.sagemaker_backend.training_jobs
    job = start(call.current_account, call.region, jobs, json.loads(call.body))
    return ActionResult({"TrainingJobArn": job.arn})


def _find(call: SageMakerResponse) -> TrainingJob:
    found: TrainingJob | None = call.sagemaker_backend.training_jobs.get(json.loads(call.body)["TrainingJobName"])
    if found is None:
        raise ValidationError(message="Requested resource not found.")
    return found


def _describe(call: SageMakerResponse) -> ActionResult:
    return ActionResult(_find(call).described())


def _stop(call: SageMakerResponse) -> ActionResult:
    _find(call).stop()
    return EmptyResult()


def _list(call: SageMakerResponse) -> ActionResult:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html"""
    asked = json.loads(call.body)
    found = [job.described() for job in list(call.sagemaker_backend.training_jobs.values())]
    by = SORTED_BY[asked.get("SortBy", "CreationTime")]
    found.sort(key=lambda job: job[by], reverse=asked.get("SortOrder") == "Descending")
    found = [job for job in found if _is_asked_for(job, asked)]
    try:
        first = int(asked.get("NextToken", 0))
    except ValueError:
        raise ValidationError(message="The pagination token is invalid.") from None
    last = first + asked.get("MaxResults", PAGE_ITEMS)
    answer: dict[str, Any] = {
        "TrainingJobSummaries": [{name: job[name] for name in SUMMARY if name in job} for job in found[first:last]]
    }
    if last < len(found):
        answer["NextToken"] = str(last)
    return ActionResult(answer)


def _is_asked_for(job: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return (
        asked.get("NameContains", "") in job["TrainingJobName"]
        and asked.get("StatusEquals", job["TrainingJobStatus"]) == job["TrainingJobStatus"]
        and all(
            asked.get(f"{field}After", -math.inf) < unix_time(job[field]) < asked.get(f"{field}Before", math.inf)
            for field in ("CreationTime", "LastModifiedTime")
        )
    )
