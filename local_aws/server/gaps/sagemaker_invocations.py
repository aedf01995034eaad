"""Gap: moto answers every InvokeEndpoint with the word "body", for endpoints that do not exist too.

Here the endpoint's configuration leads to its production variant's model, the model to its artifact in S3, and the
handlers in the artifact answer: what is deployed is what answers. They run in a process of their own.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local_aws.server.containers import container
from local_aws.server.containers.scikit_learn import RefusedError
from local_aws.server.failures import played
from local_aws.server.gaps import endpoint_metrics
from local_aws.server.gaps.sagemaker_endpoint_updates import settle
from local_aws.server.gaps.sagemaker_instance_types import at_most_half, memory_mb


def fill() -> None:
    SageMakerRuntimeResponse.setup_class = _setup_class
    # moto would look for it in a body that says it is a form.
    SageMakerRuntimeResponse._get_action = lambda call: (
        "InvokeEndpointAsync" if call.path.endswith("/async-invocations") else "InvokeEndpoint"
    )
    SageMakerRuntimeResponse.invoke_endpoint = _invoke_endpoint


def _setup_class(call: SageMakerRuntimeResponse, request: Any, full_url: str, headers: Any, *_: Any) -> None:  # noqa: ANN401
    """moto reads every body as UTF-8, and as a form where its content type says so: here it is the model's to read."""
    body = request.get_data()
    BaseResponse.setup_class(call, request, full_url, headers, use_raw_body=True)
    call.body = body


def _invoke_endpoint(call: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
    sagemaker = sagemaker_backends[call.current_account][call.region]
    name = call.path.split("/")[2]
    endpoint = sagemaker.endpoints.get(name)
    if endpoint is not None:
        settle(endpoint)
    if endpoint is None or endpoint.endpoint_status in ("Creating", "Failed"):
        return _error(400, "ValidationError", f"Endpoint {name} of account {call.current_account} not found.")
    variant = sagemaker.endpoint_configs[endpoint.endpoint_config_name].request["ProductionVariants"][0]

    def answered(status: int, message: str = "") -> TYPE_RESPONSE:
        endpoint_metrics.publish(
            call.current_account,
            call.region,
            endpoint=name,
            configuration=endpoint.endpoint_config_name,
            variant=variant["VariantName"],
            status=status or 500,
        )
        return _model_error(call, name, status, message)

    failing_model = played(call.headers).failing_model
    if failing_model and failing_model in variant["ModelName"]:
        return answered(500, "a failure of the local AWS")
    model = sagemaker._models[variant["ModelName"]].request["PrimaryContainer"]
    bucket, _, key = model["ModelDataUrl"].removeprefix("s3://").partition("/")
    artifact = s3_backends[call.current_account]["aws"].get_object(bucket, key)
    if artifact is None:
        return _error(400, "ValidationError", f"The artifact {model['ModelDataUrl']} is gone.")
    try:
        answer = container.ask(
            artifact.value,
            image=model.get("Image", "").rpartition("/")[2],
            environment=model.get("Environment", {}),
            content_type=call.headers.get("Content-Type", ""),
            accept=call.headers.get("Accept", ""),
            body=call.body,
            memory_mb=_memory_mb(variant),
            log=lambda printed: _log(call, name, variant["VariantName"], printed),
        )
    except RefusedError as error:
        return _error(400, "ValidationError", str(error))
    if answer.status // 100 != 2:
        return answered(answer.status, answer.body.decode(errors="replace"))
    answered(200)
    headers = {"Content-Type": answer.content_type, "x-Amzn-Invoked-Production-Variant": variant["VariantName"]}
    return 200, headers, answer.body


def _group(endpoint: str) -> str:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def _log(call: SageMakerRuntimeResponse, endpoint: str, variant: str, printed: str) -> None:
    """What the container prints, an event a line, where there is a group for it: no deploy would remove another."""
    group = logs_backends[call.current_account][call.region].groups.get(_group(endpoint))
    if group is None or not printed:
        return
    stream, now = f"{variant}/local", int(unix_time_millis())
    if stream not in group.streams:
        group.create_log_stream(stream)
    group.put_log_events(stream, [{"timestamp": now, "message": line} for line in printed.splitlines()])


def _memory_mb(variant: Mapping[str, Any]) -> int:
    """What the variant has in AWS, and at most half of what this machine has."""
    if "ServerlessConfig" in variant:
        return at_most_half(int(variant["ServerlessConfig"]["MemorySizeInMB"]))
    return memory_mb(variant["InstanceType"])


def _error(status: int, kind: str, message: str) -> TYPE_RESPONSE:
    # moto takes the status of an answer from its headers.
    return status, {"status": status, "x-amzn-ErrorType": kind}, json.dumps({"Message": message})


def _model_error(call: SageMakerRuntimeResponse, endpoint: str, status: int, message: str) -> TYPE_RESPONSE:
    """What the container answers with another status than 2XX, InvokeEndpoint hands on within an answer 424.

    CloudWatch would count it as Invocation4XXErrors or Invocation5XXErrors, by the container's status:
    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    side = "client" if status // 100 == 4 else "server"
    console = f"https://{call.region}.console.aws.amazon.com/cloudwatch/home?region={call.region}"
    where = f"{console}#logEventViewer:group={_group(endpoint)} in account {call.current_account}"
    said = f'Received {side} error ({status}) from primary with message "{message}". See {where} for more information.'
    body = {"Message": said, "OriginalStatusCode": status, "OriginalMessage": message, "LogStreamArn": ""}
    return 424, {"status": 424, "x-amzn-ErrorType": "ModelError"}, json.dumps(body)
