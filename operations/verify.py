"""Asks SageMaker whether every endpoint serves what was deployed: `make verify ENV=dev`."""

from collections.abc import Iterator
from typing import Any

import boto3

from operations import command_line
from operations.opened import opened
from operations.verify_endpoint import what_is_wrong
from stacks.synthesized_stack import OperationError, SynthesizedStack


def deployed_endpoints(stack: SynthesizedStack) -> Iterator[tuple[str, str]]:
    """Name and configuration's name of each endpoint that Terraform made. Raises OperationError where there is none."""
    outputs = {name: output["value"] for name, output in stack.outputs().items()}
    names = {key: value for key, value in outputs.items() if key.startswith("endpoint_name_")}
    if not names:
        raise OperationError("no endpoint is deployed: make status says which have no release, or none yet")
    for key, name in names.items():
        yield name, outputs[key.replace("endpoint_name_", "endpoint_configuration_name_", 1)]


def verify(stack: SynthesizedStack, sagemaker: Any) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    """A line for each endpoint that is as deployed. Raises OperationError with what is wrong of all the others."""
    wrong = []
    for name, configuration_name in deployed_endpoints(stack):
        found = what_is_wrong(sagemaker, name, configuration_name)
        if found is None:
            yield f"endpoint {name} serves {configuration_name}"
        else:
            wrong.append(found)
    if wrong:
        raise OperationError("\n".join(wrong))


def main() -> None:
    arguments = command_line.parser(__doc__).parse_args()
    with command_line.errors_as_lines(arguments.environment):
        stack, _ = opened(arguments.environment, arguments.output)
        stack.init()
        for line in verify(stack, boto3.client("sagemaker", region_name=stack.region)):
            print(f"{arguments.environment}: {line}")


if __name__ == "__main__":
    main()
