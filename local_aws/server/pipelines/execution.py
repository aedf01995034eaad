"""One execution of a pipeline: its steps, one after another in a thread, told as ListPipelineExecutionSteps tells them.

A step runs when all that it waits for has succeeded, in the order in which the definition has them; AWS runs those at
once that wait for nothing. After a step that fails none begins any more. What a failed execution, a Fail step and a
failed job say is what AWS was seen to say:
https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/tests/integ/sagemaker/workflow/test_fail_steps.py
https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/tests/integ/sagemaker/workflow/test_step_decorator.py
"""

import secrets
import string
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from moto.core.utils import utcnow

from local_aws.server.pipelines import conditions, expressions
from local_aws.server.pipelines.definition import Definition, Step
from local_aws.server.pipelines.expressions import ExpressionError, Reference
from local_aws.server.pipelines.role import InvocationError

STEPS_FAILED = "Step failure: One or multiple steps failed."
ALREADY_THERE = "already exists"
POLL_SECONDS = 0.1
REASON_MAX_CHARACTERS = 1024
JOB_NAME_MAX_CHARACTERS = 63
TOKEN_CHARACTERS = 10


class StepError(Exception):
    """Why a step fails."""


class Invoker(Protocol):
    def invoke(self, operation: str, parameters: Mapping[str, Any], *, step: str) -> dict[str, Any]:
        """Raises InvocationError."""


@dataclass
class StepRun:
    step: Step
    began: datetime = field(default_factory=utcnow)
    ended: datetime | None = None
    status: str = "Executing"
    reason: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    # What other steps may refer to.
    properties: Mapping[str, Any] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        told = {"StepName": self.step.name, **self.step.told, "StartTime": self.began, "StepStatus": self.status}
        if self.ended is not None:
            told["EndTime"] = self.ended
        if self.reason:
            told["FailureReason"] = self.reason
        return told | {"AttemptCount": 1, "Metadata": self.metadata}


class Execution:
    """`values` has the parameters, `variables` the execution's, both by name."""

    def __init__(
        self, *, definition: Definition, values: Mapping[str, Any], variables: Mapping[str, Any], role: Invoker
    ) -> None:
        self.definition, self.values, self.variables, self.role = definition, values, variables, role
        self.status, self.reason = "Executing", ""
        self.changed = utcnow()
        self.runs: list[StepRun] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name=variables["PipelineExecutionArn"])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> bool:
        """Whether it was running: what runs now is stopped, and nothing begins any more."""
        with self._lock:
            if self.status != "Executing":
                return False
            self.status, self.changed = "Stopping", utcnow()
            for run in self.runs:
                if run.status == "Executing":
                    run.status = "Stopping"
            self._stop.set()
            return True

    def steps(self) -> list[dict[str, Any]]:
        with self._lock:
            return [run.described() for run in self.runs]

    def _run(self) -> None:
        try:
            self._run_steps()
        except Exception:  # the thread's end would leave it executing for ever
            traceback.print_exc()
            for run in self.runs:
                if run.ended is None:
                    self._end(run, "Failed", "InternalServerError: a fault of the local AWS: its log has more")
        with self._lock:
            failed = any(run.status == "Failed" for run in self.runs)
            self.status = "Failed" if failed else "Stopped" if self._stop.is_set() else "Succeeded"
            self.reason = STEPS_FAILED if failed else ""
            self.changed = utcnow()

    def _run_steps(self) -> None:
        left, done = list(self.definition.steps), set[str]()
        while left:
            step = next(item for item in left if item.waits_for <= done)  # no circle: definition.py
            left.remove(step)
            with self._lock:
                if self._stop.is_set():
                    return
                run = StepRun(step=step)
                self.runs.append(run)
            try:
                left = [*self._run_step(run), *left]
            except (ExpressionError, StepError) as error:
                self._end(run, "Failed", str(error))
                return
            if run.status != "Succeeded":
                return
            done.add(step.name)

    def _run_step(self, run: StepRun) -> tuple[Step, ...]:
        """The steps that are next because of it. Raises ExpressionError, StepError."""
        if run.step.kind == "Condition":
            wanted = [self._resolved(item) for item in run.step.arguments["Conditions"]]
            outcome = all(conditions.holds(item) for item in wanted)
            run.metadata, run.properties = {"Condition": {"Outcome": str(outcome)}}, {"Outcome": outcome}
            self._end(run, "Succeeded")
            return run.step.if_steps if outcome else run.step.else_steps
        arguments = self._resolved(run.step.arguments)
        if run.step.kind == "Training":
            self._train(run, arguments)
        elif run.step.kind == "RegisterModel":
            self._register(run, arguments)
        else:
            message = expressions.as_text(arguments.get("ErrorMessage", ""))
            run.metadata = {"Fail": {"ErrorMessage": message}}
            self._end(run, "Failed", message)
        return ()

    def _train(self, run: StepRun, arguments: dict[str, Any]) -> None:
        name = self._job_name(run.step.name, arguments.get("TrainingJobName"))
        created = self._invoke(run, "CreateTrainingJob", arguments | {"TrainingJobName": name})
        run.metadata = {"TrainingJob": {"Arn": created["TrainingJobArn"]}}
        job = {"TrainingJobName": name}
        asked_to_stop = False
        while (described := self._invoke(run, "DescribeTrainingJob", job))["TrainingJobStatus"] in (
            "InProgress",
            "Stopping",
        ):
            if self._stop.is_set() and not asked_to_stop:
                self._invoke(run, "StopTrainingJob", job)
                asked_to_stop = True
            time.sleep(POLL_SECONDS)
        status = described["TrainingJobStatus"]
        if self._stop.is_set():
            self._end(run, "Stopped")
        elif status == "Completed":
            run.properties = described
            self._end(run, "Succeeded")
        else:
            reason = described.get("FailureReason") or f"the training job {name} is {status}"
            raise StepError(f"ClientError: {reason}")

    def _register(self, run: StepRun, arguments: dict[str, Any]) -> None:
        group = {key: value for key, value in arguments.items() if key == "ModelPackageGroupName"}
        if group:
            try:
                self.role.invoke("CreateModelPackageGroup", group, step=run.step.name)
            except InvocationError as error:
                if ALREADY_THERE not in str(error):
                    raise StepError(_failed_to_invoke("CreateModelPackageGroup", error)) from None
        created = self._invoke(run, "CreateModelPackage", arguments)
        run.metadata = {"RegisterModel": {"Arn": created["ModelPackageArn"]}}
        run.properties = self._invoke(run, "DescribeModelPackage", {"ModelPackageName": created["ModelPackageArn"]})
        self._end(run, "Succeeded")

    def _invoke(self, run: StepRun, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.role.invoke(operation, parameters, step=run.step.name)
        except InvocationError as error:
            raise StepError(_failed_to_invoke(operation, error)) from None

    def _job_name(self, step_name: str, prefix: str | None) -> str:
        """With a prefix as AWS documents it: <prefix>-<executionId>-<entityToken>-<failureCount>; else as seen there.

        https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
        """
        execution_id = self.variables["PipelineExecutionId"]
        token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(TOKEN_CHARACTERS))
        if prefix is not None:
            return f"{prefix}-{execution_id}-{token}-0"
        tail = f"-{token}"
        return f"pipelines-{execution_id}-{step_name}"[: JOB_NAME_MAX_CHARACTERS - len(tail)].replace("_", "-") + tail

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        return expressions.resolved(value, self._look_up)

    def _look_up(self, wanted: Reference) -> Any:  # noqa: ANN401 - any scalar
        if wanted.kind == "Parameters":
            return self.values[wanted.name]
        if wanted.kind == "Execution":
            now = wanted.name == "CurrentDateTime"
            return utcnow().isoformat(timespec="milliseconds") + "Z" if now else self.variables[wanted.name]
        run = next(item for item in self.runs if item.step.name == wanted.name)
        try:
            return expressions.found(run.properties, wanted.path)
        except ExpressionError as error:
            raise ExpressionError(f"ClientError: Steps.{wanted.name}.{error}") from None

    def _end(self, run: StepRun, status: str, reason: str = "") -> None:
        with self._lock:
            run.status, run.reason, run.ended = status, reason[:REASON_MAX_CHARACTERS], utcnow()
            self.changed = run.ended


def _failed_to_invoke(operation: str, error: InvocationError) -> str:
    return f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {error}"
