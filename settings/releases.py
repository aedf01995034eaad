"""releases.json: the catalogue of models and which of them the endpoints of each environment serve."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from settings.endpoint import EndpointSettings, ShadowedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.limits import (
    ACCOUNT_ID_LENGTH,
    API,
    IMAGE_MAX_LENGTH,
    NAME_MAX_LENGTH,
    VARIABLES_MAX_BYTES,
    VARIABLES_MAX_COUNT,
    ImageTag,
    Name,
    RepositoryName,
    VariableName,
    VariableValue,
)
from settings.problems import faults_of, limit

FILE_NAME = "releases.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Image(_Strict):
    """One of AWS's prebuilt images; Terraform knows the account that keeps it in each region.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/sagemaker_prebuilt_ecr_image
    """

    repository: RepositoryName
    tag: ImageTag

    def uri_in(self, region: str) -> str:
        """As Terraform makes it, with some account's id in the place of AWS's."""
        return f"{'0' * ACCOUNT_ID_LENGTH}.dkr.ecr.{region}.amazonaws.com/{self.repository}:{self.tag}"


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
            raise ValueError(
                f"{len(environment)} variables of {size} bytes: {limit(allowed, f'{API}/API_ContainerDefinition.html')}"
            )
        return environment

    def released_name(self, name: str) -> str:
        """The entry's name with eight characters that change with anything the SageMaker model is made of.

        A SageMaker model cannot be changed and its endpoint keeps what it loaded, so a changed entry must be a new
        model under a new name for Terraform to move the endpoint to it.
        """
        entry = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{name}-{hashlib.sha256(entry.encode()).hexdigest()[:8]}"


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


def read_releases(
    path: Path, names: Sequence[str], environments: Mapping[str, EnvironmentSettings]
) -> tuple[Mapping[str, Mapping[str, Release]], list[str]]:
    """The release of each endpoint of each environment, complete only when there are no faults; and the faults.

    `names` are all environments, `environments` those whose settings are sound.
    """
    try:
        releases = Releases.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}, [f"{FILE_NAME}: missing: must stand beside main.py"]
    except ValidationError as error:
        return {}, faults_of(FILE_NAME, Releases, error)
    faults = [
        f"{FILE_NAME}: models.{name}.{fault}"
        for name, entry in releases.models.items()
        for fault in _artifact_faults(path.parent, entry)
    ]
    for name, entries in releases.environments.items():
        if name not in names:
            faults.append(f"{FILE_NAME}: environments: {name!r}: must be one of {', '.join(names)}")
        elif name in environments:
            found = _environment_faults(entries, environments[name], releases.models)
            faults += [f"{FILE_NAME}: environments.{name}{fault}" for fault in found]
    if faults:
        return {}, faults

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


def _artifact_faults(root: Path, entry: ModelEntry) -> list[str]:
    path = (root / entry.artifact).resolve()
    if not path.is_relative_to(root.resolve()):
        return [f"artifact: {entry.artifact!r}: must be a file of this project"]
    if not path.is_file():
        return [f"artifact: {entry.artifact!r}: no such file: must be a path from the project's root"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != entry.sha256:
        return [
            f"sha256: {entry.sha256!r}: must be the digest of {entry.artifact}, now {digest}; "
            "changed bytes are a new model: give them a name of their own"
        ]
    return []


def _environment_faults(
    entries: Mapping[str, ReleaseEntry], settings: EnvironmentSettings, models: Mapping[str, ModelEntry]
) -> list[str]:
    endpoints = {endpoint.name: endpoint for endpoint in settings.endpoints}
    faults = []
    for name, entry in entries.items():
        if name in endpoints:
            found = _release_faults(entry, endpoints[name], settings, models)
            faults += [f".{name}.{fault}" for fault in found]
        else:
            faults.append(f": {name!r}: must be an endpoint of stacks/{settings.name}.py: {', '.join(endpoints)}")
    return faults


def _release_faults(
    entry: ReleaseEntry, endpoint: EndpointSettings, settings: EnvironmentSettings, models: Mapping[str, ModelEntry]
) -> list[str]:
    faults = []
    for use, model in (("production", entry.production), ("shadow", entry.shadow)):
        if model is None:
            continue
        if model not in models:
            faults.append(f"{use}: {model!r}: must be one of {', '.join(sorted(models)) or 'models, which is empty'}")
            continue
        image = models[model].image.uri_in(settings.region)
        if len(image) > IMAGE_MAX_LENGTH:
            faults.append(
                f"{use}: {model!r}: its image, {image}, has {len(image)} characters: "
                + limit(f"must be at most {IMAGE_MAX_LENGTH}", f"{API}/API_ContainerDefinition.html")
            )
        name = settings.model_name(models[model].released_name(model))
        if len(name) > NAME_MAX_LENGTH:
            faults.append(
                f"{use}: {model!r}: the SageMaker model's name, {name}, would have {len(name)} characters: "
                f"must be at most {NAME_MAX_LENGTH}"
            )
    if entry.shadow is not None:
        if entry.production is None:
            faults.append(f"shadow: {entry.shadow!r}: must stand beside a production model")
        if not isinstance(endpoint, ShadowedEndpointSettings):
            faults.append(
                f"shadow: {entry.shadow!r}: must be left out: stacks/{settings.name}.py gives no shadow variant"
            )
    return faults
