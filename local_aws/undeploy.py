"""Destroys what the local AWS holds, proves it, stops it: `python -m local_aws.undeploy`, run by `make local-down`."""

import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import credentials, environment_stack, provider
from local_aws.deploy import forget
from local_aws.inventory import inventory
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError
from settings.environment import EnvironmentSettings
from settings.problems import printable
from stacks.environments import ROOT, read_environments
from stacks.synthesized_stack import OperationError
from stacks.terminal import Parser


def destroy(folder: Path, server: server_process.Server, settings: EnvironmentSettings) -> list[str]:
    """What is left in the environment's account after it is destroyed. Raises OperationError when that fails."""
    name = settings.name
    changes, _ = provider.cli_configuration(folder, os.environ)
    own = credentials.account_variables(server, settings)
    session = credentials.session(own)
    for bucket in session.resource("s3", endpoint_url=server.url).buckets.all():
        if bucket.name != settings.state_bucket:
            bucket.object_versions.delete()  # Terraform deletes objects only where the settings have force_destroy
    if environment_stack.was_deployed(folder, name):
        environment_stack.destroy(folder, name, os.environ | own | changes)
    if settings.state_bucket is not None:
        bucket = session.resource("s3", endpoint_url=server.url).Bucket(settings.state_bucket)
        if bucket.creation_date is not None:
            bucket.object_versions.delete()
            bucket.delete()
    return [f"{name}: {found}" for found in inventory(session, server.url)]


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where the local mode writes")
    folder = parser.parse_args().folder.resolve()
    credentials.forget_users_configuration()
    try:
        with environment_stack.nothing_runs(folder):
            undeploy(folder)
    except LocalAwsError as error:
        sys.exit(printable(f"local AWS: {error}"))


def undeploy(folder: Path) -> None:
    """Ends the program where something is left."""
    server, gone = server_process.find(folder)
    if server is None:
        forget(folder)
        print(f"local AWS: {gone or 'not running'}: nothing to destroy")
        return
    left, failed = [], []
    for environment in read_environments(os.environ):
        try:
            left += destroy(folder, server, environment.settings)
        except (LocalAwsError, OperationError, BotoCoreError, ClientError) as error:
            failed.append(f"{environment.settings.name}: {error}")
    server_process.stop(folder, server)
    forget(folder)
    for line in failed + left:
        print(printable(f"local AWS: {line}"), file=sys.stderr)
    if failed or left:
        sys.exit("local AWS: stopped, but the destroy did not leave it empty")
    print("local AWS: nothing is left in any account; stopped")


if __name__ == "__main__":
    main()
