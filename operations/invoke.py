"""Sends rows of the sample data to the endpoints and prints what they predict: `make invoke ENV=dev`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations import command_line
from operations.verify import deployed_endpoints
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError, synthesized_stack

SAMPLE = ROOT / "models/sample-rows.csv"


def predictions(runtime: Any, endpoint_name: str, rows: bytes) -> list[Mapping[str, Any]]:  # noqa: ANN401
    """What the endpoint answers to the rows. Raises OperationError where it does not, or otherwise than asked."""
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint_name, Body=rows, ContentType="text/csv", Accept="application/json"
        )
    except ClientError as error:
        raise OperationError(f"endpoint {endpoint_name}: {error}") from error
    body = answer["Body"].read()
    try:
        found: list[Mapping[str, Any]] = json.loads(body)["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError(f"endpoint {endpoint_name}: {body[:200]!r}: must be JSON with predictions") from error
    if len(found) != len(rows.splitlines()):
        raise OperationError(f"endpoint {endpoint_name}: {len(found)} predictions for {len(rows.splitlines())} rows")
    return found


def lines(endpoint_name: str, found: list[Mapping[str, Any]]) -> Iterator[str]:
    for number, prediction in enumerate(found, start=1):
        said = ", ".join(f"{key} {value}" for key, value in prediction.items())
        yield f"endpoint {endpoint_name}, row {number}: {said}"


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--rows", type=Path, default=SAMPLE, help="CSV file, a row a line, sent as it is")
    arguments = parser.parse_args()
    with command_line.errors_as_lines(arguments.environment):
        try:
            rows = arguments.rows.read_bytes()
        except OSError as error:
            raise OperationError(f"--rows: {error}: must be a CSV file") from error
        stack = synthesized_stack(arguments.environment, arguments.output)
        stack.init()
        runtime = boto3.client("sagemaker-runtime", region_name=stack.region)
        for endpoint_name, _ in deployed_endpoints(stack):
            for line in lines(endpoint_name, predictions(runtime, endpoint_name, rows)):
                print(f"{arguments.environment}: {line}")


if __name__ == "__main__":
    main()
