"""Synthesizes a construct or a whole environment, and returns what Terraform gets."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cdktf import TerraformStack, Testing

from settings.releases import Release
from settings.training_files import read_training_files
from stacks.environments import ROOT, Environment, read_environments
from stacks.ml_platform_stack import MlPlatformStack

Resources = dict[str, dict[str, dict[str, Any]]]


def without_comments(value: Any) -> Any:
    """Terraform ignores the key "//"; CDKTF keeps construct paths there."""
    if isinstance(value, dict):
        return {key: without_comments(item) for key, item in value.items() if key != "//"}
    if isinstance(value, list):
        return [without_comments(item) for item in value]
    return value


def synthesized(build: Callable[[TerraformStack], object]) -> Resources:
    """The resources of a stack that holds what `build` makes."""
    stack = TerraformStack(Testing.app(), "test")
    build(stack)
    resources: Resources = without_comments(json.loads(Testing.synth(stack)))["resource"]
    return resources


def environment(name: str, *, release: Release | None = None, **settings: object) -> Environment:
    """The committed environment of that name, with other settings or another release of its endpoints."""
    committed = next(item for item in read_environments({}) if item.settings.name == name)
    changed = committed.settings.model_copy(update=settings).checked()
    if "trainings" in settings:
        read, problems = read_training_files(ROOT, {name: changed})
        assert not problems
        committed = replace(committed, training_files=read[name])
    if release is not None:
        committed = replace(committed, releases={endpoint.name: release for endpoint in changed.endpoints})
    return replace(committed, settings=changed)


def synthesized_platform(of: Environment) -> dict[str, Any]:
    """The whole JSON of one environment's stack, comments left out."""
    stack = MlPlatformStack(Testing.app(), of)
    platform: dict[str, Any] = without_comments(json.loads(Testing.synth(stack)))
    return platform


def only(resources: Resources, resource_type: str) -> dict[str, Any]:
    """The one resource of its type."""
    [resource] = resources[resource_type].values()
    return resource
