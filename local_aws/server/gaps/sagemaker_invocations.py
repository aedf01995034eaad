"""Gap: moto answers every InvokeEndpoint with the word "body", for endpoints that do not exist too.

Here the endpoint's configuration leads to its production variant's model, the model to its artifact in S3, and the
handlers in the artifact answer: what is deployed is what answers. They run in a process of their own.
"""

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local_aws.server.containers import handlers
from local_aws.server.failures import played
from local_aws.server.gaps import endpoint_metrics
from local_aws.server.gaps.sagemaker_endpoint_updates import settle

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
TIMEOUT_SECONDS = 60


def fill() -> None:
    SageMakerRuntimeResponse.invoke_endpoint = _invoke_endpoint


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
            status=status,
        )
        return _model_error(status, message)

    failing_model = played(call.headers).failing_model
    if failing_model and failing_model in variant["ModelName"]:
        return answered(500, "a failure of the local AWS")
    model = sagemaker._models[variant["ModelName"]].request["PrimaryContainer"]
    bucket, _, key = model["ModelDataUrl"].removeprefix("s3://").partition("/")
    artifact = s3_backends[call.current_account]["aws"].get_object(bucket, key)
    if artifact is None:
        return _error(400, "ValidationError", f"The artifact {model['ModelDataUrl']} is gone.")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(artifact.value)) as archive:
            archive.extractall(folder, filter="data")
        program = Path(folder) / "code" / model.get("Environment", {}).get("SAGEMAKER_PROGRAM", "inference.py")
        if not program.is_file():
            message = f"the local AWS runs no image: it needs the handlers code/{program.name} in the artifact"
            return _error(400, "ValidationError", message)
        kinds = [call.headers.get("Content-Type", ""), call.headers.get("Accept", "")]
        finished = subprocess.run(
            [sys.executable, handlers.__file__, str(program), folder, *kinds],
            input=_bytes(call.body),
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    # What the handlers raised and logged: in AWS it goes to the endpoint's log group, here to the server's log.
    sys.stderr.write(finished.stderr.decode(errors="replace"))
    if finished.returncode != 0:
        return answered(500, f"the handlers' process ended with {finished.returncode}")
    status, content_type, body = finished.stdout.split(b"\n", maxsplit=2)
    if int(status) // 100 != 2:
        return answered(int(status), body.decode(errors="replace"))
    answered(200)
    headers = {"Content-Type": content_type.decode(), "x-Amzn-Invoked-Production-Variant": variant["VariantName"]}
    return 200, headers, body


def _bytes(body: Any) -> bytes:  # noqa: ANN401 - moto hands on either
    return body if isinstance(body, bytes) else str(body).encode()


def _error(status: int, kind: str, message: str) -> TYPE_RESPONSE:
    # moto takes the status of an answer from its headers.
    return status, {"status": status, "x-amzn-ErrorType": kind}, json.dumps({"Message": message})


def _model_error(status: int, message: str) -> TYPE_RESPONSE:
    """What the container answers with another status than 2XX, InvokeEndpoint hands on within an answer 424.

    CloudWatch would count it as Invocation4XXErrors or Invocation5XXErrors, by the container's status:
    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    side = "client" if status // 100 == 4 else "server"
    said = f'Received {side} error ({status}) from primary with message "{message}".'
    body = {"Message": said, "OriginalStatusCode": status, "OriginalMessage": message, "LogStreamArn": ""}
    return 424, {"status": 424, "x-amzn-ErrorType": "ModelError"}, json.dumps(body)
