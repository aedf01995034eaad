"""What stands in a pipeline's definition for a value that is known only when it runs: `Get` and `Std:Join`.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

GET, JOIN = "Get", "Std:Join"
# https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/src/sagemaker/workflow/execution_variables.py
EXECUTION_VARIABLES = (
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "StartDateTime",
)
PART = re.compile(r"\.(?P<member>[A-Za-z0-9]+)|\['(?P<key>[^']+)'\]|\[(?P<index>\d+)\]")
STEP = re.compile(r"Steps\.(?P<step>[A-Za-z0-9_-]+)(?P<path>.*)", re.DOTALL)

Value = Any


class ExpressionError(Exception):
    """Why an expression is none, or has no value."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """`Steps.Train.FinalMetricDataList['validation:accuracy'].Value`: kind "Steps", name "Train", path the rest."""

    kind: str
    name: str
    path: tuple[str | int, ...] = ()


def is_expression(value: Value) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and any(key == GET or key.startswith("Std:") for key in value)


def reference(text: Value) -> Reference:
    """Raises ExpressionError."""
    if not isinstance(text, str):
        raise ExpressionError(f"{text!r} is no reference")
    kind, _, name = text.partition(".")
    if kind == "Parameters" and name:
        return Reference(kind=kind, name=name)
    if kind == "Execution" and name in EXECUTION_VARIABLES:
        return Reference(kind=kind, name=name)
    found = STEP.fullmatch(text)
    if found is None:
        raise ExpressionError(
            f"{text!r} is none of Parameters.<name>, Steps.<name>.<property> and Execution.<variable>"
        )
    path, end = list[str | int](), 0
    for part in PART.finditer(found["path"]):
        if part.start() != end:
            break
        path.append(int(part["index"]) if part["index"] else part["member"] or part["key"])
        end = part.end()
    if end < len(found["path"]) or not path:
        raise ExpressionError(f"{text!r} names no property of the step {found['step']}")
    return Reference(kind="Steps", name=found["step"], path=tuple(path))


def references(value: Value) -> Iterator[Reference]:
    """All that a part of a definition refers to. Raises ExpressionError for what is no expression that runs here."""
    if is_expression(value):
        [(function, argument)] = value.items()
        if function == GET:
            yield reference(argument)
        elif function == JOIN:
            if not isinstance(argument, Mapping) or not argument.keys() <= {"On", "Values"}:
                raise ExpressionError(f"{JOIN} takes On and Values only")
            if not isinstance(argument.get("Values"), list) or not isinstance(argument.get("On", ""), str):
                raise ExpressionError(f"{JOIN}: On must be a text and Values a list")
            yield from references(argument["Values"])
        else:
            raise ExpressionError(f"{function} does not run on the local AWS: {GET} and {JOIN} do")
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolved(value: Value, look_up: Callable[[Reference], Value]) -> Value:
    """The value with every expression replaced by what `look_up` finds. Raises what that raises."""
    if is_expression(value):
        [(function, argument)] = value.items()
        if function == GET:
            return look_up(reference(argument))
        return str(argument.get("On", "")).join(as_text(resolved(item, look_up)) for item in argument["Values"])
    if isinstance(value, Mapping):
        return {key: resolved(item, look_up) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, look_up) for item in value]
    return value


def as_text(value: Value) -> str:
    """As Std:Join writes it: a condition's outcome is "false" (the SDK's integration tests, which run on AWS:
    https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/tests/integ/sagemaker/workflow/test_fail_steps.py).
    How AWS writes numbers is documented nowhere; here it is the shortest form that reads back as the same number.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ExpressionError(f"{value!r:.100} cannot be joined to a text")


def found(described: Value, path: Sequence[str | int]) -> Value:
    """What a description has at the path. Raises ExpressionError where it has nothing there."""
    for part in path:
        if isinstance(described, list) and isinstance(part, str):
            # The SDK writes lists whose items have names as if they were maps.
            described = next((item for item in described if item.get("MetricName") == part), None)
        else:
            try:
                described = described[part]
            except (KeyError, IndexError, TypeError):
                described = None
        if described is None:
            raise ExpressionError(f"{shown(path)} is not there")
    return described


def is_described(shape: Shape, path: Sequence[str | int]) -> bool:
    """Whether a description of that shape may have something at the path."""
    for part in path:
        if isinstance(shape, StructureShape) and part in shape.members:
            shape = shape.members[part]
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape) and isinstance(part, str):
            shape = shape.value
        else:
            return False
    return not isinstance(shape, (StructureShape, ListShape, MapShape))


def shown(path: Sequence[str | int]) -> str:
    """As a definition writes it."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    written = [part if re.fullmatch(r"\.[A-Za-z0-9]+|\[\d+\]", part) else f"['{part[1:]}']" for part in parts]
    return "".join(written).removeprefix(".")
