"""Gap: moto forgets part of what a SageMaker resource was created with, and makes up empty values for the rest.

DescribeModel always says EnableNetworkIsolation false and adds an empty VpcConfig, DescribeEndpointConfig adds an empty
DataCaptureConfig and drops shadow variants, DescribeNotebookInstance drops the metadata service's version: Terraform's
next plan would replace them all. Here the request is kept, and Describe answers with it over moto's own fields.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A SageMaker resource: its operations' stem, its name's field, and where moto's backend keeps it."""

    stem: str
    name_field: str
    store: str
    # Fields that the request and the description call differently; None: not described.
    renamed: Mapping[str, str | None] = field(default_factory=dict)

    def find(self, call: SageMakerResponse) -> Any:  # noqa: ANN401
        return getattr(call.sagemaker_backend, self.store)[json.loads(call.body)[self.name_field]]


MODEL = Kind(stem="model", name_field="ModelName", store="_models")
CONFIGURATION = Kind(stem="endpoint_config", name_field="EndpointConfigName", store="endpoint_configs")
ENDPOINT = Kind(
    stem="endpoint",
    name_field="EndpointName",
    store="endpoints",
    renamed={"DeploymentConfig": "LastDeploymentConfig"},
)
NOTEBOOK = Kind(
    stem="notebook_instance",
    name_field="NotebookInstanceName",
    store="notebook_instances",
    renamed={"SecurityGroupIds": "SecurityGroups", "LifecycleConfigName": "NotebookInstanceLifecycleConfigName"},
)


def fill() -> None:
    for kind in (MODEL, CONFIGURATION, ENDPOINT, NOTEBOOK):
        _remember_requests(kind)
    describe = SageMakerResponse.describe_endpoint

    def describe_endpoint(call: SageMakerResponse) -> ActionResult:
        answer = describe(call).result
        counts = {
            item["VariantName"]: item.get("DesiredInstanceCount") for item in ENDPOINT.find(call).production_variants
        }
        configuration = call.sagemaker_backend.endpoint_configs.get(answer["EndpointConfigName"])
        if configuration is not None:
            for variants in ("ProductionVariants", "ShadowProductionVariants"):
                if variants in configuration.request:
                    answer[variants] = [
                        _running(variant, counts.get(variant["VariantName"]))
                        for variant in configuration.request[variants]
                    ]
        return ActionResult(answer)

    SageMakerResponse.describe_endpoint = describe_endpoint


def _remember_requests(kind: Kind) -> None:
    create = getattr(SageMakerResponse, f"create_{kind.stem}")
    describe = getattr(SageMakerResponse, f"describe_{kind.stem}")

    def create_and_remember(call: SageMakerResponse) -> ActionResult:
        answer: ActionResult = create(call)
        kind.find(call).request = json.loads(call.body)
        return answer

    def describe_as_requested(call: SageMakerResponse) -> ActionResult:
        answer = {key: value for key, value in describe(call).result.items() if value not in ({}, [], None, False)}
        for key, value in kind.find(call).request.items():
            name = kind.renamed.get(key, key)
            if name is not None and key != "Tags":
                answer[name] = copy.deepcopy(value)
        return ActionResult(answer)

    setattr(SageMakerResponse, f"create_{kind.stem}", create_and_remember)
    setattr(SageMakerResponse, f"describe_{kind.stem}", describe_as_requested)


def _running(variant: Mapping[str, Any], instance_count: int | None) -> dict[str, Any]:
    """A variant of a configuration as an endpoint in service describes it, with the instances that it has by now."""
    described = {"VariantName": variant["VariantName"]}
    for requested, shown in (
        ("InitialInstanceCount", "InstanceCount"),
        ("InitialVariantWeight", "Weight"),
        ("ServerlessConfig", "ServerlessConfig"),
    ):
        if requested in variant:
            described |= {f"Current{shown}": variant[requested], f"Desired{shown}": variant[requested]}
    if instance_count is not None:
        described |= {"CurrentInstanceCount": instance_count, "DesiredInstanceCount": instance_count}
    return described
