"""Approves or rejects a registered version, with who did and why: `make approve ENV=dev VERSION=3`, `make reject`.

What was decided is not decided again: the words of whoever came first stay. An approved version may be rejected, and a
rejected one approved.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3

from operations import command_line
from operations.answers import answer
from operations.caller import Caller
from operations.models import metric, versions
from operations.opened import opened
from operations.training_artifacts import GoneError, TrainingArtifacts
from operations.trainings import artifacts_of, name_of, not_deployed, refusals, version_of
from settings.problems import one_line
from stacks.environments import Environment, read_environment
from stacks.synthesized_stack import OperationError

# A verb of this command to SageMaker's status, which is said of a version in lower case too.
STATUSES = {"approve": "Approved", "reject": "Rejected"}
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
UPDATE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html"
DESCRIPTION_MAX_CHARACTERS = 1024
VERSION = re.compile("[1-9][0-9]{0,8}")
VERSIONS_SHOWN = 10
# Of the artifact that was approved, among the version's properties: a release compares it.
SHA256_PROPERTY = "sha256"
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
IMAGE = re.compile(r"[^/\s]+/(?P<repository>[^:@\s]+):(?P<tag>[^:@\s]+)")


def version(given: str) -> int:
    """Raises OperationError where it is no number of a version."""
    if not VERSION.fullmatch(given):
        raise OperationError(f"VERSION: {given!r}: must be the number of a version, as make models shows them")
    return int(given)


def description(verb: str, caller: Caller, why: str, now: datetime) -> str:
    """Who decided what, when and why. Raises OperationError where SageMaker would not take it."""
    if why != one_line(why):
        raise OperationError(f"WHY: {why!r}: must be one line of what can be printed (AWS limit: {UPDATE_PAGE})")
    text = f"{STATUSES[verb].lower()} by {caller.arn} on {now:%Y-%m-%d %H:%M} UTC"
    most = DESCRIPTION_MAX_CHARACTERS - len(f"{text}: ")
    if len(why) > most:
        raise OperationError(
            f"WHY: {len(why)} characters: must be at most {most}, as who decided is written before them "
            f"(AWS limit: {UPDATE_PAGE})"
        )
    return f"{text}: {why}" if why else text


def package(
    sagemaker: Any,  # noqa: ANN401
    environment: Environment,
    training: str,
    group: str,
    number: int,
    *,
    option: str = "VERSION",
) -> dict[str, Any]:
    """The version. Raises OperationError where there is no such one, with those that there are.

    `option` is what a person has named it with.
    """
    described = answer(sagemaker.describe_model_package_group, ModelPackageGroupName=group)
    if not described:
        raise OperationError(not_deployed(environment, training))
    # A group's ARN and a version's differ in the kind and in the number.
    arn = described["ModelPackageGroupArn"].replace(":model-package-group/", ":model-package/", 1)
    found = answer(sagemaker.describe_model_package, ModelPackageName=f"{arn}/{number}")
    if found:
        return found
    there = [version_of(item) for item in versions(sagemaker, group)]
    known = f"must be one of {', '.join(map(str, there[:VERSIONS_SHOWN]))}" if there else "there is none yet"
    raise OperationError(f"{option}: {number}: {known}{', ...' if len(there) > VERSIONS_SHOWN else ''}")


def refuse_what_cannot_serve(found: Mapping[str, Any], artifacts: TrainingArtifacts) -> None:
    """Raises OperationError where SageMaker has not registered it whole, or its artifact is gone."""
    which = f"version {version_of(found)}"
    if found["ModelPackageStatus"] != "Completed":
        raise OperationError(f"{which} is {found['ModelPackageStatus']}: only one that is Completed can be approved")
    for url in artifacts_of(found):
        try:
            artifacts.size(url)
        except GoneError as error:
            raise OperationError(f"{which}: its artifact is gone, and nothing can serve it: {url}") from error


def decide(
    sagemaker: Any,  # noqa: ANN401
    found: Mapping[str, Any],
    verb: str,
    text: str,
    kept: Mapping[str, str],
) -> Iterator[str]:
    """Writes the decision down, unless it stands there already, and `kept` beside it; a line that says which.

    AWS's page does not say whether properties that are not sent again stay: UPDATE_PAGE.
    """
    which, before = f"version {version_of(found)}", found.get("ModelApprovalStatus", "")
    said = found.get("ApprovalDescription", "")
    if before == STATUSES[verb]:
        yield f"{which} is {before} already, and nothing was changed{f': {said}' if said else ''}"
        return
    properties = {**found.get("CustomerMetadataProperties", {}), **kept}
    sagemaker.update_model_package(
        ModelPackageArn=found["ModelPackageArn"],
        ModelApprovalStatus=STATUSES[verb],
        ApprovalDescription=text,
        **({"CustomerMetadataProperties": properties} if kept else {}),
    )
    was = f", and was {before}{f' ({said})' if said else ''}" if before in STATUSES.values() else ""
    yield f"{which} ({metric(found)}) is {text}{was}"


def digest(found: Mapping[str, Any], artifacts: TrainingArtifacts) -> dict[str, str]:
    """Of the bytes that are approved, as it is kept beside the version; empty where it is not one artifact.

    Raises ClientError where that cannot be read.
    """
    urls = artifacts_of(found)
    return {SHA256_PROPERTY: artifacts.sha256(urls[0])} if len(urls) == 1 else {}


def next_steps(found: Mapping[str, Any], training: str, environment: Environment) -> Iterator[str]:
    """Of an approved version."""
    name, containers = environment.settings.name, found.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1 or not IMAGE.fullmatch(containers[0]["Image"]) or not artifacts_of(found):
        yield "releases.json cannot have it: it takes one of AWS's images with one artifact"
        return
    number = version_of(found)
    model = f"{training}/{number}" if len(environment.settings.trainings) > 1 else str(number)
    endpoint = " ENDPOINT=..." if len(environment.settings.endpoints) > 1 else ""
    yield f"next: make release ENV={name} MODEL={model}{endpoint}"


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--verb", choices=STATUSES, required=True)
    parser.add_argument("--version", default="", help="the number of a registered version")
    parser.add_argument("--training", default="", help="one of the settings' trainings; left out: the only one")
    parser.add_argument("--why", default="", help="kept with the decision")
    arguments = parser.parse_args()
    name, verb = arguments.environment, arguments.verb
    with command_line.errors_as_lines(name), refusals():
        environment = read_environment(name, os.environ)
        training, group = name_of(environment, arguments.training)
        number = version(arguments.version)
        stack, caller = opened(name, arguments.output)
        text = description(verb, caller, arguments.why, datetime.now(UTC))
        session = boto3.Session(region_name=stack.region)
        sagemaker, artifacts = session.client("sagemaker"), TrainingArtifacts(session.client("s3"))
        found = package(sagemaker, environment, training, group, number)
        kept: dict[str, str] = {}
        steps: Sequence[str] = ()
        if verb == "approve":
            refuse_what_cannot_serve(found, artifacts)
            kept, steps = digest(found, artifacts), [*next_steps(found, training, environment)]
        for line in (*decide(sagemaker, found, verb, text, kept), *steps):
            print(f"{name}: {line}")


if __name__ == "__main__":
    main()
