"""releases.json: the catalogue of models and which of them the endpoints of each environment serve."""

import hashlib
import json
import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from settings.artifacts import read_artifact
from settings.aws_tables import IMAGE_REGIONS
from settings.endpoint import EndpointSettings
from settings.environment import EnvironmentSettings
from settings.files import UnreadableError, name_problem, opened
from settings.limits import (
    API,
    NAME_MAX_LENGTH,
    PREBUILT_IMAGES,
    VARIABLES_MAX_BYTES,
    VARIABLES_MAX_COUNT,
    ImageRepository,
    ImageTag,
    Name,
    VariableName,
    VariableValue,
    elsewhere,
)
from settings.names import DIGEST_LENGTH, PRODUCTION, SHADOW, Names, address_part
from settings.problems import Problem, problems_of
from settings.suggestions import one_of, suggestion

FILE_NAME = "releases.json"
# The script that the container runs, and its folder. AWS's scikit-learn image has no default for either, and all that
# SageMaker puts into a container is the artifact, unpacked into MODEL_FOLDER.
# https://github.com/aws/sagemaker-containers/blob/v2.8.6.post2/src/sagemaker_containers/_env.py#L329-L330
PROGRAM, SUBMIT_DIRECTORY = "SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"
MODEL_FOLDER = "/opt/ml/model"
CODE_FOLDER = f"{MODEL_FOLDER}/code"
SCIKIT_LEARN = "sagemaker-scikit-learn"
SCRIPT_PAGE = (
    "https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html"
    "#sagemaker-scikit-learn-model-server"
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Image(_Strict):
    """One of AWS's prebuilt images; Terraform knows the account that keeps it in each region.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/sagemaker_prebuilt_ecr_image
    """

    repository: ImageRepository
    tag: ImageTag


class ModelEntry(_Strict):
    """A model of the catalogue: immutable, because its artifact's digest is written down."""

    image: Image
    artifact: Annotated[str, Field(pattern=r"^[^/].*\.tar\.gz$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    environment: Mapping[VariableName, VariableValue] = {}

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
        model under a new name for Terraform to move the endpoint to it.
        """
        entry = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{name}-{hashlib.sha256(entry.encode()).hexdigest()[:DIGEST_LENGTH]}"


class ReleaseEntry(_Strict):
    """What one endpoint serves."""

    production: str | None = None
    shadow: str | None = None


class Releases(_Strict):
    models: Mapping[Name, ModelEntry]
    environments: Mapping[str, Mapping[str, ReleaseEntry]]


@dataclass(frozen=True, kw_only=True)
class ReleasedModel:
    """A catalogue entry with its artifact found and its digest verified. `name` ends with its `revision`."""

    name: str
    image_repository: str
    image_tag: str
    artifact: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def catalogue_name(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def revision(self) -> str:
        return self.name.rpartition("-")[2]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one endpoint serves: nothing, a production model, or a production and a shadow model."""

    production: ReleasedModel | None = None
    shadow: ReleasedModel | None = None

    @property
    def models(self) -> Mapping[str, ReleasedModel]:
        """By the variant that serves them."""
        both = {PRODUCTION: self.production, SHADOW: self.shadow}
        return {variant: model for variant, model in both.items() if model is not None}


def read_releases(
    path: Path, names: Sequence[str], environments: Mapping[str, EnvironmentSettings]
) -> tuple[Mapping[str, Mapping[str, Release]], list[Problem]]:
    """The release of each endpoint of each environment, complete only when there are no problems; and the problems.

    `names` are all environments, `environments` those whose settings are sound.
    """
    try:
        with opened(path) as file:
            text = file.read()
    except UnreadableError as error:
        return {}, [Problem(where=FILE_NAME, allowed=f"{error}: must be a file beside main.py that can be read")]
    try:
        releases = Releases.model_validate_json(text)
    except ValidationError as error:
        problems = problems_of(FILE_NAME, Releases, error)
        is_json = all(details["type"] != "json_invalid" for details in error.errors())
        return {}, [*problems, *(_given_twice(text) if is_json else ())]
    problems = [*_given_twice(text)]
    problems += [
        problem.within(FILE_NAME, f"models.{name}")
        for name, entry in releases.models.items()
        for problem in (*_artifact_problems(path.parent, entry), *_program_problems(entry))
    ]
    problems += [problem.within(FILE_NAME) for problem in _meeting_models(releases.models)]
    for name, entries in releases.environments.items():
        if name not in names:
            allowed = one_of(name, names)
            problems.append(Problem(where=FILE_NAME, path="environments", value=name, allowed=allowed))
            continue
        found = [*_unknown_models(entries, releases.models)]
        if name in environments:
            found += _environment_problems(entries, environments[name], releases.models)
        problems += [problem.within(FILE_NAME, f"environments.{name}") for problem in found]
    if problems:
        return {}, problems

    def released(name: str | None) -> ReleasedModel | None:
        if name is None:
            return None
        entry = releases.models[name]
        return ReleasedModel(
            name=entry.released_name(name),
            image_repository=entry.image.repository,
            image_tag=entry.image.tag,
            artifact=path.parent / entry.artifact,
            environment=entry.environment,
        )

    return {
        name: {
            endpoint: Release(production=released(entry.production), shadow=released(entry.shadow))
            for endpoint, entry in entries.items()
        }
        for name, entries in releases.environments.items()
    }, []


class _Pairs(list[tuple[str, object]]):
    """A JSON object's keys and values, as they are written."""


def _given_twice(text: bytes) -> Iterator[Problem]:
    """Readers of JSON take the last of two values without a word."""

    def within(value: object, path: Sequence[str]) -> Iterator[Problem]:
        if isinstance(value, _Pairs):
            for key, count in Counter(key for key, _ in value).items():
                if count > 1:
                    allowed = f"given {count} times: must be given once"
                    yield Problem(where=FILE_NAME, path=".".join(path), value=key, allowed=allowed)
            for key, inner in value:
                yield from within(inner, [*path, key])
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from within(inner, [*path, str(number)])

    yield from within(json.loads(text, object_pairs_hook=_Pairs, parse_int=str), [])


def _meeting_models(models: Mapping[str, ModelEntry]) -> Iterator[Problem]:
    """Terraform's addresses are made of released names, where several hyphens are one underscore."""
    taken: dict[str, str] = {}
    for name, entry in models.items():
        other = taken.setdefault(address_part(entry.released_name(name)), name)
        if other != name:
            allowed = f"must differ from {other} in more than hyphens, as they are the same in all else"
            yield Problem(path=f"models.{name}", allowed=allowed)


def _artifact_problems(root: Path, entry: ModelEntry) -> Iterator[Problem]:
    def problem(allowed: str) -> Problem:
        return Problem(path="artifact", value=entry.artifact, allowed=allowed)

    try:
        path = Path(os.path.realpath(root / entry.artifact))
        if not path.is_relative_to(root.resolve()):
            yield problem("must be a file of this project")
            return
        digest, wrong = read_artifact(path, _script(entry))
    except (UnreadableError, ValueError) as error:  # of a name that no file can have
        yield problem(f"{error}: must be a path from the project's root to a file that can be read")
        return
    for allowed in (wrong, name_problem(Path(entry.artifact).name)):
        if allowed is not None:
            yield problem(allowed)
    if digest != entry.sha256:
        allowed = (
            f"must be the digest of {entry.artifact}, now {digest}; "
            "changed bytes are a new model: give them a name of their own"
        )
        yield Problem(path="sha256", value=entry.sha256, allowed=allowed)


def _script(entry: ModelEntry) -> str | None:
    """Its path in the artifact; None where the entry names none, or wrongly."""
    program = entry.environment.get(PROGRAM)
    if program is None or any(_program_problems(entry)):
        return None
    folder = posixpath.relpath(entry.environment.get(SUBMIT_DIRECTORY, CODE_FOLDER), MODEL_FOLDER)
    return posixpath.normpath(posixpath.join(folder, program if program.endswith(".py") else f"{program}.py"))


def _program_problems(entry: ModelEntry) -> Iterator[Problem]:
    if entry.image.repository == SCIKIT_LEARN:
        for variable, example in ((PROGRAM, "inference.py"), (SUBMIT_DIRECTORY, CODE_FOLDER)):
            if variable not in entry.environment:
                allowed = f"missing: must be given, as {example}: the image has no default"
                yield Problem(path=f"environment.{variable}", allowed=allowed, page=SCRIPT_PAGE)
    program = entry.environment.get(PROGRAM, "inference.py")
    path = posixpath.normpath(program)
    if path.startswith("/") or path.split("/")[0] in (".", ".."):
        allowed = "must be a file within code/ of the artifact"
        yield Problem(path=f"environment.{PROGRAM}", value=program, allowed=allowed)
    folder = entry.environment.get(SUBMIT_DIRECTORY, CODE_FOLDER)
    if posixpath.relpath(posixpath.join("/", folder), MODEL_FOLDER).split("/")[0] == "..":
        allowed = f"must be {CODE_FOLDER}, or another folder of the artifact, which is unpacked into {MODEL_FOLDER}"
        yield Problem(path=f"environment.{SUBMIT_DIRECTORY}", value=folder, allowed=allowed, page=SCRIPT_PAGE)


def _served(entries: Mapping[str, ReleaseEntry]) -> Iterator[tuple[str, str]]:
    """The path of each variant that serves a model, and the model's name."""
    for name, entry in entries.items():
        for variant, model in ((PRODUCTION, entry.production), (SHADOW, entry.shadow)):
            if model is not None:
                yield f"{name}.{variant}", model


def _unknown_models(entries: Mapping[str, ReleaseEntry], models: Mapping[str, ModelEntry]) -> Iterator[Problem]:
    for path, model in _served(entries):
        if model not in models:
            allowed = one_of(model, sorted(models)) if models else "must be one of models, which is empty"
            yield Problem(path=path, value=model, allowed=allowed)


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
        for path, model in _served({name: entry}):
            if model in models:
                for allowed, page in _model_problems(model, names, models[model]):
                    yield Problem(path=path, value=model, allowed=allowed, page=page)
        for allowed in _shadow_problems(entry, endpoints[name], settings):
            yield Problem(path=f"{name}.{SHADOW}", value=entry.shadow, allowed=allowed)


def _model_problems(name: str, names: Names, entry: ModelEntry) -> Iterator[tuple[str, str]]:
    """What is allowed, and the page that says so."""
    repository = entry.image.repository
    if names.region not in IMAGE_REGIONS[repository]:
        yield f"its image: {elsewhere(repository, names.region)}", PREBUILT_IMAGES
    longest = names.longest_model(name)
    if len(longest) > NAME_MAX_LENGTH:
        allowed = f"the SageMaker model's name, {longest}, would have {len(longest)} characters: must be at most "
        yield f"{allowed}{NAME_MAX_LENGTH}", f"{API}/API_CreateModel.html"


def _shadow_problems(entry: ReleaseEntry, endpoint: EndpointSettings, settings: EnvironmentSettings) -> Iterator[str]:
    if entry.shadow is None:
        return
    if entry.production is None:
        yield "must stand beside a production model"
    if not endpoint.has_shadow:
        yield f"must be left out: stacks/{settings.name}.py gives no shadow variant"
