"""The AWS profile that leads to an environment's account: `ML_PLATFORM_<ENVIRONMENT>_PROFILE` names it."""

from collections.abc import Mapping

from settings.operator_variables import PROFILE, variable

# Each comes before AWS_PROFILE in botocore: botocore/credentials.py, botocore/configprovider.py.
BEFORE_A_PROFILE = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_DEFAULT_PROFILE",
)


def with_profile(name: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a process that works with that environment; where none is named, as they are."""
    profile = variables.get(variable(name, PROFILE))
    if profile is None:
        return dict(variables)
    return {key: value for key, value in variables.items() if key not in BEFORE_A_PROFILE} | {"AWS_PROFILE": profile}
