"""releases.json: the catalogue of models and which of them the endpoints of each environment serve."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from settings.artifacts import artifact_problems
from settings.aws_tables import IMAGE_REGIONS
from settings.environment import EnvironmentSettings
from settings.files import UnreadableError, opened
from settings.json_text import conflict_problem, keys_given_twice
from settings.limits import (
    API,
    NAME_MAX_LENGTH,
    OBJECT_KEYS,
    PREBUILT_IMAGES,
    VARIABLES_MAX_BYTES,
    VARIABLES_MAX_COUNT,
    ArtifactBytes,
    ImageRepository,
    ImageTag,
    MetricName,
    MetricThreshold,
    ModelPackageArn,
    Name,
    VariableName,
    VariableValue,
    elsewhere,
)
from settings.model_script import PROGRAM, script_path, script_problems
from settings.names import DIGEST_LENGTH, PRODUCTION, SHADOW, Names, address_part
from settings.problems import Problem, problems_of
from settings.received_models import copy_problem
from settings.suggestions import one_of, suggestion
from settings.trained_artifact import TRAINED_KEYS, TrainedArtifact, is_trained_key

FILE_NAME = "releases.json"
# Of the model that an endpoint served before, and would serve again after a rollback: no variant serves it.
PREVIOUS = "previous"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line, without control characters")
    return text


class Image(_Strict):
    """One of AWS's prebuilt images; Terraform knows the account that keeps it in each region.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/sagemaker_prebuilt_ecr_image
    """

    repository: ImageRepository
    tag: ImageTag


class MetricEntry(_Strict):
    """What a training reached."""

    name: MetricName
    value: MetricThreshold


class TrainedEntry(_Strict):
    """Where a model comes from that was trained in an environment. `size` is its artifact's, in bytes."""

    environment: Name
    model_package: ModelPackageArn
    metric: MetricEntry
    size: ArtifactBytes
    # Of the training's code; None where no commit is known that has it.
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class ModelEntry(_Strict):
    """A model of the catalogue: immutable, because its artifact's digest is written down.

    `artifact` is a file of the project, or, of a model that was `trained`, a key in that environment's data bucket.
    """

    image: Image
    artifact: Annotated[str, Field(pattern=r"^[^/].*\.tar\.gz$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    environment: Mapping[VariableName, VariableValue] = {}
    trained: TrainedEntry | None = None

    @field_validator("environment")
    @classmethod
    def environment_fits(cls, environment: Mapping[str, str]) -> Mapping[str, str]:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
        if len(environment) > VARIABLES_MAX_COUNT or size > VARIABLES_MAX_BYTES:
            allowed = f"must be at most {VARIABLES_MAX_COUNT} variables of {VARIABLES_MAX_BYTES} bytes"
            raise ValueError(f"{len(environment)} variables of {size} bytes: {allowed}")
        return environment

    def released_name(self, name: str) -> str:
        """The entry's name with eight characters that change with anything the SageMaker model is made of.

        A SageMaker model cannot be changed and its endpoint keeps what it loaded, so a changed entry must be a new
        model under a new name for Terraform to move the endpoint to it. Where it was trained is no part of it.
        """
        entry = json.dumps(self.model_dump(mode="json", exclude={"trained"}), sort_keys=True)
        return f"{name}-{hashlib.sha256(entry.encode()).hexdigest()[:DIGEST_LENGTH]}"


class ForcedEntry(_Strict):
    """Why a promotion went ahead, and over what."""

    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
    refused: Sequence[Annotated[str, Field(min_length=1), AfterValidator(_one_line)]]


class ReleaseEntry(_Strict):
    """What one endpoint serves, and what it served before: `rolled_back` once it has been brought back from that."""

    production: str | None = None
    shadow: str | None = None
    previous: str | None = None
    rolled_back: bool = False
    forced: ForcedEntry | None = None

    @property
    def models(self) -> Mapping[str, str]:
        """The names of the models, by the field that names them."""
        named = {PRODUCTION: self.production, SHADOW: self.shadow, PREVIOUS: self.previous}
        return {field: name for field, name in named.items() if name is not None}


class Releases(_Strict):
    models: Mapping[Name, ModelEntry]
    environments: Mapping[str, Mapping[str, ReleaseEntry]]


@dataclass(frozen=True, kw_only=True)
class ReleasedModel:
    """A catalogue entry. `name` ends with its `revision`.

    `artifact` is a file whose digest has been verified, or where a training has left it.
    """

    name: str
    image_repository: str
    image_tag: str
    artifact: Path | TrainedArtifact
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def catalogue_name(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def revision(self) -> str:
        return self.name.rpartition("-")[2]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one endpoint serves: nothing, a production model, or a production and a shadow model.

    `previous` is the model to which a rollback leads.
    """

    production: ReleasedModel | None = None
    shadow: ReleasedModel | None = None
    previous: ReleasedModel | None = None

    @property
    def models(self) -> Mapping[str, ReleasedModel]:
        """By the variant that serves them."""
        both = {PRODUCTION: self.production, SHADOW: self.shadow}
        return {variant: model for variant, model in both.items() if model is not None}

    @property
    def kept(self) -> Sequence[ReleasedModel]:
        """Those whose artifacts must be in the environment's bucket, each once."""
        kept = (self.production, self.shadow, self.previous)
        return [*{model.name: model for model in kept if model is not None}.values()]


def read_releases(
    path: Path, names: Sequence[str], environments: Mapping[str, EnvironmentSettings]
) -> tuple[Mapping[str, Mapping[str, Release]], Mapping[str, ModelEntry], list[Problem]]:
    """The release of each endpoint of each environment and the catalogue, both complete only when there are no
    problems and all settings are sound; and the problems.

    `names` are all environments, `environments` those whose settings are sound.
    """
    try:
        with opened(path) as file:
            text = file.read()
    except UnreadableError as error:
        allowed = f"{error}: must be a file beside main.py that can be read"
        return {}, {}, [Problem(where=FILE_NAME, allowed=allowed)]
    releases, problems = _read(text)
    if releases is not None:
        problems += [
            problem.within(FILE_NAME, f"models.{name}")
            for name, entry in releases.models.items()
            for problem in _model_problems(path.parent, entry, names)
        ]
        problems += [problem.within(FILE_NAME) for problem in _meeting_models(releases.models)]
        problems += [problem.within(FILE_NAME) for problem in _release_problems(releases, names, environments)]
    if releases is None or problems:
        return {}, {}, problems
    trained_in = {entry.trained.environment for entry in releases.models.values() if entry.trained is not None}
    if not trained_in <= environments.keys():
        return {}, {}, []  # what is wrong with their settings is told elsewhere
    models = {name: _released(name, entry, path.parent, environments) for name, entry in releases.models.items()}
    return (
        {
            name: {
                endpoint: Release(**{field: models[model] for field, model in entry.models.items()})
                for endpoint, entry in entries.items()
            }
            for name, entries in releases.environments.items()
        },
        releases.models,
        [],
    )


def _read(text: bytes) -> tuple[Releases | None, list[Problem]]:
    try:
        releases, problems = Releases.model_validate_json(text), []
    except ValidationError as error:
        if any(details["type"] == "json_invalid" for details in error.errors()):
            conflict = conflict_problem(text)
            return None, problems_of(FILE_NAME, Releases, error) if conflict is None else [conflict.within(FILE_NAME)]
        releases, problems = None, problems_of(FILE_NAME, Releases, error)
    return releases, [*problems, *(problem.within(FILE_NAME) for problem in keys_given_twice(text))]


def _released(
    name: str, entry: ModelEntry, root: Path, environments: Mapping[str, EnvironmentSettings]
) -> ReleasedModel:
    artifact: Path | TrainedArtifact = root / entry.artifact
    if entry.trained is not None:
        source = environments[entry.trained.environment]
        artifact = TrainedArtifact(
            names=source.names,
            account_id=source.account_id,
            key=entry.artifact,
            sha256=entry.sha256,
            size=entry.trained.size,
        )
    return ReleasedModel(
        name=entry.released_name(name),
        image_repository=entry.image.repository,
        image_tag=entry.image.tag,
        artifact=artifact,
        environment=entry.environment,
    )


def _meeting_models(models: Mapping[str, ModelEntry]) -> Iterator[Problem]:
    """Terraform's addresses are made of released names, where several hyphens are one underscore."""
    taken: dict[str, str] = {}
    for name, entry in models.items():
        other = taken.setdefault(address_part(entry.released_name(name)), name)
        if other != name:
            allowed = f"must differ from {other} in more than hyphens, as they are the same in all else"
            yield Problem(path=f"models.{name}", allowed=allowed)


def _model_problems(root: Path, entry: ModelEntry, names: Sequence[str]) -> Iterator[Problem]:
    wrong = [*script_problems(entry.image.repository, entry.environment)]
    yield from wrong
    if entry.trained is None:
        script = None if wrong or PROGRAM not in entry.environment else script_path(entry.environment)
        yield from artifact_problems(root, entry.artifact, entry.sha256, script)
        return
    if not is_trained_key(entry.artifact):
        yield Problem(path="artifact", value=entry.artifact, allowed=TRAINED_KEYS, page=OBJECT_KEYS)
    source = entry.trained.environment
    if source not in names:
        yield Problem(path="trained.environment", value=source, allowed=one_of(source, names))


def _release_problems(
    releases: Releases, names: Sequence[str], environments: Mapping[str, EnvironmentSettings]
) -> Iterator[Problem]:
    for name, entries in releases.environments.items():
        if name not in names:
            yield Problem(path="environments", value=name, allowed=one_of(name, names))
            continue
        found = [*_unknown_models(entries, releases.models), *_beside(entries)]
        if name in environments:
            found += _environment_problems(entries, environments[name], releases.models)
        if len(environments) == len(names):  # where one is missing, so may be a part of the chain
            found += _received_problems(entries, name, environments, releases.models)
        yield from (problem.within("", f"environments.{name}") for problem in found)


def _named(entries: Mapping[str, ReleaseEntry]) -> Iterator[tuple[str, str]]:
    """The path of each field that names a model, and the model's name."""
    for name, entry in entries.items():
        for field_name, model in entry.models.items():
            yield f"{name}.{field_name}", model


def _unknown_models(entries: Mapping[str, ReleaseEntry], models: Mapping[str, ModelEntry]) -> Iterator[Problem]:
    for path, model in _named(entries):
        if model not in models:
            allowed = one_of(model, sorted(models)) if models else "must be one of models, which is empty"
            yield Problem(path=path, value=model, allowed=allowed)


def _beside(entries: Mapping[str, ReleaseEntry]) -> Iterator[Problem]:
    """What means something only beside something else."""
    for name, entry in entries.items():
        for field_name in (SHADOW, PREVIOUS):
            if field_name in entry.models and entry.production is None:
                value, allowed = entry.models[field_name], "must stand beside a production model"
                yield Problem(path=f"{name}.{field_name}", value=value, allowed=allowed)
        if entry.previous is not None and entry.previous == entry.production:
            allowed = "must be another model than the production model"
            yield Problem(path=f"{name}.{PREVIOUS}", value=entry.previous, allowed=allowed)
        if entry.rolled_back and entry.previous is None:
            allowed = "must stand beside a previous model, the one that was rolled back"
            yield Problem(path=f"{name}.rolled_back", value=True, allowed=allowed)
        if entry.forced is not None and entry.production is None:
            yield Problem(path=f"{name}.forced", allowed="must stand beside a production model")


def _environment_problems(
    entries: Mapping[str, ReleaseEntry], settings: EnvironmentSettings, models: Mapping[str, ModelEntry]
) -> Iterator[Problem]:
    endpoints, names = {endpoint.name: endpoint for endpoint in settings.endpoints}, settings.names
    for name, entry in entries.items():
        if name not in endpoints:
            meant = suggestion(name, [*endpoints])
            allowed = f"must be an endpoint of stacks/{settings.name}.py: {', '.join(endpoints)}{meant}"
            yield Problem(value=name, allowed=allowed)
            continue
        for path, model in _named({name: entry}):
            if model in models:
                for allowed, page in _unfit(model, names, models[model]):
                    yield Problem(path=path, value=model, allowed=allowed, page=page)
        if entry.shadow is not None and not endpoints[name].has_shadow:
            allowed = f"must be left out: stacks/{settings.name}.py gives no shadow variant"
            yield Problem(path=f"{name}.{SHADOW}", value=entry.shadow, allowed=allowed)


def _unfit(name: str, names: Names, entry: ModelEntry) -> Iterator[tuple[str, str]]:
    """What is allowed, and the page that says so."""
    repository = entry.image.repository
    if names.region not in IMAGE_REGIONS[repository]:
        yield f"its image: {elsewhere(repository, names.region)}", PREBUILT_IMAGES
    longest = names.longest_model(name)
    if len(longest) > NAME_MAX_LENGTH:
        allowed = f"the SageMaker model's name, {longest}, would have {len(longest)} characters: must be at most "
        yield f"{allowed}{NAME_MAX_LENGTH}", f"{API}/API_CreateModel.html"


def _received_problems(
    entries: Mapping[str, ReleaseEntry],
    name: str,
    environments: Mapping[str, EnvironmentSettings],
    models: Mapping[str, ModelEntry],
) -> Iterator[Problem]:
    """Of models that another environment has trained, or that are not where the settings say that it is."""
    for path, model in _named(entries):
        trained = models[model].trained if model in models else None
        if trained is not None and trained.environment in environments:
            allowed = copy_problem(environments, name, trained.environment, trained.model_package)
            if allowed is not None:
                yield Problem(path=path, value=model, allowed=allowed)
