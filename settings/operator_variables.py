"""Settings that an operator or a pipeline gives by environment variables, without editing Python.

`ML_PLATFORM_<ENVIRONMENT>_<FIELD>`, say ML_PLATFORM_PROD_ACCOUNT_ID, comes before the value in stacks/prod.py.
`ML_PLATFORM_<ENVIRONMENT>_PROFILE` is no setting of what is deployed: operations/reach.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from settings.environment import EnvironmentSettings
from settings.problems import Problem
from settings.suggestions import suggestion

PREFIX = "ML_PLATFORM_"
FIELDS = ("account_id", "owner", "project", "region", "state_bucket")
PROFILE = "profile"


def variable(environment: str, field: str) -> str:
    return f"{PREFIX}{environment}_{field}".upper()


def given(environment: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Field to value, of the variables that are set for the environment."""
    names = {field: variable(environment, field) for field in FIELDS}
    return {field: variables[name] for field, name in names.items() if name in variables}


def with_operator_settings(
    environment: str, declared: EnvironmentSettings, variables: Mapping[str, str]
) -> EnvironmentSettings:
    """What the environment's file declares, with the operator's values over it; not checked yet."""
    return EnvironmentSettings(**{**vars(declared), **given(environment, variables)})


def variable_problems(environments: Sequence[str], variables: Mapping[str, str]) -> Iterator[Problem]:
    """Variables that look like an operator's and are none: a slip of the pen must not go unnoticed."""
    fields = sorted((*FIELDS, PROFILE))
    known = [variable(environment, field) for environment in environments for field in fields]
    for name in variables:
        if name.startswith(PREFIX) and name not in known:
            allowed = f"{PREFIX}<{'|'.join(environments)}>_<{'|'.join(fields)}>".upper()
            yield Problem(where=name, allowed=f"unknown variable: must be one of {allowed}{suggestion(name, known)}")
    for name in (variable(environment, PROFILE) for environment in environments):
        if variables.get(name) == "":
            yield Problem(where=name, value="", allowed="must be the name of an AWS profile, or not be set")


def with_variables(environment: str, problems: Iterable[Problem], variables: Mapping[str, str]) -> Iterator[Problem]:
    """The problems, those of an operator's value with the variable that gave it."""
    operators = given(environment, variables)
    for problem in problems:
        if problem.path in operators:
            yield replace(problem, path=f"{problem.path} ({variable(environment, problem.path)})")
        else:
            yield problem


def origin(environment: str, declared: EnvironmentSettings, field: str, variables: Mapping[str, str]) -> str:
    """Where the value of a field comes from."""
    if field in given(environment, variables):
        return variable(environment, field)
    return f"stacks/{environment}.py" if field in vars(declared) else "default"
