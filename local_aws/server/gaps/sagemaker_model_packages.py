"""Gap: moto forgets a model package's status and properties in an update that does not give them anew, and lets a group
replace another; neither packages nor groups can be deleted, and a request is described in part.

What is refused, and in which words, is AWS's: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html; a
group that is missing is a ValidationException that says "does not exist", as Terraform's provider reads it
(internal/service/sagemaker/model_package_group.go); one that has versions was seen to be kept with the words below.
A version's number is never given again.

An artifact that is not in S3 is refused too: AWS reads it as the caller while it makes the package. Its words for one
that is missing are on no page; those here are CreateModel's:
https://github.com/aws/amazon-sagemaker-examples/issues/2264
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.models import BaseObject
from moto.sagemaker.responses import SageMakerResponse

from local_aws.server.gaps import callers, training_storage
from local_aws.server.gaps.callers import user_context
from local_aws.server.gaps.training_storage import MissingDataError
from local_aws.server.pages import Keys, page, within

# Of a request, what is not described again.
NOT_DESCRIBED = ("ClientToken", "ModelPackageName", "ModelPackageGroupName", "Tags")
IN_A_SUMMARY = (
    "ModelPackageArn",
    "ModelPackageGroupName",
    "ModelPackageName",
    "ModelPackageVersion",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
)
REPLACED = (
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)


@dataclass(kw_only=True)
class Group(BaseObject):
    """moto keeps it, and reads its `arn` and `tags`."""

    name: str
    arn: str
    told: dict[str, Any]
    created: datetime
    tags: list[dict[str, str]]
    # Of the last version that was made.
    version: int = 0

    def gen_response_object(self) -> dict[str, Any]:
        return self.told


@dataclass(kw_only=True)
class Package(BaseObject):
    """moto keeps it, and reads its `arn` and `tags`."""

    name: str
    arn: str
    group: Group | None
    told: dict[str, Any]
    created: datetime
    tags: list[dict[str, str]] = field(default_factory=list)

    def gen_response_object(self) -> dict[str, Any]:
        return self.told


def fill() -> None:
    operations: dict[str, Callable[[SageMakerResponse], ActionResult | EmptyResult]] = {
        "create_model_package_group": _create_group,
        "describe_model_package_group": _describe_group,
        "delete_model_package_group": _delete_group,
        "list_model_package_groups": _list_groups,
        "create_model_package": _create,
        "update_model_package": _update,
        "describe_model_package": _describe,
        "delete_model_package": _delete,
        "list_model_packages": _list,
    }
    for name, operation in operations.items():
        setattr(SageMakerResponse, name, operation)


def _request(call: SageMakerResponse) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(call.body)
    return request


def _arn(call: SageMakerResponse, resource: str) -> str:
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.current_account}:{resource}"


def _groups(call: SageMakerResponse) -> dict[str, Group]:
    kept: Any = call.sagemaker_backend.model_package_groups
    groups: dict[str, Group] = kept
    return groups


def _packages(call: SageMakerResponse) -> dict[str, Package]:
    kept: Any = call.sagemaker_backend.model_packages
    packages: dict[str, Package] = kept
    return packages


def _group(call: SageMakerResponse, name: str) -> Group:
    """By its name or its ARN."""
    name = name.rpartition("/")[2]
    found = _groups(call).get(name)
    if found is None:
        raise ValidationError(message=f"ModelPackageGroup {_arn(call, f'model-package-group/{name}')} does not exist.")
    return found


def _package(call: SageMakerResponse, name: str) -> Package:
    """By its ARN, or by the name of one that is in no group."""
    arn = name if name.startswith("arn:") else _arn(call, f"model-package/{name.lower()}")
    found = _packages(call).get(arn)
    if found is None:
        raise ValidationError(message=f"ModelPackage {arn} does not exist.")
    return found


def _versions(call: SageMakerResponse, group: Group) -> list[Package]:
    return [item for item in _packages(call).values() if item.group is group]


def _create_group(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    name, now = request["ModelPackageGroupName"], utcnow()
    arn = _arn(call, f"model-package-group/{name}")
    if name in _groups(call):
        raise ValidationError(message=f"Model Package Group already exists: {arn}")
    told = {key: value for key, value in request.items() if key != "Tags"} | {
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": now,
        "CreatedBy": user_context(call),
    }
    _groups(call)[name] = Group(name=name, arn=arn, told=told, created=now, tags=request.get("Tags", []))
    return ActionResult({"ModelPackageGroupArn": arn})


def _describe_group(call: SageMakerResponse) -> ActionResult:
    return ActionResult(_group(call, _request(call)["ModelPackageGroupName"]).told)


def _delete_group(call: SageMakerResponse) -> EmptyResult:
    group = _group(call, _request(call)["ModelPackageGroupName"])
    if _versions(call, group):
        raise ConflictException(
            f"Model Package Group {group.arn} cannot be deleted because it still contains Model Packages."
        )
    del _groups(call)[group.name]
    return EmptyResult()


def _list_groups(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    found = [item for item in _groups(call).values() if _wanted(item, request)]
    keys: Keys[Group] = {"Name": lambda item: item.name, "CreationTime": lambda item: item.created}
    listed, more = page(found, request, keys=keys, default_key="CreationTime", default_order="Ascending")
    summaries = [{key: value for key, value in item.told.items() if key != "CreatedBy"} for item in listed]
    return ActionResult({"ModelPackageGroupSummaryList": summaries, **more})


def _wanted(item: Group | Package, request: Mapping[str, Any]) -> bool:
    return request.get("NameContains", "") in item.name and within(
        item.created, request, after="CreationTimeAfter", before="CreationTimeBefore"
    )


def _create(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    group_name, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
    if (group_name is None) is (name is None):
        raise ValidationError(message="ModelPackageGroupName or ModelPackageName must be given, and not both.")
    _refuse_missing_artifacts(call, request)
    now = utcnow()
    told = {key: value for key, value in request.items() if key not in NOT_DESCRIBED} | {
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": request.get("CertifyForMarketplace", False),
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": user_context(call),
    }
    if group_name is None:
        made = _unversioned(call, str(name), told, request.get("Tags", []))
    else:
        made = _version(_group(call, group_name), call, told)
    _packages(call)[made.arn] = made
    return ActionResult({"ModelPackageArn": made.arn})


def _refuse_missing_artifacts(call: SageMakerResponse, request: Mapping[str, Any]) -> None:
    """Raises ValidationError."""
    for container in request.get("InferenceSpecification", {}).get("Containers", []):
        uri = container.get("ModelDataUrl", "")
        if uri.startswith("s3://"):
            try:
                training_storage.read(call.current_account, uri)
            except MissingDataError:
                raise ValidationError(message=f"Could not find model data at {uri}.") from None


def _unversioned(call: SageMakerResponse, name: str, told: dict[str, Any], tags: list[dict[str, str]]) -> Package:
    arn = _arn(call, f"model-package/{name.lower()}")
    if arn in _packages(call):
        raise ValidationError(message=f"Model Package already exists: {arn}")
    told |= {"ModelPackageName": name, "ModelPackageArn": arn}
    return Package(name=name, arn=arn, group=None, told=told, created=told["CreationTime"], tags=tags)


def _version(group: Group, call: SageMakerResponse, told: dict[str, Any]) -> Package:
    """Its description has no name of its own: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html

    One that a pipeline made says so, as seen in descriptions.
    """
    group.version += 1
    arn = _arn(call, f"model-package/{group.name.lower()}/{group.version}")
    told |= {
        "ModelPackageGroupName": group.name,
        "ModelPackageVersion": group.version,
        "ModelPackageArn": arn,
        "ModelApprovalStatus": told.get("ModelApprovalStatus", "PendingManualApproval"),
    }
    session = callers.current.get()
    if session is not None:
        told["MetadataProperties"] = {"GeneratedBy": session.execution_arn} | told.get("MetadataProperties", {})
    return Package(name=group.name, arn=arn, group=group, told=told, created=told["CreationTime"])


def _update(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    package = _package(call, request["ModelPackageArn"])
    if package.group is None:
        raise ValidationError(message=f"ModelPackage {package.arn} is in no group: only versions can be updated.")
    told = package.told
    told |= {key: request[key] for key in REPLACED if key in request}
    removed = request.get("CustomerMetadataPropertiesToRemove", [])
    kept = {key: value for key, value in told.pop("CustomerMetadataProperties", {}).items() if key not in removed}
    properties = kept | request.get("CustomerMetadataProperties", {})
    if properties:
        told["CustomerMetadataProperties"] = properties
    if "AdditionalInferenceSpecificationsToAdd" in request:
        told["AdditionalInferenceSpecifications"] = [
            *told.get("AdditionalInferenceSpecifications", []),
            *request["AdditionalInferenceSpecificationsToAdd"],
        ]
    told |= {"LastModifiedTime": utcnow(), "LastModifiedBy": user_context(call)}
    return ActionResult({"ModelPackageArn": package.arn})


def _describe(call: SageMakerResponse) -> ActionResult:
    return ActionResult(_package(call, _request(call)["ModelPackageName"]).told)


def _delete(call: SageMakerResponse) -> EmptyResult:
    package = _package(call, _request(call)["ModelPackageName"])
    del _packages(call)[package.arn]
    return EmptyResult()


def _list(call: SageMakerResponse) -> ActionResult:
    request = _request(call)
    name, status = request.get("ModelPackageGroupName"), request.get("ModelApprovalStatus")
    if name is not None:
        found = _versions(call, _group(call, name))
    else:
        versioned = {"Versioned": (True,), "Both": (True, False)}.get(request.get("ModelPackageType", ""), (False,))
        every = _packages(call).values()
        found = [item for item in every if (item.group is not None) in versioned]
    found = [
        item
        for item in found
        if _wanted(item, request) and (status is None or item.told.get("ModelApprovalStatus") == status)
    ]
    keys: Keys[Package] = {"Name": lambda item: (item.name, item.created), "CreationTime": lambda item: item.created}
    listed, more = page(found, request, keys=keys, default_key="CreationTime", default_order="Ascending")
    summaries = [{key: item.told[key] for key in IN_A_SUMMARY if key in item.told} for item in listed]
    return ActionResult({"ModelPackageSummaryList": summaries, **more})
