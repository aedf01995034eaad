"""What release, promote and rollback have in common: the release of one endpoint, what is said of it, and the deploy.

A release is what releases.json says of an endpoint, `{"production": ..., "shadow": ..., "previous": ...}`.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from operations.reach import variables_for
from settings.names import PRODUCTION, SHADOW
from settings.suggestions import one_of
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError

PREVIOUS, ROLLED_BACK, FORCED = "previous", "rolled_back", "forced"
PAGE = "docs/releasing.md"
Release = Mapping[str, Any]


def endpoint_of(endpoints: Sequence[str], wanted: str, where: str) -> str:
    """The one that is wanted, or the only one. Raises OperationError where there is none such, or several."""
    if not endpoints:
        raise OperationError(f"no endpoint: {where} has none")
    if wanted:
        if wanted not in endpoints:
            raise OperationError(f"ENDPOINT: {wanted!r}: {one_of(wanted, endpoints)}, of {where}")
        return wanted
    if len(endpoints) > 1:
        raise OperationError(f"ENDPOINT: {', '.join(endpoints)}: one of them must be named: ENDPOINT={endpoints[0]}")
    return endpoints[0]


def release_in(content: Mapping[str, Any], environment: str, endpoint: str) -> Release:
    """Of what releases.json says; empty where it says nothing of the endpoint."""
    found: Release = content["environments"].get(environment, {}).get(endpoint, {})
    return {key: value for key, value in found.items() if value is not None}


def put(content: Any, environment: str, endpoint: str, release: Release) -> None:  # noqa: ANN401 - JSON
    content["environments"].setdefault(environment, {})[endpoint] = dict(release)


def with_production(release: Release, model: str, forced: Mapping[str, Any] | None = None) -> Release:
    """The model in production, what was there as the previous one, and no shadow that would be compared with itself."""
    before, shadow = release.get(PRODUCTION), release.get(SHADOW)
    return {
        PRODUCTION: model,
        **({} if before in (None, model) else {PREVIOUS: before}),
        **({} if shadow in (None, model) else {SHADOW: shadow}),
        **({} if forced is None else {FORCED: forced}),
    }


def with_shadow(release: Release, model: str, forced: Mapping[str, Any] | None = None) -> Release:
    """The model beside what is in production, in the place of another shadow."""
    kept = {key: value for key, value in release.items() if key != FORCED}
    return {**kept, SHADOW: model, **({} if forced is None else {FORCED: forced})}


def rolled_back(release: Release) -> Release:
    """Production and previous change places."""
    swapped = with_production(release, release[PREVIOUS])
    return {**swapped, ROLLED_BACK: True}


def wants_deploy(variables: Mapping[str, str]) -> bool:
    """Raises OperationError where DEPLOY is neither 1 nor left out."""
    given = variables.get("DEPLOY", "")
    if given not in ("", "1"):
        raise OperationError(f"DEPLOY: {given!r}: must be 1, or left out")
    return given == "1"


def receivers(environments: Iterable[Environment], name: str) -> list[str]:
    """The environments whose models come from that one."""
    return [item.settings.name for item in environments if item.settings.receives_from == name]


def endpoint_option(environment: Environment, endpoint: str) -> str:
    """What a command that is told to a person needs to mean this endpoint."""
    return f" ENDPOINT={endpoint}" if len(environment.settings.endpoints) > 1 else ""


def when_served(environment: Environment, endpoint: str, command: str) -> str:
    """The command with how long the endpoint must have served its models before."""
    [minutes] = [item.soak_minutes for item in environment.settings.endpoints if item.name == endpoint]
    return f"after {minutes} minutes {command}" if minutes else command


def promotions(environments: Mapping[str, Environment], name: str, endpoint: str) -> Iterator[str]:
    """The commands that promote what an environment has in production."""
    for receiver in receivers(environments.values(), name):
        if endpoint in environments[receiver].settings.names.endpoints:
            option = endpoint_option(environments[receiver], endpoint)
            yield when_served(environments[name], endpoint, f"make promote FROM={name} TO={receiver}{option}")


def what_comes_next(name: str, later: Sequence[str], *, changed: bool, deploys: bool) -> Iterator[str]:
    """After a change, or where nothing had to be changed."""
    deploy = [] if deploys else [f"make deploy ENV={name}"]
    steps = [*deploy, f"make verify ENV={name}", *later]
    if changed:
        yield f"next: {', then '.join(steps)}"
        yield f"it is reviewed and committed as any change is, with what make snapshots rewrites: {PAGE}"
    elif deploy:
        yield f"where it is not deployed yet: {', then '.join(steps)}"


def deploy(environment: Environment, variables: Mapping[str, str]) -> NoReturn:
    """Becomes make deploy of that environment: what is typed, its answers and its exit code are that one's."""
    sys.stdout.flush()
    command = [sys.executable, "-m", "stacks.run", "operations.deploy", "--", environment.settings.name]
    os.execve(command[0], command, variables_for(environment, variables))  # noqa: S606 - no shell
