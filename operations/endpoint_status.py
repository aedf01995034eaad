"""What every endpoint of an environment is to serve, was deployed with, and serves, as `make status` shows it.

`releases.json`, Terraform's state and SageMaker say one each.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operations.answers import answer
from operations.terraform_state import KeptResource, TerraformState
from operations.verify_endpoint import CHANGING
from settings.names import PRODUCTION
from settings.releases import FILE_NAME, ModelEntry, ReleaseEntry, Releases
from stacks.environments import ROOT, Environment

# Variant to the released name of its model: the catalogue's, and the entry's digest.
Models = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What the state says. `known` are the configurations that it has: with the last update's the ones before it, which
    an update that is rolled back leads back to.
    """

    configuration: str
    models: Models
    known: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Live:
    """What SageMaker says. `artifacts` are by variant, where the model is still there."""

    configuration: str | None
    models: Models
    status: str
    since: datetime
    configuration_created: datetime | None = None
    artifacts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EndpointStatus:
    """`endpoint` is its name in the settings, None where they name it no more; `name` its name in AWS."""

    endpoint: str | None
    name: str
    released: Models
    deployed: Deployed | None
    live: Live | None
    entry: ReleaseEntry = field(default_factory=ReleaseEntry)
    alarms: Mapping[str, str] = field(default_factory=dict)  # state by name

    @property
    def differs(self) -> str:
        """A name for what is not as it should be; empty where all is: operations/status.py."""
        live, deployed = self.live, self.deployed
        if live is not None and live.status in CHANGING:
            return "updating"
        if live is not None and live.status != "InService":
            return "failed"
        if live is None and deployed is not None:
            return "gone"
        if live is not None and deployed is None:
            return "not in the state"
        if live is not None and deployed is not None and live.configuration != deployed.configuration:
            return "rolled back" if live.configuration in deployed.known else "drifted"
        if live is not None and deployed is not None and deployed.models and live.models != deployed.models:
            return "drifted"
        if deployed is not None and not self.released:
            return "to be removed"
        if self.released != (deployed.models if deployed is not None else {}):
            return "not deployed yet"
        return "" if self.released else "no release"

    def as_json(self, catalogue: Mapping[str, ModelEntry]) -> dict[str, Any]:
        live, deployed = self.live, self.deployed
        return {
            "endpoint": self.endpoint,
            "name": self.name,
            "status": live.status if live is not None else None,
            "since": live.since.isoformat() if live is not None else None,
            "configuration": live.configuration if live is not None else None,
            "configuration_created": _iso(live.configuration_created) if live is not None else None,
            "serves": {} if live is None else {variant: _served(live, variant, catalogue) for variant in live.models},
            "releases": self.entry.model_dump(mode="json"),
            "deployed": dict(deployed.models) if deployed is not None else None,
            "alarms": [{"name": name, "state": state} for name, state in self.alarms.items()],
            "differs": self.differs,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _served(live: Live, variant: str, catalogue: Mapping[str, ModelEntry]) -> dict[str, Any]:
    released_name = live.models[variant]
    model = next((name for name, entry in catalogue.items() if entry.released_name(name) == released_name), None)
    trained = catalogue[model].trained if model is not None else None
    return {
        "model": model,
        "released_name": released_name,
        "version": int(trained.model_package.rpartition("/")[2]) if trained is not None else None,
        "metric": trained.metric.model_dump(mode="json") if trained is not None else None,
        "artifact": live.artifacts.get(variant),
    }


def entries_of(environment: Environment) -> Mapping[str, ReleaseEntry]:
    """What releases.json says, by the endpoint's name in the settings."""
    releases = Releases.model_validate_json((ROOT / FILE_NAME).read_bytes())
    return releases.environments.get(environment.settings.name, {})


def released(environment: Environment) -> dict[str, Models]:
    """By the endpoint's name in AWS."""
    releases = environment.releases
    models = {name: releases[name].models if name in releases else {} for name in environment.settings.names.endpoints}
    return {
        names.name: {variant: model.name for variant, model in models[name].items()}
        for name, names in environment.settings.names.endpoints.items()
    }


def without_release(environment: Environment) -> list[str]:
    """A line for each endpoint that no deploy makes."""
    return [
        f"endpoint {name}: no release: releases.json names no production model for it in {environment.settings.name}: "
        "a deploy makes none, and removes one that there is: docs/releasing.md"
        for name, models in released(environment).items()
        if PRODUCTION not in models
    ]


def deployed(state: TerraformState) -> dict[str, Deployed]:
    """By the endpoint's name. After an update that was rolled back the endpoint itself is in the state with what it
    serves; what it was given is the configuration beside it, at an address that is made of its own.
    """
    models = {item.values["name"]: _released_name(_artifact(item)) for item in _sound(state, "aws_sagemaker_model")}
    kept = state.of_type("aws_sagemaker_endpoint_configuration")

    def of(endpoint: KeptResource) -> Deployed:
        own = [item for item in kept if item.name == f"{endpoint.name}_configuration"]
        serving = endpoint.values["endpoint_config_name"]
        given = next((item.values for item in own if not item.deposed), {"name": serving})
        return Deployed(
            configuration=given["name"],
            models={
                variant["variant_name"]: models.get(variant["model_name"], variant["model_name"])
                for kind in ("production_variants", "shadow_production_variants")
                for variant in given.get(kind) or ()
            },
            known=frozenset([serving, *(item.values["name"] for item in own)]),
        )

    return {item.values["name"]: of(item) for item in _sound(state, "aws_sagemaker_endpoint")}


def live(sagemaker: Any, name: str) -> Live | None:  # noqa: ANN401 - boto3 has no types
    """None where there is no such endpoint."""
    endpoint = answer(sagemaker.describe_endpoint, EndpointName=name)
    if not endpoint:
        return None
    configuration = endpoint.get("EndpointConfigName")
    described = answer(sagemaker.describe_endpoint_config, EndpointConfigName=configuration) if configuration else {}
    variants = [*described.get("ProductionVariants", []), *described.get("ShadowProductionVariants", [])]
    # None of the platform's makes one without a model, which is for inference components to bring.
    models = {item["VariantName"]: item.get("ModelName", "no model") for item in variants}
    containers = {
        item["VariantName"]: answer(sagemaker.describe_model, ModelName=item["ModelName"]).get("PrimaryContainer", {})
        for item in variants
        if "ModelName" in item
    }
    artifacts = {variant: item["ModelDataUrl"] for variant, item in containers.items() if "ModelDataUrl" in item}
    return Live(
        configuration=configuration,
        # The model's own name where it was deleted, as may be while an endpoint serves it.
        models=models | {variant: _released_name(artifact) for variant, artifact in artifacts.items()},
        status=endpoint["EndpointStatus"],
        since=endpoint["LastModifiedTime"],
        configuration_created=described.get("CreationTime"),
        artifacts=artifacts,
    )


def _artifact(model: KeptResource) -> str:
    [container] = model.values["primary_container"]
    return str(container["model_data_url"])


def _released_name(artifact: str) -> str:
    """An artifact lies in models/<released name>/: constructs/serving/released_models.py."""
    return artifact.split("/")[-2]


def _sound(state: TerraformState, resource_type: str) -> list[KeptResource]:
    return [item for item in state.of_type(resource_type) if not item.deposed]


def alarm_states(cloudwatch: Any, names: Sequence[str]) -> dict[str, str]:  # noqa: ANN401
    """Of those that there are: an endpoint without a shadow has no alarms on one."""
    found = cloudwatch.describe_alarms(AlarmNames=[*names])["MetricAlarms"]
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
    return {name: states[name] for name in names if name in states}


def statuses(
    environment: Environment,
    entries: Mapping[str, ReleaseEntry],
    state: TerraformState,
    sagemaker: Any,  # noqa: ANN401
    cloudwatch: Any,  # noqa: ANN401
) -> Iterator[EndpointStatus]:
    """Of the settings' endpoints, and of those that are deployed still though no setting names them."""
    all_names, models, of_state = environment.settings.names.endpoints, released(environment), deployed(state)
    for endpoint in environment.settings.endpoints:
        names = all_names[endpoint.name]
        yield EndpointStatus(
            endpoint=endpoint.name,
            name=names.name,
            released=models[names.name],
            deployed=of_state.get(names.name),
            live=live(sagemaker, names.name),
            entry=entries.get(endpoint.name, ReleaseEntry()),
            alarms=alarm_states(cloudwatch, names.alarms(shadow=endpoint.has_shadow)),
        )
    for name in of_state:
        if name not in models:
            yield EndpointStatus(
                endpoint=None, name=name, released={}, deployed=of_state[name], live=live(sagemaker, name)
            )
