"""Gap: moto's scalable targets have no tags, and provisioned concurrency is no dimension that it knows.

ListTagsForResource on one is a 500, which Terraform's provider retries for minutes.
"""

import enum
import json

from moto.applicationautoscaling import models, responses
from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"


def fill() -> None:
    known = {member.name: member.value for member in models.ScalableDimensionValueSet}
    dimensions = enum.Enum(  # type: ignore[misc]
        "ScalableDimensionValueSet", known | {"SAGEMAKER_VARIANT_PROVISIONED_CONCURRENCY": PROVISIONED_CONCURRENCY}
    )
    models.ScalableDimensionValueSet = responses.ScalableDimensionValueSet = dimensions  # type: ignore[misc]
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_with_tags(call: ApplicationAutoScalingResponse) -> str:
        answer = register(call)
        _tags(call, json.loads(answer)["ScalableTargetARN"]).update(json.loads(call.body).get("Tags") or {})
        return answer

    ApplicationAutoScalingResponse.register_scalable_target = register_with_tags
    ApplicationAutoScalingResponse.list_tags_for_resource = _list_tags
    ApplicationAutoScalingResponse.tag_resource = _tag
    ApplicationAutoScalingResponse.untag_resource = _untag


def _tags(call: ApplicationAutoScalingResponse, arn: str) -> dict[str, str]:
    for of_dimension in call.applicationautoscaling_backend.targets.values():
        for target in of_dimension.values():
            if target.arn == arn:
                tags: dict[str, str] = target.__dict__.setdefault("tags", {})
                return tags
    raise AWSValidationException(f"The resource {arn} is not found.")


def _list_tags(call: ApplicationAutoScalingResponse) -> str:
    return json.dumps({"Tags": _tags(call, json.loads(call.body)["ResourceARN"])})


def _tag(call: ApplicationAutoScalingResponse) -> str:
    request = json.loads(call.body)
    _tags(call, request["ResourceARN"]).update(request["Tags"])
    return "{}"


def _untag(call: ApplicationAutoScalingResponse) -> str:
    request = json.loads(call.body)
    for key in request["TagKeys"]:
        _tags(call, request["ResourceARN"]).pop(key, None)
    return "{}"
