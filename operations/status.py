"""What every endpoint serves, since when, what it is to serve and was deployed with: `make status`.

Of all environments at once, each asked with credentials of its own (operations/reach.py), or of one: `ENV=dev`.
`releases.json`, Terraform's state and SageMaker say one each. Where they differ, the last column has a name for it:

    no release        releases.json names no model for the endpoint: none is made
    to be removed     releases.json names no model for it any more: the next deploy removes it
    not deployed yet  releases.json, or the settings, say otherwise than the last deploy
    rolled back       SageMaker serves what it served before the last update: make verify says why
    drifted           SageMaker serves what neither the last deploy nor a rollback explains
    updating          SageMaker is at it, or takes an update back
    failed            SageMaker could not make or update it: make verify says why
    gone              it was deployed, and SageMaker has none
    not in the state  SageMaker has one of that name, and the state has not: make recover
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from operations import command_line, status_table
from operations.asked_status import asked_statuses, not_reached
from operations.caller import speaks_to
from operations.endpoint_status import entries_of, statuses, without_release
from operations.reach import refuse_elsewhere
from operations.state_move import state_of
from stacks.environments import Environment, read_environment, read_environments
from stacks.sourced_shell import OUTPUT_VARIABLE, refuse_gone
from stacks.synthesized_stack import OperationError

# Of a terminal that does not say, and of what is no terminal.
WIDTH, HEIGHT = 160, 24


def status(environment: Environment, output: Path) -> dict[str, Any]:
    """Of one environment, with this process's credentials; where it cannot be asked, with why. Changes nothing."""
    settings, account_id = environment.settings, None
    try:
        account_id = speaks_to(settings.name, settings.region).account_id
        session = boto3.Session(region_name=settings.region)
        refuse_elsewhere(environment, session)
        found = statuses(
            environment,
            entries_of(environment),
            state_of(settings, output),
            session.client("sagemaker"),
            session.client("cloudwatch"),
        )
        endpoints = [item.as_json(environment.catalogue) for item in found]
    except (OperationError, BotoCoreError, ClientError, ResponseParserError) as error:
        return not_reached(environment, str(error), account_id)
    return {
        "environment": settings.name,
        "account_id": account_id,
        "region": settings.region,
        "error": None,
        "endpoints": endpoints,
    }


def wants_json(given: str) -> bool:
    """Raises OperationError where JSON is neither 1 nor left out."""
    if given not in ("", "1"):
        raise OperationError(f"JSON: {given!r}: must be 1, or left out")
    return given == "1"


def main() -> None:
    parser = command_line.parser(__doc__, of_all=True)
    parser.add_argument("--json", nargs="?", const="1", default="", help="for machines: the same as JSON")
    arguments = parser.parse_args()
    name: str | None = arguments.environment
    with command_line.errors_as_lines(name or "status"):
        as_json = wants_json(arguments.json)
        if name is not None:
            environments = [read_environment(name, os.environ)]
            found = [status(environments[0], arguments.output)]
            if found[0]["error"] is not None and not as_json:
                raise OperationError(found[0]["error"])
        else:
            refuse_gone(os.environ)
            environments = read_environments(os.environ)
            found = asked_statuses(environments, os.environ | {OUTPUT_VARIABLE: str(arguments.output)})
        if as_json:
            print(json.dumps(found if name is None else found[0], indent=2))
        else:
            for line in status_table.lines(found, width=shutil.get_terminal_size((WIDTH, HEIGHT)).columns):
                print(line)
            for line in [f"{item.settings.name}: {line}" for item in environments for line in without_release(item)]:
                print(line)
        if all(item["error"] is not None for item in found):
            sys.exit(1)


if __name__ == "__main__":
    main()
