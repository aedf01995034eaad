"""Sends rows of the sample data to the endpoints and prints what they predict: `make invoke ENV=dev`."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line
from operations.opened import opened
from operations.verify import deployed_endpoints
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError

SAMPLE = ROOT / "models/sample-rows.csv"


def predictions(runtime: Any, endpoint_name: str, rows: bytes) -> list[Mapping[str, Any]]:  # noqa: ANN401
    """What the endpoint answers to the rows. Raises OperationError where it does not, or otherwise than asked."""
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint_name, Body=rows, ContentType="text/csv", Accept="application/json"
        )
        body = answer["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise OperationError(f"endpoint {endpoint_name}: {error}") from error
    try:
        found: list[Mapping[str, Any]] = json.loads(body)["predictions"]
        if not all(isinstance(prediction, dict) for prediction in found):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError(f"endpoint {endpoint_name}: {body[:200]!r}: must be JSON with predictions") from error
    if len(found) != count(rows):
        raise OperationError(f"endpoint {endpoint_name}: {len(found)} predictions for {count(rows)} rows")
    return found


def count(rows: bytes) -> int:
    """As a CSV reader counts them: without blank lines, and a quoted line break is in its row. Raises csv.Error."""
    return sum(1 for row in csv.reader(io.StringIO(rows.decode(errors="replace"), newline="")) if row)


def lines(endpoint_name: str, found: list[Mapping[str, Any]]) -> Iterator[str]:
    for number, prediction in enumerate(found, start=1):
        said = ", ".join(f"{key} {value}" for key, value in prediction.items())
        yield f"endpoint {endpoint_name}, row {number}: {said}"


def invoke(runtime: Any, endpoint_names: Iterable[str], rows: bytes) -> Iterator[str]:  # noqa: ANN401
    """A line for each row of each endpoint that answers. Raises OperationError with what is wrong of all the others."""
    wrong = []
    for name in endpoint_names:
        try:
            yield from lines(name, predictions(runtime, name, rows))
        except OperationError as error:
            wrong.append(str(error))
    if wrong:
        raise OperationError("\n".join(wrong))


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--rows", type=Path, default=SAMPLE, help="CSV file, a row a line, sent as it is")
    arguments = parser.parse_args()
    with command_line.errors_as_lines(arguments.environment):
        try:
            rows = arguments.rows.read_bytes()
            if count(rows) == 0:
                raise OperationError(f"--rows: {arguments.rows}: must hold at least one row")
        except (OSError, csv.Error) as error:
            raise OperationError(f"--rows: {error}: must be a CSV file") from error
        stack, _ = opened(arguments.environment, arguments.output)
        stack.init()
        runtime = boto3.client("sagemaker-runtime", region_name=stack.region)
        for line in invoke(runtime, [name for name, _ in deployed_endpoints(stack)], rows):
            print(f"{arguments.environment}: {line}")


if __name__ == "__main__":
    main()
