"""Takes an endpoint back to its previous model: `make rollback ENV=prod [ENDPOINT=linear-learner] [DEPLOY=1]`.

Production and previous change places in releases.json, once: a second call never brings the bad model back. Nobody is
asked, so that it works without credentials, and when the environment that trained the model is gone: its artifact is
kept in this environment's own bucket.
"""

import os

from operations import command_line
from operations.release_change import (
    PREVIOUS,
    ROLLED_BACK,
    Release,
    deploy,
    endpoint_of,
    put,
    release_in,
    rolled_back,
    wants_deploy,
    what_comes_next,
)
from operations.releases_file import held_releases
from settings.names import PRODUCTION
from settings.releases import FILE_NAME
from stacks.synthesized_stack import OperationError


def taken_back(release: Release, endpoint: str) -> tuple[Release, str]:
    """The release, and what is said of it. Raises OperationError where there is nothing to go back to."""
    production, previous = release.get(PRODUCTION), release.get(PREVIOUS)
    if previous is None:
        raise OperationError(
            f"{endpoint}: {FILE_NAME} names no previous model to go back to: name another production model there by "
            "hand, or release one"
        )
    if release.get(ROLLED_BACK):
        return release, f"rolled back already, from {previous} to {production}: nothing was changed"
    return rolled_back(release), f"rolled back from {production} to {previous}, in {FILE_NAME}"


def main() -> None:
    parser = command_line.parser_of_any(__doc__)
    parser.add_argument("--endpoint", default="", help="one of the settings' endpoints; left out: the only one")
    arguments = parser.parse_args()
    name: str = arguments.environment
    with command_line.errors_as_lines(name):
        deploys = wants_deploy(os.environ)
        with held_releases(os.environ) as releases:
            environment = releases.environments[name]
            endpoint = endpoint_of([*environment.settings.names.endpoints], arguments.endpoint, f"stacks/{name}.py")
            content = releases.content
            after, said = taken_back(release_in(content, name, endpoint), endpoint)
            put(content, name, endpoint, after)
            changes = releases.write(content)
        for line in changes:
            print(line)
        print(f"{name}: {endpoint}: {said}")
        for line in what_comes_next(name, [], changed=bool(changes), deploys=deploys):
            print(f"{name}: {line}")
        if deploys:
            deploy(environment, os.environ)


if __name__ == "__main__":
    main()
