"""One execution of a training's pipeline, as SageMaker's answers tell of it, and how it ended.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListPipelineExecutionSteps.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operations.pipeline_definition import Definition

WAITING = "waiting"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribePipelineExecution.html
RUNNING = ("Executing", "Stopping")
SUCCEEDED, STOPPED = "Succeeded", "Stopped"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One that has begun, or, without a time, one that is expected to."""

    name: str
    status: str
    began: datetime | None = None
    ended: datetime | None = None
    reason: str = ""
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def elapsed(self, now: datetime) -> str:
        """Empty where it has not begun."""
        return "" if self.began is None else duration(((self.ended or now) - self.began).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Run:
    """`job` is what SageMaker says of the training job, empty while there is none."""

    arn: str
    status: str
    reason: str
    definition: Definition
    begun: Sequence[Step]
    job: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def ended(self) -> bool:
        return self.status not in RUNNING

    @property
    def steps(self) -> Iterator[Step]:
        """Those that have begun, and, while it may still go well, those that are expected to."""
        yield from self.begun
        begun = {step.name for step in self.begun}
        expected = self.definition.expected_steps
        if not self.ended and begun <= {*expected}:
            yield from (Step(name=name, status=WAITING) for name in expected if name not in begun)

    @property
    def job_name(self) -> str | None:
        return job_name(self.begun)

    def note(self, step: Step) -> str:
        """What is told of a step beside its status: where its job is at, how it decided, what it registered."""
        metadata = step.metadata
        if "TrainingJob" in metadata and step.ended is None:
            return str(self.job.get("SecondaryStatus", ""))
        if "Condition" in metadata:
            return "the threshold is reached" if metadata["Condition"].get("Outcome") == "True" else ""
        return f"version {self.version}" if "RegisterModel" in metadata and self.version else ""

    @property
    def value(self) -> float | None:
        """Of the metric that judges it; None where no such line was in the training's log."""
        judgement = self.definition.judgement
        values = {metric["MetricName"]: metric["Value"] for metric in self.job.get("FinalMetricDataList", [])}
        found: float | None = None if judgement is None else values.get(judgement.metric)
        return found

    @property
    def package_arn(self) -> str:
        """Of the version that it registered, or empty."""
        return next((found for step in self.begun if (found := step.metadata.get("RegisterModel", {}).get("Arn"))), "")

    @property
    def version(self) -> str:
        return self.package_arn.rpartition("/")[2]

    @property
    def metric(self) -> Iterator[str]:
        """The metric against its threshold: a line, or none where the definition judges by none."""
        judgement = self.definition.judgement
        if judgement is not None and self.value is not None:
            yield (
                f"{judgement.metric} is {self.value:.6g}: {judgement.words} {judgement.threshold:g} is what a model "
                "must have to be registered"
            )

    @property
    def is_below_threshold(self) -> bool:
        return any("Fail" in step.metadata for step in self.begun)

    @property
    def log_says_why(self) -> bool:
        """Where its job failed, or printed no metric: another step's reason is not in the training's log."""
        failed = [step.metadata for step in self.begun if step.status == "Failed"]
        return self.value is None or any("TrainingJob" in metadata for metadata in failed)

    @property
    def why_failed(self) -> Iterator[str]:
        """SageMaker's own words: of the steps that failed, or of the execution where no step did."""
        failed = [step for step in self.begun if step.status == "Failed"]
        for step in failed:
            said = step.metadata.get("Fail", {}).get("ErrorMessage") or step.reason
            yield f"step {step.name}: {said}" if said else f"step {step.name} failed, and SageMaker gives no reason"
            reason = self.job.get("FailureReason", "")
            if "TrainingJob" in step.metadata and reason and reason not in said:
                yield reason
        if not failed:
            yield self.reason or "SageMaker gives no reason"
        if self.job.get("TrainingJobStatus") == "Completed" and not self.is_below_threshold:
            yield from self._unprinted

    @property
    def _unprinted(self) -> Iterator[str]:
        judgement = self.definition.judgement
        if judgement is not None and self.value is None:
            must = f": it must have a line that matches {judgement.regex}" if judgement.regex else ""
            yield f"{judgement.metric} is nowhere in the training's log as a finite number{must}"


def job_name(steps: Sequence[Step]) -> str | None:
    """Of the training job, once there is one."""
    arns = [step.metadata["TrainingJob"].get("Arn", "") for step in steps if "TrainingJob" in step.metadata]
    return next((arn.rpartition("/")[2] for arn in arns if arn), None)


def step_of(found: Mapping[str, Any]) -> Step:
    return Step(
        name=found["StepName"],
        status=found["StepStatus"],
        began=found.get("StartTime"),
        ended=found.get("EndTime"),
        reason=found.get("FailureReason", ""),
        metadata=found.get("Metadata", {}),
    )


def duration(seconds: float) -> str:
    """For a person: the two units that say most. A clock that is behind AWS's makes no negative one."""
    whole = max(0, int(seconds))
    for unit, size, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {smaller}"
    return f"{whole} s"
