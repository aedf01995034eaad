"""Which of an environment's trainings a command works with, and what AWS has of them.

A training's pipeline and its group of model packages have one name: settings/names.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from operations.answers import answer
from settings.suggestions import one_of
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError

DENIED = ("AccessDenied", "AccessDeniedException")
POLICY_PAGE = "docs/training.md, Who may train"


def names_of(environment: Environment, wanted: str) -> Mapping[str, str]:
    """By the trainings' names in the settings: those in AWS. Of all of them, or of the one that is wanted.

    Raises OperationError where there is no such training, or none at all.
    """
    settings = environment.settings
    known = [training.name for training in settings.trainings]
    if not known:
        raise OperationError(f"no training: stacks/{settings.name}.py lists none in trainings")
    if wanted and wanted not in known:
        raise OperationError(f"TRAINING: {wanted!r}: {one_of(wanted, known)}")
    return {name: settings.names.training(name) for name in ([wanted] if wanted else known)}


def name_of(environment: Environment, wanted: str) -> tuple[str, str]:
    """In the settings, and in AWS. Raises OperationError too where there are several and none of them is wanted."""
    found = names_of(environment, wanted)
    if len(found) > 1:
        raise OperationError(f"TRAINING: {', '.join(found)}: one of them must be named: TRAINING={next(iter(found))}")
    return next(iter(found.items()))


def option(environment: Environment, training: str) -> str:
    """What a command that is told to a person needs to mean this training."""
    return f" TRAINING={training}" if len(environment.settings.trainings) > 1 else ""


def not_deployed(environment: Environment, training: str) -> str:
    return f"training {training}: not deployed yet: make deploy ENV={environment.settings.name}"


def pages(operation: Any, field: str, **arguments: object) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - boto3's
    """What a list of SageMaker's has, whichever page it is on; nothing where what is listed is not there."""
    token: Mapping[str, str] = {}
    while True:
        page = answer(operation, **arguments, **token)
        yield from page.get(field, [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def said(error: Exception) -> str:
    """What went wrong; of what AWS does not let the caller do, who asked for what, and where that is granted."""
    if not (isinstance(error, ClientError) and error.response["Error"]["Code"] in DENIED):
        return str(error)
    message = error.response["Error"].get("Message") or str(error)
    return f"not allowed: {message.rstrip('.')}: {POLICY_PAGE}, has the policy"


@contextmanager
def refusals() -> Iterator[None]:
    """What AWS does not let the caller do becomes such a line."""
    try:
        yield
    except ClientError as error:
        raise OperationError(said(error)) from error


def version_of(package: Mapping[str, Any]) -> int:
    """Of a model package of a group: the last part of its ARN, as AWS's answers to some calls have no more."""
    return int(package["ModelPackageArn"].rpartition("/")[2])


def artifacts_of(package: Mapping[str, Any]) -> Sequence[str]:
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return [container["ModelDataUrl"] for container in containers if container.get("ModelDataUrl")]
