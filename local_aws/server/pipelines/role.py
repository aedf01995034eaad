"""What a pipeline's steps do, they do as the pipeline's role: operations of SageMaker, within the server.

A role's own policies decide, as gaps/iam_simulation.py judges them; no resource's policy takes part, and no key's.
What is asked for is what AWS documents, and what steps on AWS were seen to fail for: SageMaker tags what a step makes
as it makes it, a step that registers creates the model package group first, though it be there, and reads the artifact.
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.request import Request
from moto.iam.models import IAMBackend, iam_backends
from moto.sagemaker.responses import SageMakerResponse
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from local_aws.server import strict
from local_aws.server.failures import PLAYED
from local_aws.server.gaps import callers, iam_simulation

SERVICE = "sagemaker.amazonaws.com"
# A step's name as the session that its role is taken for has it, seen in AWS's refusals.
SESSION_STEP_CHARACTERS = 20


class InvocationError(Exception):
    """Why an operation was refused, as the service says it."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What the role must be allowed."""

    action: str
    resource: str
    context: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Role:
    """`call` is the one that started the execution: its account, its region, and what is played for it."""

    call: SageMakerResponse
    arn: str
    execution_arn: str

    def invoke(self, operation: str, parameters: Mapping[str, Any], *, step: str) -> dict[str, Any]:
        """The operation's answer as an SDK would read it, times as numbers. Raises InvocationError."""
        iam: IAMBackend = iam_backends[self.call.current_account][self.call.partition]
        if not iam_simulation.trusts(iam, self.arn, SERVICE):
            raise InvocationError(
                f"Could not assume role {self.arn}. Please ensure that the role exists and allows principal "
                f"'{SERVICE}' to assume the role."
            )
        name, execution_id = self.arn.rpartition("/")[2], self.execution_arn.rpartition("/")[2]
        session_name = f"sagemaker-pipeline-{execution_id}-{step[:SESSION_STEP_CHARACTERS]}"
        session = callers.Session(
            arn=f"arn:{self.call.partition}:sts::{self.call.current_account}:assumed-role/{name}/{session_name}",
            principal_id=f"{iam.get_role(name).id}:{session_name}",
            execution_arn=self.execution_arn,
        )
        statements = iam_simulation.statements_of(iam, self.arn)
        for need in self._needs(operation, parameters):
            _refuse(need, iam_simulation.decision(statements, need.action, need.resource, need.context), session)
        token = callers.current.set(session)
        try:
            return self._answer(operation, parameters)
        finally:
            callers.current.reset(token)

    def _answer(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        headers = {
            "X-Amz-Target": f"SageMaker.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": self.call.headers["Authorization"],
            PLAYED: self.call.headers[PLAYED],
        }
        body = json.dumps(parameters).encode()
        environ = EnvironBuilder(method="POST", path="/", headers=Headers(headers), data=body).get_environ()
        held = strict.read("sagemaker", environ, body)
        assert held is not None  # noqa: S101 - botocore has the operation
        problems = strict.problems_of(held, self.call.access_key)
        if problems:
            raise InvocationError("; ".join(problems))
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        status, _, answer = SageMakerResponse.dispatch(request, request.url, dict(request.headers))
        told: dict[str, Any] = json.loads(answer or "{}")
        if int(status) // 100 != 2:
            raise InvocationError(told.get("message") or told.get("Message") or str(told))
        return told

    def _needs(self, operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
        job = f"training-job/{parameters.get('TrainingJobName')}"
        group = str(parameters.get("ModelPackageGroupName")).rpartition("/")[2]
        match operation:
            case "CreateTrainingJob":
                yield from self._creation(operation, job, _job_context(parameters))
                passed = {"iam:PassedToService": [SERVICE]}
                yield Need(action="iam:PassRole", resource=parameters["RoleArn"], context=_lower(passed))
            case "DescribeTrainingJob" | "StopTrainingJob":
                yield self._need(operation, job)
            case "CreateModelPackageGroup":
                yield from self._creation(operation, f"model-package-group/{group}", {})
            case "CreateModelPackage":
                status = [parameters["ModelApprovalStatus"]] if "ModelApprovalStatus" in parameters else []
                context = {"sagemaker:ModelApprovalStatus": status}
                # The version's number is given by the operation.
                yield self._need(operation, f"model-package/{group}/1", context)
                for container in parameters["InferenceSpecification"]["Containers"]:
                    if "ModelDataUrl" in container:
                        path = container["ModelDataUrl"].removeprefix("s3://")
                        resource = f"arn:{self.call.partition}:s3:::{path}"
                        yield Need(action="s3:GetObject", resource=resource, context={})

    def _creation(self, operation: str, resource: str, context: Mapping[str, Sequence[str]]) -> Iterator[Need]:
        yield self._need(operation, resource, context)
        yield self._need("AddTags", resource, {"sagemaker:TaggingAction": [operation]})

    def _need(self, operation: str, resource: str, context: Mapping[str, Sequence[str]] | None = None) -> Need:
        prefix = f"arn:{self.call.partition}:sagemaker:{self.call.region}:{self.call.current_account}"
        return Need(action=f"sagemaker:{operation}", resource=f"{prefix}:{resource}", context=_lower(context or {}))


def _job_context(parameters: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"""
    resources, output = parameters["ResourceConfig"], parameters["OutputDataConfig"]
    vpc = parameters.get("VpcConfig", {})
    values = {
        "sagemaker:InstanceTypes": resources.get("InstanceType"),
        "sagemaker:NetworkIsolation": str(parameters.get("EnableNetworkIsolation", False)),
        "sagemaker:InterContainerTrafficEncryption": str(
            parameters.get("EnableInterContainerTrafficEncryption", False)
        ),
        "sagemaker:OutputKmsKeyArn": output.get("KmsKeyId"),
        "sagemaker:VolumeKmsKeyArn": resources.get("VolumeKmsKeyId"),
        "sagemaker:VpcSubnets": vpc.get("Subnets"),
        "sagemaker:VpcSecurityGroupIds": vpc.get("SecurityGroupIds"),
    }
    return {key: value if isinstance(value, list) else [value] for key, value in values.items() if value}


def _lower(context: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Keys as the simulation compares them; one without values is not in the request."""
    return {key.lower(): values for key, values in context.items() if values}


def _refuse(need: Need, decision: str, session: callers.Session) -> None:
    if decision == "allowed":
        return
    if need.action.startswith("s3:"):
        bucket, _, key = need.resource.rpartition(":::")[2].partition("/")
        raise InvocationError(f"Access denied for bucket: {bucket}, object key: {key}")
    why = (
        "with an explicit deny in an identity-based policy"
        if decision == "explicitDeny"
        else f"because no identity-based policy allows the {need.action} action"
    )
    raise InvocationError(
        f"User: {session.arn} is not authorized to perform: {need.action} on resource: {need.resource} {why}"
    )
