"""Everything the app is built from, read and checked together: settings, releases, lifecycle scripts."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.lifecycle_scripts import read_lifecycle_script
from settings.operator_variables import name_variables, variable_faults, with_operator_settings
from settings.problems import InvalidInputError, faults_of
from settings.releases import FILE_NAME, Release, read_releases
from settings.shared_accounts import account_faults

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("dev", "staging", "prod")


@dataclass(frozen=True, kw_only=True)
class Environment:
    settings: EnvironmentSettings
    releases: Mapping[str, Release]  # by the endpoint's name in the settings
    on_create: bytes
    on_start: bytes
    notebooks: Sequence[Path]


def declared_settings(name: str) -> EnvironmentSettings:
    """What stacks/<name>.py declares; not checked."""
    declared: EnvironmentSettings = importlib.import_module(f"stacks.{name}").SETTINGS
    return declared


def read_environments(variables: Mapping[str, str], root: Path = ROOT) -> list[Environment]:
    """The environments of stacks/dev.py, staging.py and prod.py, with the operator's `variables`, and their releases.

    Raises InvalidInputError with every fault of all of them.
    """
    faults = variable_faults(NAMES, variables)
    settings: dict[str, EnvironmentSettings] = {}
    for name in NAMES:
        try:
            settings[name] = with_operator_settings(name, declared_settings(name), variables).checked()
        except ValidationError as error:
            faults += name_variables(name, faults_of(name, EnvironmentSettings, error), variables)
            continue
        if settings[name].name != name:
            faults.append(f"{name}: name: {settings[name].name!r}: must be {name!r}, as its file is")
    releases, release_faults = read_releases(root / FILE_NAME, NAMES, settings)
    on_create, on_create_faults = read_lifecycle_script(root / "lifecycle_scripts/on_create.sh")
    on_start, on_start_faults = read_lifecycle_script(root / "lifecycle_scripts/on_start.sh")
    if len(settings) == len(NAMES):  # what one environment lacks, a faulty one may have
        faults += account_faults(settings)
    faults += [*release_faults, *on_create_faults, *on_start_faults]
    if faults:
        raise InvalidInputError(faults)
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    return [
        Environment(
            settings=settings[name],
            releases=releases.get(name, {}),
            on_create=on_create,
            on_start=on_start,
            notebooks=notebooks,
        )
        for name in NAMES
    ]
