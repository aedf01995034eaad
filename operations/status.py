"""What every endpoint is to serve, was deployed with, and serves: `make status ENV=dev`.

`releases.json`, Terraform's state and SageMaker say one each. Where they differ, the last column has a name for it:

    no release        releases.json names no model for the endpoint: none is made
    to be removed     releases.json names no model for it any more: the next deploy removes it
    not deployed yet  releases.json, or the settings, say otherwise than the last deploy
    rolled back       SageMaker serves another configuration than it was given: make verify says why
    updating          SageMaker is at it, or takes an update back
    failed            SageMaker could not make or update it: make verify says why
    gone              it was deployed, and SageMaker has none
    not in the state  SageMaker has one of that name, and the state has not: make recover
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

from operations import command_line
from operations.answers import answer
from operations.columns import aligned
from operations.opened import opened
from operations.state_place import read_state, wanted
from operations.terraform_state import KeptResource, TerraformState
from operations.verify_endpoint import CHANGING
from settings.names import PRODUCTION, SHADOW
from stacks.environments import Environment, read_environment

HEADER = ("endpoint", "releases.json", "deployed", "serves", "status", "since", "")
NONE = "-"
# Variant to the released name of its model: the catalogue's, and the entry's digest.
Models = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What the state says."""

    configuration: str
    models: Models


@dataclass(frozen=True, kw_only=True)
class Live:
    """What SageMaker says."""

    configuration: str | None
    models: Models
    status: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointStatus:
    name: str
    released: Models
    deployed: Deployed | None
    live: Live | None

    @property
    def differs(self) -> str:
        """A name for what is not as it should be; empty where all is."""
        live, deployed = self.live, self.deployed
        if live is not None and live.status in CHANGING:
            return "updating"
        if live is not None and live.status != "InService":
            return "failed"
        if live is None and deployed is not None:
            return "gone"
        if live is not None and deployed is not None and live.configuration != deployed.configuration:
            return "rolled back"
        if live is not None and deployed is None:
            return "not in the state"
        if deployed is not None and not self.released:
            return "to be removed"
        if self.released != (deployed.models if deployed is not None else {}):
            return "not deployed yet"
        return "" if self.released else "no release"

    @property
    def cells(self) -> Sequence[str]:
        live = self.live
        return (
            self.name,
            shown(self.released),
            shown(self.deployed.models) if self.deployed is not None else NONE,
            shown(live.models) if live is not None else NONE,
            live.status if live is not None else NONE,
            f"{live.since.astimezone():%Y-%m-%d %H:%M %Z}" if live is not None else NONE,
            self.differs,
        )


def shown(models: Models) -> str:
    """By the catalogue's names."""
    names = {variant: name.rpartition("-")[0] or name for variant, name in models.items()}
    shadow = f", shadow {names[SHADOW]}" if SHADOW in names else ""
    return f"{names[PRODUCTION]}{shadow}" if PRODUCTION in names else NONE


def table(endpoints: Sequence[EndpointStatus]) -> Iterator[str]:
    return aligned([HEADER, *(endpoint.cells for endpoint in endpoints)])


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
    configurations = {
        item.name.removesuffix("_configuration"): Deployed(
            configuration=item.values["name"],
            models={
                variant["variant_name"]: models.get(variant["model_name"], variant["model_name"])
                for kind in ("production_variants", "shadow_production_variants")
                for variant in item.values.get(kind) or ()
            },
        )
        for item in _sound(state, "aws_sagemaker_endpoint_configuration")
    }
    return {
        item.values["name"]: configurations.get(
            item.name, Deployed(configuration=item.values["endpoint_config_name"], models={})
        )
        for item in _sound(state, "aws_sagemaker_endpoint")
    }


def live(sagemaker: Any, name: str) -> Live | None:  # noqa: ANN401 - boto3 has no types
    """None where there is no such endpoint."""
    endpoint = answer(sagemaker.describe_endpoint, EndpointName=name)
    if not endpoint:
        return None
    configuration = endpoint.get("EndpointConfigName")
    described = answer(sagemaker.describe_endpoint_config, EndpointConfigName=configuration) if configuration else {}
    variants = [*described.get("ProductionVariants", []), *described.get("ShadowProductionVariants", [])]
    return Live(
        configuration=configuration,
        models={item["VariantName"]: _live_model(sagemaker, item["ModelName"]) for item in variants},
        status=endpoint["EndpointStatus"],
        since=endpoint["LastModifiedTime"],
    )


def _live_model(sagemaker: Any, model_name: str) -> str:  # noqa: ANN401
    """The model's own name where it was deleted, as may be while an endpoint serves it."""
    container = answer(sagemaker.describe_model, ModelName=model_name).get("PrimaryContainer", {})
    return _released_name(container["ModelDataUrl"]) if "ModelDataUrl" in container else model_name


def _artifact(model: KeptResource) -> str:
    [container] = model.values["primary_container"]
    return str(container["model_data_url"])


def _released_name(artifact: str) -> str:
    """An artifact lies at models/<released name>/<a name>.tar.gz: constructs/serving/released_models.py."""
    return artifact.split("/")[-2]


def _sound(state: TerraformState, resource_type: str) -> list[KeptResource]:
    return [item for item in state.of_type(resource_type) if not item.deposed]


def status(environment: Environment, state: TerraformState, sagemaker: Any) -> list[EndpointStatus]:  # noqa: ANN401
    """Of the settings' endpoints, and of those that are deployed still though no setting names them."""
    of_releases, of_state = released(environment), deployed(state)
    return [
        EndpointStatus(
            name=name, released=of_releases.get(name, {}), deployed=of_state.get(name), live=live(sagemaker, name)
        )
        for name in (*of_releases, *(name for name in of_state if name not in of_releases))
    ]


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name):
        stack, _ = opened(name, arguments.output)
        environment = read_environment(name, os.environ)
        state = read_state(wanted(stack))
        for line in table(status(environment, state, boto3.client("sagemaker", region_name=stack.region))):
            print(f"{name}: {line}")
        for line in without_release(environment):
            print(f"{name}: {line}")


if __name__ == "__main__":
    main()
