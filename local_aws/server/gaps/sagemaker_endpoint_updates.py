"""Gap: moto has no UpdateEndpoint: it answers 500, which Terraform's provider retries for minutes, like a hang.

Here an update is done at once, refused where SageMaker refuses it, and rolled back where the failure switch says so.
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.failures import ROLL_BACK
from local_aws.server.gaps.sagemaker_answers import ENDPOINT

ROLLED_BACK = "One or more configured alarm(s) went into ALARM state during deployment: a failure of the local AWS"


def fill() -> None:
    SageMakerResponse.update_endpoint = _update_endpoint


def _update_endpoint(call: SageMakerResponse) -> ActionResult:
    request = json.loads(call.body)
    call.sagemaker_backend.describe_endpoint(request["EndpointName"])
    call.sagemaker_backend.describe_endpoint_config(request["EndpointConfigName"])
    endpoint = ENDPOINT.find(call)
    configurations = call.sagemaker_backend.endpoint_configs
    after = configurations[request["EndpointConfigName"]]
    before = configurations.get(endpoint.endpoint_config_name)
    if before is not None:
        _refuse_another_hosting(endpoint.arn, before.request, after.request)
        _refuse_what_is_registered(call, request["EndpointName"], before.request, after.request)
    endpoint.last_modified_time = utcnow()
    if ROLL_BACK in call.headers:
        endpoint.failure_reason = ROLLED_BACK
        return ActionResult({"EndpointArn": endpoint.arn})
    endpoint.failure_reason = None
    endpoint.endpoint_config_name = request["EndpointConfigName"]
    endpoint.production_variants = endpoint._process_production_variants(after.production_variants)
    endpoint.request["EndpointConfigName"] = request["EndpointConfigName"]
    if "DeploymentConfig" in request:
        endpoint.request["DeploymentConfig"] = request["DeploymentConfig"]
    return ActionResult({"EndpointArn": endpoint.arn})


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
