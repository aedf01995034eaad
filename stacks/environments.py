"""Everything the app is built from, read and checked together: settings, releases, scripts, notebooks, trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.lifecycle_script_sizes import size_problems
from settings.lifecycle_scripts import LifecycleScripts, read_lifecycle_scripts
from settings.operator_variables import variable_problems, with_operator_settings, with_variables
from settings.problems import InvalidInputError, Problem, problems_of
from settings.received_models import reader_account_ids, receiving_problems
from settings.releases import FILE_NAME, ModelEntry, Release, read_releases
from settings.sample_notebooks import read_sample_notebooks
from settings.shared_accounts import account_problems
from settings.training_files import TrainingFiles, read_training_files
from stacks.declarations import DeclarationError, declared_settings, undeclared_problems

ROOT = Path(__file__).resolve().parent.parent
STACKS = ROOT / "stacks"
NAMES: tuple[str, ...] = ("dev", "staging", "prod")


@dataclass(frozen=True, kw_only=True)
class Environment:
    settings: EnvironmentSettings
    releases: Mapping[str, Release]  # by the endpoint's name in the settings
    catalogue: Mapping[str, ModelEntry]  # all models of releases.json
    reader_account_ids: Sequence[str]  # that may read what trainings leave in the data bucket
    lifecycle_scripts: LifecycleScripts
    notebooks: Sequence[Path]
    training_files: Mapping[str, TrainingFiles]  # by the training's name in the settings
    # Asks SageMaker, after an update, which configuration an endpoint serves.
    verify_script: Path
    wait_script: Path
    delete_script: Path  # deletes the versions of a group of models
    release_script: Path  # takes away what SageMaker leaves of Studio in a network

    @property
    def image_repositories(self) -> set[str]:
        """Of the released models."""
        return {model.image_repository for release in self.releases.values() for model in release.models.values()}


def read_environments(variables: Mapping[str, str]) -> list[Environment]:
    """The environments of NAMES, with the operator's `variables`, and their releases.

    Raises InvalidInputError with every problem of all of them.
    """
    problems = [*variable_problems(NAMES, variables), *undeclared_problems(STACKS, NAMES)]
    settings: dict[str, EnvironmentSettings] = {}
    for name in NAMES:
        try:
            declared = declared_settings(STACKS, name)
            settings[name] = with_operator_settings(name, declared, variables).checked()
        except DeclarationError as error:
            problems += error.problems
            continue
        except ValidationError as error:
            problems += with_variables(name, problems_of(name, EnvironmentSettings, error), variables)
            continue
        if settings[name].name != name:
            allowed = f"must be {name!r}, as its file is"
            problems.append(Problem(where=name, path="name", value=settings[name].name, allowed=allowed))
    releases, catalogue, release_problems = read_releases(ROOT / FILE_NAME, NAMES, settings)
    lifecycle_scripts, script_problems = read_lifecycle_scripts(ROOT / "lifecycle_scripts")
    notebooks, notebook_problems = read_sample_notebooks(ROOT / "notebooks")
    training_files, training_problems = read_training_files(ROOT, settings)
    if len(settings) == len(NAMES):  # what one environment lacks, one with a problem may have
        problems += [*account_problems(settings), *receiving_problems(settings)]
    problems += [*release_problems, *script_problems, *size_problems(lifecycle_scripts, settings)]
    problems += [*notebook_problems, *training_problems]
    if problems:
        raise InvalidInputError(problems)
    return [
        Environment(
            settings=settings[name],
            releases=releases.get(name, {}),
            catalogue=catalogue,
            reader_account_ids=reader_account_ids(settings, name),
            lifecycle_scripts=lifecycle_scripts,
            notebooks=notebooks,
            training_files=training_files[name],
            verify_script=ROOT / "operations/verify_endpoint.py",
            wait_script=ROOT / "operations/wait_for_interfaces.py",
            delete_script=ROOT / "operations/delete_model_packages.py",
            release_script=ROOT / "operations/release_studio_network.py",
        )
        for name in NAMES
    ]


def read_environment(name: str, variables: Mapping[str, str]) -> Environment:
    """That one, checked with all the others. Raises InvalidInputError with every problem of all of them."""
    return next(item for item in read_environments(variables) if item.settings.name == name)
