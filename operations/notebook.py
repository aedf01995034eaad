"""A URL that opens the notebook instance in a browser: `make notebook ENV=dev`.

The URL alone is on standard output; how long it can be used, beside it. Whoever has it needs no other right.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html
"""

import sys

from operations import command_line
from operations.notebook_instance import FAILED, IN_SERVICE, STATUS, STOPPED, NotebookInstance, notebook_of
from stacks.synthesized_stack import OperationError

URL_MINUTES = 5
# The longest, and what AWS gives who does not ask.
SESSION_SECONDS = 12 * 3600


def url(notebook: NotebookInstance) -> str:
    """Raises OperationError where the instance is not in service."""
    status = notebook.described()[STATUS]
    restart = f"make notebook-restart ENV={notebook.environment}"
    if status in (STOPPED, FAILED):
        why = f" ({notebook.why_failed()})" if status == FAILED else ""
        raise OperationError(f"notebook {notebook.name} is {status}{why}: {restart} starts it")
    if status != IN_SERVICE:
        raise OperationError(f"notebook {notebook.name} is {status}: in some minutes again, or {restart}, which waits")
    found: str = notebook.sagemaker.create_presigned_notebook_instance_url(
        NotebookInstanceName=notebook.name, SessionExpirationDurationInSeconds=SESSION_SECONDS
    )["AuthorizedUrl"]
    return found


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    with command_line.errors_as_lines(arguments.environment):
        found = url(notebook_of(arguments.environment))
        print(
            f"{arguments.environment}: this URL opens it for {URL_MINUTES} minutes, for whoever has it; a session "
            f"lasts {SESSION_SECONDS // 3600} hours",
            file=sys.stderr,
            flush=True,
        )
        print(found)


if __name__ == "__main__":
    main()
