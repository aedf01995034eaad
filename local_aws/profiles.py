"""An AWS profile for each environment's account of the local AWS: a shell that has sourced one environment's exports
reaches the others with them, for `make status` and `make promote`: operations/reach.py.
"""

from collections.abc import Sequence
from pathlib import Path

from local_aws import credentials, private_file
from local_aws.deployed import AWS_CONFIG, AWS_CREDENTIALS
from local_aws.server.process import LocalAwsError, Server
from settings.environment import EnvironmentSettings
from settings.operator_variables import PROFILE, variable

# https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def write(folder: Path, server: Server, environments: Sequence[EnvironmentSettings]) -> dict[str, str]:
    """Called as the environments are, in two files of the folder. The variables of a process that is to find them, with
    the account of each: so the settings know it here as they do on AWS.

    Raises LocalAwsError where a file cannot be written.
    """
    config, kept, variables = "", "", {}
    for settings in environments:
        found = credentials.account_variables(server, settings)
        config += f"[profile {settings.name}]\nregion = {settings.region}\n"
        kept += f"[{settings.name}]\n" + "".join(f"{key} = {found[key.upper()]}\n" for key in KEYS)
        variables[variable(settings.name, "account_id")] = credentials.deployed(settings).account_id
        variables[variable(settings.name, PROFILE)] = settings.name
    for name, text in ((AWS_CONFIG, config), (AWS_CREDENTIALS, kept)):
        path = folder / name
        try:
            private_file.write(path, text)
        except OSError as error:
            raise LocalAwsError(f"{path}: {error.strerror}: must be a file that can be written") from error
    return variables | {
        "AWS_CONFIG_FILE": str(folder / AWS_CONFIG),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / AWS_CREDENTIALS),
    }
