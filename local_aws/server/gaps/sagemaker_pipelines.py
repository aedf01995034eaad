"""Gap: moto's pipelines run no step, take any text for a definition, and cannot be stopped.

An execution of moto's has succeeded as it begins. A missing pipeline is a ValidationException there, where Terraform's
provider reads ResourceNotFound (internal/service/sagemaker/pipeline.go). Here a definition is held against what
SageMaker takes (pipelines/definition.py) and its steps are run in turn (pipelines/execution.py).
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
"""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.sagemaker.exceptions import ConflictException, ResourceNotFound, ValidationError
from moto.sagemaker.models import BaseObject
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps.callers import user_context
from local_aws.server.pages import Keys, page, within
from local_aws.server.pipelines import definition
from local_aws.server.pipelines.definition import Definition, DefinitionError
from local_aws.server.pipelines.execution import Execution
from local_aws.server.pipelines.role import Role

RUNNING = ("Executing", "Stopping")
EXECUTION_ID_CHARACTERS = 12
# What CreatePipeline and UpdatePipeline say that DescribePipeline tells again.
DESCRIBED = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


@dataclass(kw_only=True)
class Started:
    """An execution, with what its start said."""

    arn: str
    request: Mapping[str, Any]
    definition: str
    begun: datetime
    created_by: dict[str, Any]
    changed_by: dict[str, Any]
    execution: Execution


@dataclass(kw_only=True)
class Pipeline(BaseObject):
    """moto keeps it, and reads its `arn` and `tags`. `told` is what requests say that is described again."""

    name: str
    arn: str
    definition: str
    told: dict[str, Any]
    tags: list[dict[str, str]]
    created: datetime
    changed: datetime
    created_by: dict[str, Any]
    changed_by: dict[str, Any]
    last_run: datetime | None = None
    executions: dict[str, Started] = field(default_factory=dict)

    def gen_response_object(self) -> dict[str, Any]:
        return _described(self)


def fill() -> None:
    operations: dict[str, Callable[[SageMakerResponse], ActionResult]] = {
        "create_pipeline": _create,
        "update_pipeline": _update,
        "describe_pipeline": _describe,
        "delete_pipeline": _delete,
        "list_pipelines": _list,
        "start_pipeline_execution": _start,
        "stop_pipeline_execution": _stop,
        "describe_pipeline_execution": _describe_execution,
        "describe_pipeline_definition_for_execution": _describe_definition,
        "list_pipeline_executions": _list_executions,
        "list_pipeline_execution_steps": _list_steps,
        "list_pipeline_parameters_for_execution": _list_parameters,
    }
    for name, operation in operations.items():
        setattr(SageMakerResponse, name, operation)


def _request(call: SageMakerResponse) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(call.body)
    return request


def _pipelines(call: SageMakerResponse) -> dict[str, Pipeline]:
    kept: Any = call.sagemaker_backend.pipelines
    pipelines: dict[str, Pipeline] = kept
    return pipelines


def _arn(call: SageMakerResponse, name: str) -> str:
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.current_account}:pipeline/{name}"


def _pipeline(call: SageMakerResponse, name: str) -> Pipeline:
    """By its name or its ARN."""
    name = name.rpartition("/")[2]
    found = _pipelines(call).get(name)
    if found is None:
        raise ResourceNotFound(message=f"Pipeline '{_arn(call, name)}' does not exist.")
    return found


def _started(call: SageMakerResponse) -> Started:
    arn = _request(call)["PipelineExecutionArn"]
    for pipeline in _pipelines(call).values():
        if arn in pipeline.executions:
            return pipeline.executions[arn]
    raise ResourceNotFound(message=f"Pipeline execution '{arn}' does not exist.")


def _definition(call: SageMakerResponse, request: Mapping[str, Any]) -> str | None:
    """The text, held. Raises ValidationError."""
    text, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
    if text is not None and location is not None:
        raise ValidationError(message="PipelineDefinition and PipelineDefinitionS3Location cannot be given both.")
    if location is not None:
        try:
            found = s3_backends[call.current_account][call.partition].get_object(
                location["Bucket"], location["ObjectKey"], location.get("VersionId")
            )
        except S3ClientError:
            found = None
        if found is None:
            raise ValidationError(message=f"s3://{location['Bucket']}/{location['ObjectKey']} does not exist.")
        text = found.value.decode()
    if text is not None:
        _parsed(text)
    return text


def _parsed(text: str) -> Definition:
    try:
        return definition.parse(text)
    except DefinitionError as error:
        raise ValidationError(message=str(error)) from None


def _create(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    name, text, now = request["PipelineName"], _definition(call, request), utcnow()
    if text is None:
        raise ValidationError(message="PipelineDefinition or PipelineDefinitionS3Location must be given.")
    if name in _pipelines(call):
        raise ValidationError(
            message="Pipeline names must be unique within an AWS account and region. "
            f"Pipeline with name ({name}) already exists."
        )
    made = Pipeline(
        name=name,
        arn=_arn(call, name),
        definition=text,
        told={"PipelineDisplayName": name} | {key: request[key] for key in DESCRIBED if key in request},
        tags=request.get("Tags", []),
        created=now,
        changed=now,
        created_by=user_context(call),
        changed_by=user_context(call),
    )
    _pipelines(call)[name] = made
    return ActionResult({"PipelineArn": made.arn})


def _update(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    pipeline, text = _pipeline(call, request["PipelineName"]), _definition(call, request)
    if text is not None:
        pipeline.definition = text
    pipeline.told |= {key: request[key] for key in DESCRIBED if key in request}
    pipeline.changed, pipeline.changed_by = utcnow(), user_context(call)
    return ActionResult({"PipelineArn": pipeline.arn})


def _describe(call: SageMakerResponse) -> ActionResult:
    return ActionResult(_described(_pipeline(call, _request(call)["PipelineName"])))


def _described(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineDefinition": pipeline.definition,
        "PipelineStatus": "Active",
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.changed,
        "CreatedBy": pipeline.created_by,
        "LastModifiedBy": pipeline.changed_by,
        **pipeline.told,
        **({} if pipeline.last_run is None else {"LastRunTime": pipeline.last_run}),
    }


def _delete(call: SageMakerResponse) -> ActionResult:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeletePipeline.html: only when nothing runs."""
    pipeline = _pipeline(call, _request(call)["PipelineName"])
    running = [arn for arn, item in pipeline.executions.items() if item.execution.status in RUNNING]
    if running:
        raise ConflictException(f"Pipeline {pipeline.arn} has running executions: stop them first: {running[0]}")
    del _pipelines(call)[pipeline.name]
    return ActionResult({"PipelineArn": pipeline.arn})


def _list(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    found = [
        item
        for item in _pipelines(call).values()
        if item.name.startswith(request.get("PipelineNamePrefix", ""))
        and within(item.created, request, after="CreatedAfter", before="CreatedBefore")
    ]
    keys: Keys[Pipeline] = {"Name": lambda item: item.name, "CreationTime": lambda item: item.created}
    listed, more = page(found, request, keys=keys, default_key="CreationTime", default_order="Descending")
    return ActionResult({"PipelineSummaries": [_summary(item) for item in listed], **more})


def _summary(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "CreationTime": pipeline.created,
        "LastModifiedTime": pipeline.changed,
        **{key: value for key, value in pipeline.told.items() if key != "ParallelismConfiguration"},
        **({} if pipeline.last_run is None else {"LastExecutionTime": pipeline.last_run}),
    }


def _start(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    pipeline = _pipeline(call, request["PipelineName"])
    for known in pipeline.executions.values():
        if known.request["ClientRequestToken"] == request["ClientRequestToken"]:
            return ActionResult({"PipelineExecutionArn": known.arn})
    execution_id = "".join(
        secrets.choice(string.ascii_lowercase + string.digits) for _ in range(EXECUTION_ID_CHARACTERS)
    )
    arn, begun = f"{pipeline.arn}/execution/{execution_id}", utcnow()
    parsed = _parsed(pipeline.definition)
    role = Role(call=call, arn=request.get("RoleArn", pipeline.told["RoleArn"]), execution_arn=arn)
    variables = {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "PipelineExecutionArn": arn,
        "PipelineExecutionId": execution_id,
        "StartDateTime": begun.isoformat(timespec="milliseconds") + "Z",
    }
    execution = Execution(definition=parsed, values=_values(parsed, request), variables=variables, role=role)
    pipeline.executions[arn] = Started(
        arn=arn,
        request={"PipelineExecutionDisplayName": f"execution-{int(unix_time(begun) * 1000)}"} | request,
        definition=pipeline.definition,
        begun=begun,
        created_by=user_context(call),
        changed_by=user_context(call),
        execution=execution,
    )
    pipeline.last_run = begun
    execution.start()
    return ActionResult({"PipelineExecutionArn": arn})


def _values(parsed: Definition, request: Mapping[str, Any]) -> dict[str, Any]:
    given = {item["Name"]: item["Value"] for item in request.get("PipelineParameters", [])}
    unknown = sorted(given.keys() - parsed.parameters.keys())
    if unknown:
        raise ValidationError(message=f"Parameters {unknown} are not defined in the pipeline definition.")
    try:
        return {name: parameter.value(given.get(name)) for name, parameter in parsed.parameters.items()}
    except DefinitionError as error:
        raise ValidationError(message=str(error)) from None


def _stop(call: SageMakerResponse) -> ActionResult:
    started = _started(call)
    if not started.execution.stop():
        raise ConflictException(
            f"Pipeline execution {started.arn} is {started.execution.status}: only one that is Executing can be "
            "stopped."
        )
    started.changed_by = user_context(call)
    return ActionResult({"PipelineExecutionArn": started.arn})


def _describe_execution(call: SageMakerResponse) -> ActionResult:
    started = _started(call)
    told = {
        "PipelineArn": started.arn.partition("/execution/")[0],
        "PipelineExecutionArn": started.arn,
        "PipelineExecutionStatus": started.execution.status,
        "CreationTime": started.begun,
        "LastModifiedTime": started.execution.changed,
        "CreatedBy": started.created_by,
        "LastModifiedBy": started.changed_by,
    }
    for name in ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "ParallelismConfiguration"):
        if name in started.request:
            told[name] = started.request[name]
    if started.execution.reason:
        told["FailureReason"] = started.execution.reason
    return ActionResult(told)


def _describe_definition(call: SageMakerResponse) -> ActionResult:
    started = _started(call)
    return ActionResult({"PipelineDefinition": started.definition, "CreationTime": started.begun})


def _list_executions(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    found = [
        item
        for item in _pipeline(call, request["PipelineName"]).executions.values()
        if within(item.begun, request, after="CreatedAfter", before="CreatedBefore")
    ]
    keys: Keys[Started] = {"CreationTime": lambda item: item.begun, "PipelineExecutionArn": lambda item: item.arn}
    listed, more = page(found, request, keys=keys, default_key="CreationTime", default_order="Descending")
    return ActionResult({"PipelineExecutionSummaries": [_execution_summary(item) for item in listed], **more})


def _execution_summary(started: Started) -> dict[str, Any]:
    told = {
        "PipelineExecutionArn": started.arn,
        "StartTime": started.begun,
        "PipelineExecutionStatus": started.execution.status,
        "PipelineExecutionDisplayName": started.request["PipelineExecutionDisplayName"],
    }
    if "PipelineExecutionDescription" in started.request:
        told["PipelineExecutionDescription"] = started.request["PipelineExecutionDescription"]
    if started.execution.reason:
        told["PipelineExecutionFailureReason"] = started.execution.reason
    return told


def _list_steps(call: SageMakerResponse) -> ActionResult:
    """The last one first, unless asked otherwise, as the SDK's integration tests see them."""
    numbered = list(enumerate(_started(call).execution.steps()))
    keys: Keys[tuple[int, dict[str, Any]]] = {"CreatedTime": lambda item: item[0]}
    listed, more = page(numbered, _request(call), keys=keys, default_key="CreatedTime", default_order="Descending")
    return ActionResult({"PipelineExecutionSteps": [step for _, step in listed], **more})


def _list_parameters(call: SageMakerResponse) -> ActionResult:
    given = _started(call).request.get("PipelineParameters", [])
    keys: Keys[dict[str, str]] = {"Name": lambda item: item["Name"]}
    listed, more = page(given, _request(call), keys=keys, default_key="Name", default_order="Ascending")
    return ActionResult({"PipelineParameters": listed, **more})
