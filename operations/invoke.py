"""Sends rows to the endpoints and prints what they answer: `make invoke ENV=dev`."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line
from operations.opened import opened
from settings.problems import one_line
from stacks.environments import ROOT, Environment, read_environment
from stacks.synthesized_stack import OperationError

SAMPLE = ROOT / "models/sample-rows.csv"
CSV = "text/csv"
# Of an answer, which may have megabytes: what a person reads.
LINES_MAX_COUNT = 1000
LINE_MAX_CHARACTERS = 1000


def ask(runtime: Any, endpoint_name: str, rows: bytes, content_type: str) -> list[str]:  # noqa: ANN401
    """Its answer as ends of lines that begin with its name. Raises OperationError where rows have no prediction."""
    answer = runtime.invoke_endpoint(EndpointName=endpoint_name, Body=rows, ContentType=content_type)
    body: bytes = answer["Body"].read()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return [f": {len(body)} bytes of {answer['ContentType']}: {body[:LINE_MAX_CHARACTERS]!r}"]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text.splitlines()
    if isinstance(found, dict) and isinstance(found.get("predictions"), list):
        found = found["predictions"]
        if content_type == CSV and len(found) != count(rows):
            raise OperationError(f"{len(found)} predictions for {count(rows)} rows")
    if not isinstance(found, list):
        return [f": {text}"]
    return [f", row {number}: {said(row)}" for number, row in enumerate(found, start=1)] or [": an empty answer"]


def said(row: object) -> str:
    if isinstance(row, dict):
        return ", ".join(f"{key} {value}" for key, value in row.items())
    return row if isinstance(row, str) else json.dumps(row)


def count(rows: bytes) -> int:
    """As a CSV reader counts them: without blank lines, and a quoted line break is in its row. Raises csv.Error."""
    return sum(1 for row in csv.reader(io.StringIO(rows.decode(errors="replace"), newline="")) if row)


def invoke(
    runtime: Any,  # noqa: ANN401
    endpoint_names: Sequence[str],
    rows: bytes,
    content_type: str = CSV,
) -> Iterator[str]:
    """Lines for each endpoint that answers. Raises OperationError with what is wrong of all the others."""
    wrong = []
    for name in endpoint_names:
        try:
            lines = ask(runtime, name, rows, content_type)
        except (OperationError, ClientError, BotoCoreError) as error:
            wrong.append(bounded(f"endpoint {name}: {error}"))
        except Exception as error:  # whatever it is, the others are asked
            wrong.append(bounded(f"endpoint {name}: {type(error).__name__}: {error}"))
        else:
            for line in lines[:LINES_MAX_COUNT]:
                yield bounded(f"endpoint {name}{line}")
            if len(lines) > LINES_MAX_COUNT:
                yield f"endpoint {name}: {len(lines) - LINES_MAX_COUNT} more rows"
    if wrong:
        raise OperationError("\n".join(wrong))


def bounded(line: str) -> str:
    shown = one_line(line)
    return shown if len(shown) <= LINE_MAX_CHARACTERS else f"{shown[:LINE_MAX_CHARACTERS]}..."


def not_deployed(environment: Environment, deployed: Sequence[str]) -> Mapping[str, str]:
    """The endpoints of the settings that there are none of, and why."""
    served = {name for name, release in environment.releases.items() if release.production is not None}
    return {
        names.name: "not deployed yet: make deploy"
        if name in served
        else "without a release in releases.json: not made"
        for name, names in environment.settings.names.endpoints.items()
        if names.name not in deployed
    }


def chosen(wanted: str, deployed: Sequence[str], others: Mapping[str, str]) -> Sequence[str]:
    """The deployed endpoints, or the one that is wanted. Raises OperationError where it is none of them."""
    if not deployed:
        raise OperationError("no endpoint is deployed: make status says which have no release, or none yet")
    if wanted and wanted not in deployed:
        known = f"{others[wanted]}; " if wanted in others else ""
        raise OperationError(f"ENDPOINT: {wanted!r}: {known}must be one of {', '.join(deployed)}")
    return [wanted] if wanted else deployed


def read(path: Path, content_type: str) -> bytes:
    """Raises OperationError where there is no row."""
    try:
        rows = path.read_bytes()
        if not rows or (content_type == CSV and count(rows) == 0):
            raise OperationError(f"ROWS: {path}: must hold at least one row")
    except (OSError, csv.Error) as error:
        raise OperationError(
            f"ROWS: {path}: {error.strerror if isinstance(error, OSError) else error}: must be a file of {content_type}"
        ) from error
    return rows


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--endpoint", default="", help="one of those that are deployed; left out: all of them")
    parser.add_argument(
        "--rows",
        type=lambda path: Path(path) if path else SAMPLE,
        default=SAMPLE,
        help="file, sent as it is; left out: the sample data",
    )
    parser.add_argument("--content-type", default="", help=f"of the file; left out: {CSV}, a row a line")
    arguments = parser.parse_args()
    name, content_type = arguments.environment, arguments.content_type or CSV
    with command_line.errors_as_lines(name):
        rows = read(arguments.rows, content_type)
        stack, _ = opened(name, arguments.output)
        stack.init()
        deployed = [found["value"] for key, found in stack.outputs().items() if key.startswith("endpoint_name_")]
        others = not_deployed(read_environment(name, os.environ), deployed)
        if not arguments.endpoint:
            for other, why in others.items():
                print(f"{name}: endpoint {other}: {why}")
        names = chosen(arguments.endpoint, deployed, others)
        runtime = boto3.client("sagemaker-runtime", region_name=stack.region)
        try:
            for line in invoke(runtime, names, rows, content_type):
                print(f"{name}: {line}")
        except OperationError as error:
            if arguments.rows != SAMPLE:
                raise
            raise OperationError(
                f"{error}\nthese were the sample rows of the models that the project ships; rows of your own: "
                "ROWS=<file> CONTENT_TYPE=<of the file>"
            ) from error


if __name__ == "__main__":
    main()
