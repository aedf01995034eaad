"""The registered versions of every training's model, and what became of them: `make models ENV=dev`.

A version is served by an endpoint of the environment that has a model of its bytes, of its very artifact, or of the
version itself: a release is a copy of an artifact, under another key.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations import command_line
from operations.answers import answer
from operations.columns import aligned
from operations.opened import opened
from operations.training_artifacts import GoneError, TrainingArtifacts
from operations.training_run import duration
from operations.trainings import DENIED, artifacts_of, names_of, not_deployed, option, pages, refusals, said, version_of
from settings.problems import one_line
from stacks.environments import Environment, read_environment
from stacks.synthesized_stack import OperationError

EXECUTION, JOB = "execution", "training job"
HEADER = ("version", "status", "metric", "age", JOB, "serves", "said")
# Of a line with the environment's name before it. The job, whose name has some 60 characters, is there where it fits;
# else the execution, whose id is in the job's name, and nothing where that does not fit either.
WIDTH = 120
NONE = "-"
# Of one training, the newest: each is asked for by itself.
VERSIONS_MAX_COUNT = 50
# What operations/approval.py writes down: who, on which day, why.
DECIDED = re.compile(r"(?:approved|rejected) by (\S+) on (\d{4}-\d\d-\d\d) \d\d:\d\d UTC(?:: (.+))?")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A variant of an endpoint: `made_of` is the artifact of its model, or the ARN of a model package."""

    variant: str
    made_of: str


@dataclass(frozen=True, kw_only=True)
class Served:
    """What an environment's endpoints serve. `uncompared` has, by the variant, why it could not be compared."""

    servings: Sequence[Serving]
    artifacts: TrainingArtifacts
    uncompared: dict[str, str]

    def by(self, package: Mapping[str, Any]) -> str:
        """The variants that serve the version; of one that could not be compared, it is asked."""
        found = [variant for serving in self.servings if (variant := self._variant(serving, package))]
        return ", ".join(dict.fromkeys(found)) or NONE

    def _variant(self, serving: Serving, package: Mapping[str, Any]) -> str:
        urls = artifacts_of(package)
        if serving.made_of in (package["ModelPackageArn"], *urls):
            return serving.variant
        if not serving.made_of.startswith("s3://"):
            return ""
        try:
            return serving.variant if any(self.artifacts.are_the_same(serving.made_of, url) for url in urls) else ""
        except GoneError as error:
            if error.url != serving.made_of:
                return "artifact gone"
            why = str(error)
        except OperationError as error:
            why = str(error)
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
            why = said(error)
        self.uncompared.setdefault(serving.variant, why)
        return f"{serving.variant} ?"


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


def served(sagemaker: Any, s3: Any, environment: Environment) -> Served:  # noqa: ANN401
    """By the environment's endpoints: what their models were made of."""
    found: list[Serving] = []
    for name in (endpoint.name for endpoint in environment.settings.names.endpoints.values()):
        endpoint = answer(sagemaker.describe_endpoint, EndpointName=name)
        configuration = endpoint.get("EndpointConfigName")
        described = (
            answer(sagemaker.describe_endpoint_config, EndpointConfigName=configuration) if configuration else {}
        )
        for field, shown in (("ProductionVariants", name), ("ShadowProductionVariants", f"{name} shadow")):
            for model_name in [item["ModelName"] for item in described.get(field, []) if "ModelName" in item]:
                model = answer(sagemaker.describe_model, ModelName=model_name)
                for container in [*model.get("Containers", []), model.get("PrimaryContainer", {})]:
                    made_of = [container[key] for key in ("ModelDataUrl", "ModelPackageName") if container.get(key)]
                    found += [Serving(variant=shown, made_of=item) for item in made_of]
    return Served(servings=found, artifacts=TrainingArtifacts(s3), uncompared={})


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


def decision(package: Mapping[str, Any]) -> str:
    """Who decided, on which day and why; of what another program wrote, that."""
    text = package.get("ApprovalDescription") or NONE
    decided = DECIDED.fullmatch(text)
    if not decided:
        return text
    who = re.split("[:/]", decided[1])[-1]
    return f"{who} {decided[2]}{f': {decided[3]}' if decided[3] else ''}"


def row(package: Mapping[str, Any], of_served: Served, now: datetime) -> Sequence[str]:
    cells = (
        str(version_of(package)),
        status(package),
        metric(package),
        " ".join(duration((now - package["CreationTime"]).total_seconds()).split()[:2]),
        package.get("CustomerMetadataProperties", {}).get("training_job", NONE),
        of_served.by(package),
        decision(package),
    )
    return [one_line(cell) for cell in cells]


def table(packages: Sequence[Mapping[str, Any]], of_served: Served, now: datetime, *, width: int) -> Sequence[str]:
    rows = [HEADER, *(row(package, of_served, now) for package in packages)]
    column = HEADER.index(JOB)
    executions = [
        package.get("CustomerMetadataProperties", {}).get("pipeline_execution", NONE).rpartition("/")[2]
        for package in packages
    ]
    found: Sequence[str] = ()
    for middle in ([cells[column] for cells in rows], [EXECUTION, *map(one_line, executions)], None):
        of_each = [[]] * len(rows) if middle is None else [[cell] for cell in middle]
        narrower = [[*cells[:column], *own, *cells[column + 1 :]] for cells, own in zip(rows, of_each, strict=True)]
        found = [*aligned(narrower)]
        if max(map(len, found)) <= width:
            break
    return found


def lines(
    sagemaker: Any,  # noqa: ANN401
    s3: Any,  # noqa: ANN401
    environment: Environment,
    wanted: Mapping[str, str],
) -> Iterator[str]:
    """Of each training its table, or why it has none; and what could not be compared, and why."""
    of_served = served(sagemaker, s3, environment)
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
        width = WIDTH - len(f"{environment.settings.name}: ")
        yield from table(found[:VERSIONS_MAX_COUNT], of_served, datetime.now(UTC), width=width)
        if len(found) > VERSIONS_MAX_COUNT:
            yield (
                f"these are the newest {VERSIONS_MAX_COUNT}; all of them: aws sagemaker list-model-packages --region "
                f"{environment.settings.region} --model-package-group-name {group}"
            )
    yield from (f"{variant} ?: {why}" for variant, why in of_served.uncompared.items())


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--training", default="", help="one of the settings' trainings; left out: all of them")
    arguments = parser.parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name), refusals():
        environment = read_environment(name, os.environ)
        wanted = names_of(environment, arguments.training)
        stack, _ = opened(name, arguments.output)
        session = boto3.Session(region_name=stack.region)
        for line in lines(session.client("sagemaker"), session.client("s3"), environment, wanted):
            print(f"{name}: {line}")


if __name__ == "__main__":
    main()
