"""The registered versions of every training's model, and what became of them: `make models ENV=dev`.

A version is served by an endpoint of the environment that has a model of its very artifact, or of the version itself.
What releases.json brings is a copy of an artifact, and is not told apart here: make status has those.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3

from operations import command_line
from operations.answers import answer
from operations.columns import aligned
from operations.opened import opened
from operations.training_run import duration
from operations.trainings import artifacts_of, names_of, not_deployed, option, pages, refusals, version_of
from settings.problems import one_line
from stacks.environments import Environment, read_environment

HEADER = ("version", "status", "metric", "age", "training job", "serves", "said")
NONE = "-"
# Of one training, the newest: each is asked for by itself.
VERSIONS_MAX_COUNT = 50
# Artifacts, and model packages, to the endpoints that serve them.
Served = Mapping[str, Sequence[str]]


def versions(sagemaker: Any, group: str) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3 has no types
    """The newest first, as DescribeModelPackage has them, and at most one more than VERSIONS_MAX_COUNT."""
    listed = pages(
        sagemaker.list_model_packages,
        "ModelPackageSummaryList",
        ModelPackageGroupName=group,
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    arns = [item["ModelPackageArn"] for item, _ in zip(listed, range(VERSIONS_MAX_COUNT + 1), strict=False)]
    described = [answer(sagemaker.describe_model_package, ModelPackageName=arn) for arn in arns]
    return [package for package in described if package]


def served(sagemaker: Any, environment: Environment) -> Served:  # noqa: ANN401
    """By the environment's endpoints: what their models were made of."""
    found: dict[str, list[str]] = {}
    for name in (endpoint.name for endpoint in environment.settings.names.endpoints.values()):
        endpoint = answer(sagemaker.describe_endpoint, EndpointName=name)
        configuration = endpoint.get("EndpointConfigName")
        described = (
            answer(sagemaker.describe_endpoint_config, EndpointConfigName=configuration) if configuration else {}
        )
        variants = [*described.get("ProductionVariants", []), *described.get("ShadowProductionVariants", [])]
        for model_name in [variant["ModelName"] for variant in variants if "ModelName" in variant]:
            model = answer(sagemaker.describe_model, ModelName=model_name)
            for container in [*model.get("Containers", []), model.get("PrimaryContainer", {})]:
                for field in ("ModelDataUrl", "ModelPackageName"):
                    if container.get(field):
                        found.setdefault(container[field], []).append(name)
    return found


def metric(package: Mapping[str, Any]) -> str:
    """As the pipeline wrote it down beside the model: constructs/training/."""
    kept = package.get("CustomerMetadataProperties", {})
    if "metric" not in kept or "value" not in kept:
        return NONE
    try:
        value = f"{float(kept['value']):.6g}"
    except ValueError:
        value = kept["value"]
    return f"{kept['metric']} {value}"


def status(package: Mapping[str, Any]) -> str:
    """Whether a person has decided, or, where SageMaker could not register it whole, that."""
    registered: str = package["ModelPackageStatus"]
    return str(package.get("ModelApprovalStatus", NONE)) if registered == "Completed" else registered


def row(package: Mapping[str, Any], of_served: Served, now: datetime) -> Sequence[str]:
    endpoints = [
        name for key in (*artifacts_of(package), package["ModelPackageArn"]) for name in of_served.get(key, ())
    ]
    cells = (
        str(version_of(package)),
        status(package),
        metric(package),
        duration((now - package["CreationTime"]).total_seconds()),
        package.get("CustomerMetadataProperties", {}).get("training_job", NONE),
        ", ".join(dict.fromkeys(endpoints)) or NONE,
        package.get("ApprovalDescription") or NONE,
    )
    return [one_line(cell) for cell in cells]


def lines(sagemaker: Any, environment: Environment, wanted: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401
    """Of each training its table, or why it has none."""
    of_served = served(sagemaker, environment)
    for training, group in wanted.items():
        if not answer(sagemaker.describe_model_package_group, ModelPackageGroupName=group):
            yield not_deployed(environment, training)
            continue
        found = versions(sagemaker, group)
        if not found:
            name = environment.settings.name
            yield f"training {training}: no version yet: make train ENV={name}{option(environment, training)}"
            continue
        yield f"training {training}: group {group}"
        yield from aligned(
            [HEADER, *(row(package, of_served, datetime.now(UTC)) for package in found[:VERSIONS_MAX_COUNT])]
        )
        if len(found) > VERSIONS_MAX_COUNT:
            yield (
                f"these are the newest {VERSIONS_MAX_COUNT}; all of them: aws sagemaker list-model-packages --region "
                f"{environment.settings.region} --model-package-group-name {group}"
            )


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--training", default="", help="one of the settings' trainings; left out: all of them")
    arguments = parser.parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name), refusals():
        environment = read_environment(name, os.environ)
        wanted = names_of(environment, arguments.training)
        stack, _ = opened(name, arguments.output)
        for line in lines(boto3.client("sagemaker", region_name=stack.region), environment, wanted):
            print(f"{name}: {line}")


if __name__ == "__main__":
    main()
