"""The conditions of a Condition step, with the members that SageMaker's SDK writes.

https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/src/sagemaker/workflow/conditions.py
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.server.pipelines.expressions import ExpressionError

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
MEMBERS: Mapping[Any, set[str]] = {
    **{kind: {"LeftValue", "RightValue"} for kind in COMPARISONS},
    "In": {"QueryValue", "Values"},
    "Not": {"Expression"},
    "Or": {"Conditions"},
}


def broken(condition: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """What of it is no condition."""
    if not isinstance(condition, Mapping):
        yield f"{condition!r:.100} is no condition"
        return
    kind = condition.get("Type")
    if kind not in MEMBERS:
        yield f"Value {kind!r} for 'ConditionType' failed to satisfy enum value set: [{', '.join(MEMBERS)}]"
        return
    given = condition.keys() - {"Type"}
    yield from (f"Cannot parse object, unknown property {name!r}." for name in sorted(given - MEMBERS[kind]))
    yield from (f"{kind}: {name} is required" for name in sorted(MEMBERS[kind] - given))
    nested = condition.get("Conditions", []) if kind == "Or" else [condition.get("Expression", {})]
    if kind in ("In", "Or") and not isinstance(condition.get("Values" if kind == "In" else "Conditions"), list):
        yield f"{kind}: must be of a list"
    elif kind in ("Not", "Or") and MEMBERS[kind] <= given:
        for item in nested:
            yield from broken(item)


def holds(condition: Mapping[str, Any]) -> bool:
    """Of one whose expressions are resolved. Raises ExpressionError for values that cannot be compared."""
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Expression"])
    if kind == "Or":
        return any(holds(item) for item in condition["Conditions"])
    if kind == "In":
        return any(_compared("Equals", condition["QueryValue"], item) for item in condition["Values"])
    return _compared(kind, condition["LeftValue"], condition["RightValue"])


def _compared(kind: str, left: Any, right: Any) -> bool:  # noqa: ANN401 - any scalar
    if _sort(left) is not _sort(right):
        raise ExpressionError(f"{left!r} and {right!r} cannot be compared")
    return COMPARISONS[kind](left, right)


def _sort(value: Any) -> type:  # noqa: ANN401 - any scalar
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
