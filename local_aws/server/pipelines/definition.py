"""What a pipeline's definition says, and why SageMaker would not take it.

AWS publishes a JSON schema of definitions that is older than what its SDK writes, and refuses what the SDK writes:
https://github.com/aws-sagemaker-mlops/sagemaker-model-building-pipeline-definition-JSON-schema
So arguments are held against botocore's models of the operations that a step calls, the rest against the SDK and AWS's
page on steps. A definition that AWS would take and that nothing here could run is refused too, in a sentence that says
so. The words "Unable to parse pipeline definition", "Unknown Argument member", "unknown property", "Model Validation
failed" and "can not depends on" are AWS's:
https://github.com/aws/sagemaker-python-sdk/pull/3472
https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/src/sagemaker/workflow/_utils.py
https://github.com/aws/sagemaker-python-sdk/issues/2746
https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/tests/integ/sagemaker/workflow/test_fail_steps.py
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.utils import get_service_model

from local_aws.server.pipelines import conditions, expressions
from local_aws.server.pipelines.expressions import ExpressionError, Reference

VERSION = "2020-12-01"
STEP_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEFINITION_MEMBERS = {"Version", "Metadata", "Parameters", "Steps"}
STEP_MEMBERS = {"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"}
PARAMETER_MEMBERS = {"Name", "Type", "DefaultValue", "EnumValues"}
PARAMETER_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}
# The rest of what AWS takes: these need more than is here to run.
ELSEWHERE_ONLY = {"PipelineExperimentConfig", "MlflowConfig", "CacheConfig", "PropertyFiles", "RetryPolicies"}


@dataclass(frozen=True, kw_only=True)
class StepType:
    """The operation that the step calls with its arguments, the one whose answer its properties are, and the arguments
    that SageMaker gives itself, so that a definition must not, or need not."""

    operation: str
    described_by: str
    refused: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


CALLING = {
    "Training": StepType(
        operation="CreateTrainingJob",
        described_by="DescribeTrainingJob",
        optional=frozenset({"TrainingJobName"}),
    ),
    "RegisterModel": StepType(
        operation="CreateModelPackage",
        described_by="DescribeModelPackage",
        refused=frozenset({"ModelPackageName", "CertifyForMarketplace"}),
    ),
}
# What they take beside operations' arguments.
OTHERS = {"Condition": {"Conditions", "IfSteps", "ElseSteps"}, "Fail": {"ErrorMessage"}}
STEP_TYPES = (*CALLING, *OTHERS)
OUTCOME = ("Outcome",)


class DefinitionError(Exception):
    """Why SageMaker would not take it."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    kind: str
    default: Any = None
    allowed: tuple[Any, ...] = ()

    def value(self, given: str | None) -> Any:  # noqa: ANN401 - of its kind
        """What an execution has for it. Raises DefinitionError."""
        value = self.default if given is None else self._read(given)
        if value is None:
            raise DefinitionError(f"Parameter [{self.name}] has no default value: it must be given")
        if self.allowed and value not in self.allowed:
            raise DefinitionError(f"Parameter [{self.name}]: {value!r}: must be one of {list(self.allowed)}")
        return value

    def _read(self, given: str) -> Any:  # noqa: ANN401 - of its kind
        if self.kind == "String":
            return given
        try:
            value = json.loads(given.lower() if self.kind == "Boolean" else given)
        except ValueError:
            value = None
        if not _is_of(self.kind, value):
            raise DefinitionError(f"Parameter [{self.name}]: {given!r}: must be of type {self.kind}")
        return value


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    kind: str
    arguments: Mapping[str, Any]
    waits_for: frozenset[str]
    # Its display name and its description, as ListPipelineExecutionSteps tells them.
    told: Mapping[str, str]
    if_steps: tuple["Step", ...] = ()
    else_steps: tuple["Step", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Definition:
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    steps: tuple[Step, ...]


def parse(text: str) -> Definition:
    """Raises DefinitionError with all that is wrong."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"Unable to parse pipeline definition. It is no JSON: {error}") from None
    problems = list(_problems(document))
    if problems:
        raise DefinitionError(f"Unable to parse pipeline definition. {' '.join(problems)}")
    return Definition(
        parameters={item["Name"]: _parameter(item) for item in document.get("Parameters") or []},
        steps=tuple(_step(item) for item in document["Steps"]),
    )


def _parameter(item: Mapping[str, Any]) -> Parameter:
    allowed = tuple(item.get("EnumValues") or ())
    return Parameter(name=item["Name"], kind=item["Type"], default=item.get("DefaultValue"), allowed=allowed)


def _step(item: Mapping[str, Any]) -> Step:
    arguments = item.get("Arguments") or {}
    told = {f"Step{name}": item[name] for name in ("DisplayName", "Description") if name in item}
    branches = {"if_steps": arguments.get("IfSteps"), "else_steps": arguments.get("ElseSteps")}
    made = {name: tuple(map(_step, steps)) for name, steps in branches.items() if steps}
    inner = frozenset[str]().union(*(step.waits_for for steps in made.values() for step in steps))
    own = {name for name in arguments if item["Type"] != "Condition" or name == "Conditions"}
    named = {found.name for found in _steps_in({name: arguments[name] for name in own})}
    branch_names = {step.name for steps in made.values() for step in steps}
    waits_for = (frozenset(named) | set(item.get("DependsOn") or ()) | inner) - branch_names
    return Step(
        name=item["Name"], kind=item["Type"], arguments=arguments, waits_for=frozenset(waits_for), told=told, **made
    )


def _steps_in(value: Any) -> Iterator[Reference]:  # noqa: ANN401 - any JSON
    return (found for found in expressions.references(value) if found.kind == "Steps")


def _problems(document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if not isinstance(document, Mapping):
        yield "It must be a JSON object."
        return
    yield from _unknown(document, DEFINITION_MEMBERS)
    if document.get("Version") != VERSION:
        yield f"Version: {document.get('Version')!r}: must be {VERSION!r}."
    parameters, steps = document.get("Parameters") or [], document.get("Steps")
    if not isinstance(parameters, list) or not isinstance(steps, list) or not steps:
        yield "Parameters must be a list and Steps a list that is not empty."
        return
    formal = [*(line for item in parameters for line in _parameter_problems(item))]
    formal += [line for item in steps for line in _step_problems(item, nested=False)]
    yield from formal
    if formal:
        return
    doubled = [*_doubled("parameter", parameters), *_doubled("step", [*_all(steps)])]
    yield from doubled
    if not doubled:
        yield from _reference_problems(steps, {item["Name"] for item in parameters})


def _unknown(item: Mapping[str, Any], members: set[str]) -> Iterator[str]:
    for name in sorted(item.keys() - members):
        if name in ELSEWHERE_ONLY:
            yield f"{name} does not run on the local AWS."
        else:
            yield f"Cannot parse object, unknown property {name!r}."


def _doubled(what: str, items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(item["Name"] for item in items)
    yield from (f"Duplicate {what} name {name!r}." for name, count in counts.items() if count > 1)


def _parameter_problems(item: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if not isinstance(item, Mapping) or not isinstance(item.get("Name"), str):
        yield f"Parameter {item!r:.100}: must have a Name."
        return
    yield from _unknown(item, PARAMETER_MEMBERS)
    if item.get("Type") not in PARAMETER_TYPES:
        yield (
            f"Model Validation failed: Value {item.get('Type')!r} for 'ParameterType' failed to satisfy enum value "
            f"set: [{', '.join(PARAMETER_TYPES)}]"
        )
        return
    values = [*(item.get("EnumValues") or []), *([item["DefaultValue"]] if "DefaultValue" in item else [])]
    for value in values:
        if not _is_of(item["Type"], value):
            yield f"Parameter [{item['Name']}]: {value!r}: must be of type {item['Type']}."


def _is_of(kind: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, PARAMETER_TYPES[kind]) and (kind == "Boolean" or not isinstance(value, bool))


def _step_problems(item: Any, *, nested: bool) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if not isinstance(item, Mapping) or not isinstance(item.get("Name"), str):
        yield f"Step {item!r:.100}: must have a Name."
        return
    name, kind, arguments = item["Name"], item.get("Type"), item.get("Arguments") or {}
    if not STEP_NAME.fullmatch(name):
        yield f"Step {name!r}: its name must match {STEP_NAME.pattern}."
    yield from _unknown(item, STEP_MEMBERS)
    if kind not in STEP_TYPES:
        yield f"Step {name!r}: type {kind!r} does not run on the local AWS: {', '.join(STEP_TYPES)} do."
        return
    depends_on = item.get("DependsOn") or []
    if not isinstance(arguments, Mapping) or not isinstance(depends_on, list):
        yield f"Step {name!r}: Arguments must be an object and DependsOn a list."
        return
    try:
        list(expressions.references(_own(item)))
    except ExpressionError as error:
        yield f"Step {name!r}: {error}."
        return
    if kind in CALLING:
        yield from _argument_problems(CALLING[kind], arguments)
        return
    yield from (f"Unknown Argument member {key!r}." for key in sorted(arguments.keys() - OTHERS[kind]))
    if kind == "Condition":
        yield from _condition_problems(name, arguments, nested=nested)


def _condition_problems(name: str, arguments: Mapping[str, Any], *, nested: bool) -> Iterator[str]:
    if nested:
        yield f"Step {name!r}: a condition step cannot be in another one."
        return
    if not isinstance(arguments.get("Conditions"), list) or not arguments["Conditions"]:
        yield f"Step {name!r}: Conditions must be a list that is not empty."
        return
    for condition in arguments["Conditions"]:
        yield from (f"Step {name!r}: {line}" for line in conditions.broken(condition))
    for branch in ("IfSteps", "ElseSteps"):
        steps = arguments.get(branch) or []
        if not isinstance(steps, list):
            yield f"Step {name!r}: {branch} must be a list."
        else:
            yield from (line for item in steps for line in _step_problems(item, nested=True))


def _argument_problems(called: StepType, arguments: Mapping[str, Any]) -> Iterator[str]:
    shape = get_service_model("sagemaker").operation_model(called.operation).input_shape
    yield from (f"Unknown Argument member {name!r}." for name in sorted(called.refused & arguments.keys()))
    kept = {name: value for name, value in arguments.items() if name not in called.refused}
    yield from _held(shape, kept, called.optional, "")


def _held(shape: Shape, value: Any, optional: frozenset[str], path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Names, required members and enumerations; lengths and patterns when the operation is called."""
    if expressions.is_expression(value):
        return
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in sorted(value.keys() - shape.members.keys()):
            yield f"Unknown Argument member {name!r}."
        for name in shape.required_members:
            if name not in value and name not in optional:
                yield f"Model Validation failed: Missing required key {name!r} in {path or shape.name!r}."
        for name in value.keys() & shape.members.keys():
            yield from _held(shape.members[name], value[name], frozenset(), f"{path}.{name}".strip("."))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _held(shape.member, item, frozenset(), path)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for item in value.values():
            yield from _held(shape.value, item, frozenset(), path)
    elif isinstance(shape, (StructureShape, ListShape, MapShape)):
        yield f"Model Validation failed: {path}: {value!r:.100}: must be of type {shape.type_name}."
    elif getattr(shape, "enum", None) and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        what = f"Value {value!r} for {shape.name!r}"
        yield f"Model Validation failed: {what} failed to satisfy enum value set: [{allowed}]"


def _own(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step's arguments without the steps in it."""
    return {key: value for key, value in (item.get("Arguments") or {}).items() if key not in ("IfSteps", "ElseSteps")}


def _branches(item: Mapping[str, Any]) -> list[list[Any]]:
    arguments = item.get("Arguments") or {}
    return [arguments.get("IfSteps") or [], arguments.get("ElseSteps") or []]


def _all(steps: Sequence[Any]) -> Iterator[Any]:
    for item in steps:
        yield item
        for branch in _branches(item):
            yield from branch


def _reference_problems(steps: Sequence[Any], parameters: set[str]) -> Iterator[str]:
    """Of steps and parameters that are not there, properties that a step has not, and steps that wait in a circle."""
    outer = {item["Name"]: item for item in steps}
    waits: dict[str, set[str]] = {}
    for item in steps:
        waits[item["Name"]] = set()
        # A step in a branch may wait for those of its branch and for those outside; nothing else for it.
        for part, siblings in ((item, []), *((part, branch) for branch in _branches(item) for part in branch)):
            seen = outer | {step["Name"]: step for step in siblings}
            named = set(part.get("DependsOn") or ())
            for found in expressions.references(_own(part)):
                if found.kind == "Parameters" and found.name not in parameters:
                    yield f"Step {part['Name']!r}: there is no parameter {found.name!r}."
                elif found.kind == "Steps":
                    named.add(found.name)
                    if found.name in seen and not _has(seen[found.name], found.path):
                        yield (
                            f"Step {part['Name']!r}: step {found.name!r} has no property "
                            f"{expressions.shown(found.path)!r}."
                        )
            for name in sorted(named):
                if name not in seen or name == part["Name"]:
                    yield f"Step {part['Name']!r}: there is no step {name!r} that it could wait for."
                elif seen[name]["Type"] == "Fail":
                    yield f"{part['Name']} can not depends on {name}."
            waits[item["Name"]] |= named & outer.keys()
    for name, first in waits.items():
        reached, new = set[str](), set(first)
        while new - reached:
            reached |= new
            new = {further for known in reached for further in waits[known]}
        if name in reached:
            yield f"Step {name!r}: it waits for itself."


def _has(item: Mapping[str, Any], path: Sequence[str | int]) -> bool:
    if item["Type"] == "Condition":
        return tuple(path) == OUTCOME
    if item["Type"] not in CALLING:
        return False
    shape = get_service_model("sagemaker").operation_model(CALLING[item["Type"]].described_by).output_shape
    return expressions.is_described(shape, path)
