"""Gap: moto's endpoints are in service at once and for ever, and there is no UpdateEndpoint.

A missing call answers 500, which Terraform's provider retries for minutes, like a hang. Here an endpoint takes the time
that the failure switch says, is refused what SageMaker refuses, is rolled back by an alarm that the new fleet or, where
the alarm sees both, the old one sets off, and ends as the switch says: Failed, rolled back, UpdateRollbackFailed.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.failures import Played, played
from local_aws.server.gaps import endpoint_interfaces, endpoint_metrics
from local_aws.server.gaps.sagemaker_answers import ENDPOINT

ROLLED_BACK = "One or more configured alarm(s) went into ALARM state during deployment: "
FAILED = "The primary container for production variant did not pass the ping health check: a failure of the local AWS"
# Requests that each fleet is taken to get while alarms are watched.
REQUESTS = 100


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to an endpoint at a time, of time.monotonic()."""

    until: float
    complete: Callable[[], None]


def fill() -> None:
    create, describe = SageMakerResponse.create_endpoint, SageMakerResponse.describe_endpoint
    delete, list_endpoints = SageMakerResponse.delete_endpoint, SageMakerResponse.list_endpoints

    def create_endpoint(call: SageMakerResponse) -> ActionResult:
        answer: ActionResult = create(call)
        endpoint, told = ENDPOINT.find(call), played(call.headers)
        configuration = call.sagemaker_backend.endpoint_configs[endpoint.endpoint_config_name].request

        def complete() -> None:
            if told.outcome == "failed_endpoints":
                endpoint.endpoint_status, endpoint.failure_reason = "Failed", FAILED
            else:
                endpoint.endpoint_status = "InService"
                endpoint_interfaces.place(call, endpoint.endpoint_name, configuration)

        _begin(endpoint, "Creating", told, complete)
        return answer

    def settled(operation: Callable[[SageMakerResponse], ActionResult]) -> Callable[[SageMakerResponse], ActionResult]:
        def answer(call: SageMakerResponse) -> ActionResult:
            for endpoint in call.sagemaker_backend.endpoints.values():
                settle(endpoint)
            return operation(call)

        return answer

    def delete_endpoint(call: SageMakerResponse) -> ActionResult:
        endpoint = call.sagemaker_backend.endpoints.get(json.loads(call.body)["EndpointName"])
        if endpoint is not None and endpoint.endpoint_status in ("Creating", "Updating"):
            raise ValidationError(message=f"Cannot delete in-progress endpoint {endpoint.arn}.")
        answer: ActionResult = delete(call)
        return answer

    SageMakerResponse.create_endpoint = create_endpoint
    SageMakerResponse.update_endpoint = settled(_update_endpoint)
    SageMakerResponse.describe_endpoint = settled(describe)
    SageMakerResponse.list_endpoints = settled(list_endpoints)
    SageMakerResponse.delete_endpoint = settled(delete_endpoint)


def settle(endpoint: Any) -> None:  # noqa: ANN401 - moto's
    """Lets happen what is due."""
    change: Change | None = endpoint.__dict__.get("change")
    if change is not None and time.monotonic() >= change.until:
        endpoint.change = None
        change.complete()


def _begin(endpoint: Any, status: str, told: Played, complete: Callable[[], None]) -> None:  # noqa: ANN401 - moto's
    endpoint.endpoint_status = status
    endpoint.change = Change(until=time.monotonic() + told.endpoint_seconds, complete=complete)
    settle(endpoint)


def _update_endpoint(call: SageMakerResponse) -> ActionResult:
    request, told = json.loads(call.body), played(call.headers)
    name = request["EndpointName"]
    call.sagemaker_backend.describe_endpoint(name)
    call.sagemaker_backend.describe_endpoint_config(request["EndpointConfigName"])
    endpoint = ENDPOINT.find(call)
    configurations = call.sagemaker_backend.endpoint_configs
    after = configurations[request["EndpointConfigName"]]
    before = configurations.get(endpoint.endpoint_config_name)
    _refuse_what_cannot_be_updated(endpoint, request["EndpointConfigName"])
    if before is not None:
        _refuse_another_hosting(endpoint.arn, before.request, after.request)
        _refuse_what_is_registered(call, name, before.request, after.request)
    endpoint.last_modified_time = utcnow()

    def complete() -> None:
        why = _rolled_back_by(call, name, request, told.failing_model, [before, after])
        if told.outcome == "failed_rollbacks":
            endpoint.endpoint_status, endpoint.failure_reason = "UpdateRollbackFailed", f"{ROLLED_BACK}{why}"
            return
        endpoint.endpoint_status = "InService"
        if told.outcome == "rollbacks" or why:
            endpoint.failure_reason = f"{ROLLED_BACK}{why or 'a failure of the local AWS'}"
            return
        endpoint.failure_reason = None
        endpoint.endpoint_config_name = request["EndpointConfigName"]
        endpoint.production_variants = endpoint._process_production_variants(after.production_variants)
        endpoint.request["EndpointConfigName"] = request["EndpointConfigName"]
        if "DeploymentConfig" in request:
            endpoint.request["DeploymentConfig"] = request["DeploymentConfig"]
        roles = set() if before is None else endpoint_interfaces.roles_of(call, before.request)
        endpoint_interfaces.place(call, name, after.request)
        endpoint_interfaces.release(call, name, roles, but=request["EndpointConfigName"])

    _begin(endpoint, "Updating", told, complete)
    return ActionResult({"EndpointArn": endpoint.arn})


def _rolled_back_by(
    call: SageMakerResponse, name: str, request: Mapping[str, Any], failing_model: str, fleets: list[Any]
) -> str:
    """The names of the update's alarms that go off while both fleets answer; nothing where none does."""
    rollback = request.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
    for fleet in fleets:
        if fleet is not None:
            variant = fleet.request["ProductionVariants"][0]
            fails = failing_model != "" and failing_model in variant["ModelName"]
            endpoint_metrics.publish(
                call.current_account,
                call.region,
                endpoint=name,
                configuration=fleet.request["EndpointConfigName"],
                variant=variant["VariantName"],
                status=500 if fails else 200,
                count=REQUESTS,
            )
    alarms = [alarm["AlarmName"] for alarm in rollback.get("Alarms", [])]
    return ", ".join(alarm for alarm in alarms if endpoint_metrics.in_alarm(call.current_account, call.region, alarm))


def _refuse_what_cannot_be_updated(endpoint: Any, configuration_name: str) -> None:  # noqa: ANN401 - moto's
    """The second: seen in the wild, as in AWS's words for UpdateEndpoint: "you must create a new EndpointConfig"."""
    if endpoint.endpoint_status in ("Creating", "Updating"):
        raise ValidationError(message=f"Cannot update in-progress endpoint {endpoint.arn}.")
    if endpoint.endpoint_status == "Failed":
        raise ValidationError(message=f"Cannot update failed endpoint {endpoint.arn}: it can only be deleted.")
    if endpoint.endpoint_config_name == configuration_name:
        raise ValidationError(
            message=f'Cannot update endpoint with the currently in use endpoint configuration "{configuration_name}".'
        )


def _refuse_another_hosting(arn: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """The one way that SageMaker allows once, from serverless to instances, is refused too: there is no way back.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    serverless = ["ServerlessConfig" in item["ProductionVariants"][0] for item in (before, after)]
    if serverless[0] != serverless[1]:
        kinds = [("serverless" if kind else "instance-based") for kind in serverless]
        raise ValidationError(message=f"Endpoint {arn} is {kinds[0]} and cannot be updated to be {kinds[1]}.")


def _refuse_what_is_registered(
    call: SageMakerResponse, endpoint_name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html"""
    targets = applicationautoscaling_backends[call.current_account][call.region].targets
    registered = {resource_id for of_dimension in targets.values() for resource_id in of_dimension}
    kept = {variant["VariantName"]: variant.get("InstanceType") for variant in _variants(after)}
    for variant in _variants(before):
        name = variant["VariantName"]
        changed = name not in kept or kept[name] != variant.get("InstanceType")
        if changed and f"endpoint/{endpoint_name}/variant/{name}" in registered:
            raise ValidationError(
                message=f"The variant {name} is registered for autoscaling: deregister it before it is removed or its "
                "instance type is changed."
            )


def _variants(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*configuration["ProductionVariants"], *configuration.get("ShadowProductionVariants", [])]
