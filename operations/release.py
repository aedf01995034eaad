"""Releases an approved version: `make release ENV=dev [MODEL=breast-cancer/3] [ENDPOINT=linear-learner] [DEPLOY=1]`.

The version becomes an entry of releases.json, and the production model of an endpoint of the environment that trained
it; what was in production is its previous one. MODEL is a training, a version's number, or both; left out, the newest
approved version. What is written down is what SageMaker has of it, and the digest of its artifact, which is read.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations import command_line
from operations.answers import answer
from operations.approval import IMAGE, SHA256_PROPERTY, VERSION, package
from operations.caller import caller_of
from operations.reach import refuse_elsewhere, session_for
from operations.release_change import (
    PREVIOUS,
    ROLLED_BACK,
    Release,
    deploy,
    endpoint_of,
    promotions,
    put,
    release_in,
    wants_deploy,
    what_comes_next,
    with_production,
)
from operations.releases_file import held_releases
from operations.training_artifacts import GoneError, TrainingArtifacts
from operations.training_commit import commit_of
from operations.trainings import artifacts_of, names_of, not_deployed, pages, refusals, version_of
from settings.aws_tables import IMAGE_REGIONS
from settings.limits import ARTIFACT_COPY_MAX_BYTES, COPY_OBJECT
from settings.names import PRODUCTION
from settings.releases import FILE_NAME
from settings.suggestions import one_of
from settings.trained_artifact import TRAINING_OUTPUT
from settings.training import ScriptTraining
from stacks import environments
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError

APPROVED = "Approved"
# Of an entry's `trained`: found here, and no part of what the registry has.
COMMIT = "commit"


def chosen(environment: Environment, given: str) -> tuple[str, int | None]:
    """The training and the number of a version; None: the newest approved one. Raises OperationError."""
    known = [*names_of(environment, "")]
    name, slash, number = given.partition("/")
    if not slash and name not in known and VERSION.fullmatch(name):
        name, number = "", name
    if (slash and not (name and number)) or (number and not VERSION.fullmatch(number)):
        raise OperationError(f"MODEL: {given!r}: must be a training, the number of a version, or both: {known[0]}/3")
    if not name and len(known) > 1:
        example = f"{known[0]}/{number}" if number else known[0]
        raise OperationError(f"MODEL: {', '.join(known)}: one of them must be named: MODEL={example}")
    if name and name not in known:
        raise OperationError(f"MODEL: {given!r}: {one_of(name, known)}, or the number of a version")
    return name or known[0], int(number) if number else None


def newest_approved(sagemaker: Any, environment: Environment, training: str, group: str) -> dict[str, Any]:  # noqa: ANN401
    """By its number, of all that are approved. Raises OperationError where none is."""
    if not answer(sagemaker.describe_model_package_group, ModelPackageGroupName=group):
        raise OperationError(not_deployed(environment, training))
    listed = pages(
        sagemaker.list_model_packages,
        "ModelPackageSummaryList",
        ModelPackageGroupName=group,
        ModelApprovalStatus=APPROVED,
    )
    newest = max(listed, key=version_of, default=None)
    found = answer(sagemaker.describe_model_package, ModelPackageName=newest["ModelPackageArn"]) if newest else {}
    if not found:
        name = environment.settings.name
        raise OperationError(
            f"training {training}: no version is approved: make models ENV={name} shows what there is, and make "
            f"approve ENV={name} VERSION=... approves one"
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A version that is to be released, in the registry of the environment that trained it."""

    environment: Environment
    account_id: str
    training: str
    found: Mapping[str, Any]
    artifacts: TrainingArtifacts

    @property
    def number(self) -> int:
        return version_of(self.found)

    @property
    def name(self) -> str:
        """In releases.json."""
        return f"{self.training}-{self.environment.settings.name}-{self.number}"

    @property
    def kept(self) -> Mapping[str, str]:
        """What the pipeline and the approval wrote down beside it."""
        properties: Mapping[str, str] = self.found.get("CustomerMetadataProperties", {})
        return properties

    def entry(self) -> tuple[dict[str, Any], list[str]]:
        """As releases.json has it, but for the commit; and lines of what a person should know.

        Raises OperationError with what is in the way of its release.
        """
        which = f"{self.training}/{self.number}"
        if self.found["ModelPackageStatus"] != "Completed":
            raise OperationError(f"{which} is {self.found['ModelPackageStatus']}: only one that is Completed can serve")
        status = self.found.get("ModelApprovalStatus")
        if status != APPROVED:
            name = self.environment.settings.name
            raise OperationError(
                f"{which} is {status}: only an approved version is released: make approve ENV={name} "
                f"VERSION={self.number}"
            )
        url, container = self._artifact(which)
        size = self._size(which, url)
        sha256, notes = self.artifacts.sha256(url), []
        if SHA256_PROPERTY not in self.kept:
            notes.append(f"{which} was approved by another program than make approve: its digest was taken now")
        elif sha256 != self.kept[SHA256_PROPERTY]:
            raise OperationError(
                f"{which}: its artifact was changed since it was approved: {url} has the digest {sha256}, and "
                f"{self.kept[SHA256_PROPERTY]} was approved: train again, and approve that"
            )
        variables = container.get("Environment")
        return {
            "artifact": url[url.index(TRAINING_OUTPUT) :],
            **({"environment": variables} if variables else {}),
            "image": self._image(which, container["Image"]),
            "sha256": sha256,
            "trained": {
                "environment": self.environment.settings.name,
                "metric": self._metric(which),
                "model_package": self.found["ModelPackageArn"],
                "size": size,
            },
        }, notes

    def _artifact(self, which: str) -> tuple[str, Mapping[str, Any]]:
        containers = self.found.get("InferenceSpecification", {}).get("Containers", [])
        urls, bucket = artifacts_of(self.found), self.environment.settings.names.bucket(self.account_id)
        if len(containers) != 1 or len(urls) != 1:
            raise OperationError(
                f"{which} has {len(containers)} containers with {len(urls)} artifacts: {FILE_NAME} takes one of AWS's "
                "images with one artifact"
            )
        if not urls[0].startswith(f"s3://{bucket}/{TRAINING_OUTPUT}"):
            raise OperationError(
                f"{which}: its artifact is {urls[0]}: must be below s3://{bucket}/{TRAINING_OUTPUT}, which alone is "
                "never written over, and which other environments may read"
            )
        return urls[0], containers[0]

    def _size(self, which: str, url: str) -> int:
        try:
            size = self.artifacts.size(url)
        except GoneError as error:
            raise OperationError(f"{which}: its artifact is gone, and nothing can serve it: {url}") from error
        if size > ARTIFACT_COPY_MAX_BYTES:
            raise OperationError(
                f"{which}: its artifact has {size} bytes: must be at most {ARTIFACT_COPY_MAX_BYTES}, as S3 copies no "
                f"more at once (AWS limit: {COPY_OBJECT})"
            )
        return size

    def _image(self, which: str, image: str) -> Mapping[str, str]:
        parts = IMAGE.fullmatch(image)
        if parts is None or parts["repository"] not in IMAGE_REGIONS or image.startswith(f"{self.account_id}.dkr."):
            raise OperationError(f"{which}: its image is {image}: {FILE_NAME} takes one of AWS's, by its tag")
        return {"repository": parts["repository"], "tag": parts["tag"]}

    def _metric(self, which: str) -> Mapping[str, Any]:
        """SageMaker's metrics are of single precision: what is beyond that is noise."""
        try:
            return {"name": self.kept["metric"], "value": float(f"{float(self.kept['value']):.6g}")}
        except (KeyError, ValueError):
            raise OperationError(
                f"{which} has no metric among its properties: only what a training's pipeline registered is released"
            ) from None

    def commit(self) -> tuple[str | None, list[str]]:
        """Of the code that it was trained with, and why there is none."""
        trainings = {item.name: item for item in self.environment.settings.trainings}
        training, digest = trainings[self.training], self.kept.get("code")
        if not isinstance(training, ScriptTraining) or digest is None:
            return None, []  # AWS's own algorithm
        found, why = commit_of(environments.ROOT, training.source, digest)
        return found, [] if found else [f"the commit of its code is not written down: {why}"]


def with_entry(content: Any, candidate: Candidate) -> list[str]:  # noqa: ANN401 - JSON
    """Puts it into the catalogue, unless it is there; lines of what a person should know.

    Raises OperationError where an entry of that name says something else: entries are never changed.
    """
    entry, notes = candidate.entry()
    there = content["models"].get(candidate.name)
    if there is None:
        entry["trained"][COMMIT], more = candidate.commit()
        content["models"][candidate.name] = entry
        return [*notes, *more]
    differs = [path for path in _differing(there, entry) if path != f"trained.{COMMIT}"]
    if differs:
        raise OperationError(
            f"{FILE_NAME} has {candidate.name} already, and says otherwise: {'; '.join(differs)}. An entry is never "
            "changed: where nothing serves it, take it out by hand, and release again"
        )
    return notes


def _differing(there: Mapping[str, Any], now: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key in sorted({*there, *now}):
        one, other, path = there.get(key), now.get(key), f"{above}{key}"
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differing(one, other, f"{path}.")
        elif one != other and path != f"trained.{COMMIT}":
            yield f"{path} is {one} there, and {other} in the registry"


def refuse_what_was_taken_back(before: Release, name: str, endpoint: str, candidate: Candidate) -> None:
    """Raises OperationError where the endpoint was rolled back from that very model: the newest is not the best."""
    if before.get(ROLLED_BACK) and before.get(PREVIOUS) == candidate.name:
        raise OperationError(
            f"{endpoint}: was rolled back from {candidate.name}, and nothing was changed: make reject ENV={name} "
            f"VERSION={candidate.number}, so that it is no longer the newest approved one; or name another one: MODEL="
        )


def main() -> None:
    parser = command_line.parser_of_any(__doc__)
    parser.add_argument("--model", default="", help="a training, a version's number, or both: breast-cancer/3")
    parser.add_argument("--endpoint", default="", help="one of the settings' endpoints; left out: the only one")
    arguments = parser.parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name):
        deploys = wants_deploy(os.environ)
        with held_releases(os.environ) as releases, refusals():
            environment = releases.environments[name]
            endpoint = endpoint_of([*environment.settings.names.endpoints], arguments.endpoint, f"stacks/{name}.py")
            training, number = chosen(environment, arguments.model)
            session = session_for(environment, os.environ)
            refuse_elsewhere(environment, session)
            sagemaker, group = session.client("sagemaker"), environment.settings.names.training(training)
            found = (
                newest_approved(sagemaker, environment, training, group)
                if number is None
                else package(sagemaker, environment, training, group, number, option="MODEL")
            )
            candidate = Candidate(
                environment=environment,
                account_id=caller_of(name, session).account_id,
                training=training,
                found=found,
                artifacts=TrainingArtifacts(session.client("s3")),
            )
            content = releases.content
            notes = with_entry(content, candidate)
            before = release_in(content, name, endpoint)
            refuse_what_was_taken_back(before, name, endpoint, candidate)
            serves = before.get(PRODUCTION) == candidate.name
            if not serves:
                put(content, name, endpoint, with_production(before, candidate.name))
            changes = releases.write(content)
        for line in notes:
            print(f"{name}: {line}")
        for line in changes:
            print(line)
        print(
            f"{name}: {endpoint}: {candidate.name} is its production model"
            f"{' already, and nothing was changed' if serves else f' in {FILE_NAME}'}"
        )
        later = [*promotions(releases.environments, name, endpoint)]
        for line in what_comes_next(name, later, changed=bool(changes), deploys=deploys):
            print(f"{name}: {line}")
        if deploys:
            deploy(environment, os.environ)


if __name__ == "__main__":
    main()
