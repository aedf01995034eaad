"""Destroys what was deployed on the local AWS, and proves it by AWS's own answers."""

import os
from collections.abc import Iterator
from pathlib import Path

from local_aws import credentials, environment_stack, provider
from local_aws.deployed import Deployed, noted
from local_aws.inventory import (
    delete_apps_and_spaces,
    delete_kept_log_groups,
    delete_registered_models,
    inventory,
)
from local_aws.running_executions import stop_running_executions
from local_aws.server.process import Server
from stacks.environments import read_environments


def destroyed(folder: Path, server: Server) -> Iterator[str]:
    """What could not be destroyed, and what is left in any account: a line each."""
    for deployed in _accounts(folder):
        try:
            yield from _left(folder, server, deployed)
        except Exception as error:  # the server is stopped and the others are destroyed, whatever is in the way
            yield f"{deployed.name}: {str(error) or type(error).__name__}"


def _accounts(folder: Path) -> list[Deployed]:
    """As they were deployed; and those of today's settings, where they can be read: something may be there too."""
    found = {deployed.name: deployed for deployed in noted(folder)}
    try:
        environments = read_environments(os.environ)
    except (Exception, SystemExit):
        print("local AWS: the settings cannot be read now: what was deployed is destroyed as it was", flush=True)
        environments = []
    for environment in environments:
        found.setdefault(environment.settings.name, credentials.deployed(environment.settings))
    return [*found.values()]


def _left(folder: Path, server: Server, deployed: Deployed) -> list[str]:
    """What is in the account after the destroy. Raises OperationError and LocalAwsError."""
    name = deployed.name
    changes, _ = provider.cli_configuration(folder, os.environ)
    own = credentials.variables_of(server, deployed)
    session = credentials.session(own)
    stopped = stop_running_executions(session, server.url)
    if stopped:
        print(f"local AWS: {name}: stopped, as it still ran: {', '.join(stopped)}", flush=True)
    for bucket in session.resource("s3", endpoint_url=server.url).buckets.all():
        if bucket.name != deployed.state_bucket:
            bucket.object_versions.delete()  # Terraform deletes objects only where the settings have force_destroy
    delete_registered_models(session, server.url)  # and registered models only with its script
    delete_apps_and_spaces(session, server.url)  # and of these it knows nothing
    if environment_stack.was_deployed(folder, name):
        stack = environment_stack.destroyed(folder, name, os.environ | own | changes)
        if stack.protected:
            delete_kept_log_groups(session, server.url, stack.tags)
    if deployed.state_bucket is not None:
        bucket = session.resource("s3", endpoint_url=server.url).Bucket(deployed.state_bucket)
        if bucket.creation_date is not None:
            bucket.object_versions.delete()
            bucket.delete()
    return [f"{name}: {found}" for found in inventory(session, server.url)]
