"""Destroys what the local AWS holds, proves it, stops it: `python -m local_aws.undeploy`, run by `make local-down`.

Whatever the settings say by now: what was deployed is destroyed as it was, and the server is stopped in any case.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

from local_aws.command_line import errors_as_lines
from local_aws.deployed import forget
from local_aws.server import process as server_process
from local_aws.server.process import LocalAwsError
from settings.problems import printable
from stacks.terminal import Parser

ROOT = Path(__file__).resolve().parent.parent


def undeploy(folder: Path) -> None:
    """Raises LocalAwsError where a deploy runs, and where something is left."""
    with ExitStack() as stack:
        left = []
        try:
            from local_aws import credentials, destruction, environment_stack  # noqa: PLC0415
        except Exception as error:  # of the person's own Python, in stacks/environments.py
            left.append(f"nothing could be destroyed: {type(error).__name__}: {error}")
            server, gone = server_process.find(folder)
        else:
            credentials.forget_users_configuration()
            stack.enter_context(environment_stack.nothing_runs(folder))
            server, gone = server_process.find(folder)
            left += [] if server is None else destruction.destroyed(folder, server)
        if server is not None:
            server_process.stop(folder, server)
        forget(folder)
    if server is None:
        print(f"local AWS: {gone or 'not running'}: nothing to destroy")
        return
    for line in left:
        print(printable(f"local AWS: {line}"), file=sys.stderr)
    if left:
        raise LocalAwsError("stopped, but the destroy did not leave it empty")
    print("local AWS: nothing is left in any account; stopped")


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where the local mode writes")
    folder = parser.parse_args().folder.resolve()
    with errors_as_lines("the next make local-down goes on"):
        undeploy(folder)


if __name__ == "__main__":
    main()
