"""Both sides of every limit of every field, derived from the annotations.

That the limits are AWS's own, the tests of the classes say with numbers of their own, and generated settings with
AWS's service models.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from pages.settings_page import classes
from settings import limits
from settings.base import Settings
from settings.problems import Problem, page_of, problems_of, within
from tests.support.aws_model import shape

# Values of the fields that must be given and that no range tells.
GIVEN: dict[str, Any] = {
    "name": "dev",
    "region": "us-east-1",
    "subnet_ids": ["subnet-01234567"],
    "security_group_ids": ["sg-01234567"],
}
NOT_A_NUMBER = ("1", None, [1])


def parts(field: FieldInfo) -> list[Any]:
    """All that the annotation is made of, None's alternative included."""
    inside = [*within(field.annotation), *field.metadata]
    return [*inside, *(item for part in inside if isinstance(part, FieldInfo) for item in part.metadata)]


def found(field: FieldInfo, kind: type, attribute: str) -> Any:
    return next((getattr(part, attribute) for part in parts(field) if isinstance(part, kind)), None)


def is_a(field: FieldInfo, kind: type) -> bool:
    """Of the kind itself, or of it and None: not of a list of it."""
    plain = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
    inner = [get_args(part)[0] for part in get_args(field.annotation) if get_args(part)]
    return not is_sequence(field) and (kind in plain or kind in inner) and (kind is not int or bool not in plain)


def is_sequence(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Sequence


def may_be_none(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation)


def choices(field: FieldInfo) -> tuple[Any, ...]:
    return next((get_args(part) for part in parts(field) if get_origin(part) is Literal), ())


def patterns(field: FieldInfo) -> list[str]:
    return [part.pattern for part in parts(field) if getattr(part, "pattern", None)]


def sound(cls: type[Settings]) -> dict[str, Any]:
    """Values for the fields that must be given."""
    values = {}
    for name, field in cls.model_fields.items():
        if not field.is_required():
            continue
        inner = [part for part in within(field.annotation) if isinstance(part, type) and issubclass(part, Settings)]
        lowest = found(field, Ge, "ge")
        if name in GIVEN:
            values[name] = GIVEN[name]
        elif inner:
            values[name] = [inner[-1]()] if is_sequence(field) else inner[0](**sound(inner[0]))
        else:
            values[name] = 1.0 if lowest is None else lowest
    return values


def edges(field: FieldInfo) -> Iterator[tuple[Any, bool]]:
    """Values and whether they are sound: the last on each side of every limit, and of other types."""
    lowest, above, highest = (found(field, kind, name) for kind, name in ((Ge, "ge"), (Gt, "gt"), (Le, "le")))
    if choices(field) and not is_sequence(field):
        yield from ((choice, True) for choice in choices(field))
        yield from ((value, False) for value in (max(map(str, choices(field))) + "?", -7, [choices(field)[0]]))
    elif is_a(field, bool):
        yield from ((value, value in (True, False) and type(value) is bool) for value in (True, False, 1, "yes"))
    elif is_a(field, int) or is_a(field, float):
        step: float = 1 if is_a(field, int) else 0.001
        if lowest is not None:
            yield from ((lowest, True), (lowest - step, False))
        if above is not None:
            yield from ((above + step, True), (above, False))
        if highest is not None:
            yield from ((highest, True), (highest + step, False))
        yield from ((value, False) for value in NOT_A_NUMBER if value is not None or not may_be_none(field))
        yield from ((value, False) for value in (math.nan, math.inf, True) if value is not True or step == 1)
    elif is_a(field, str):
        yield from ((value, False) for value in (1, ["a"], "\n", "a\n"))
        longest = found(field, MaxLen, "max_length")
        if longest is not None:
            yield ("a" * (longest + 1), False)
    elif is_sequence(field):
        shortest, longest = found(field, MinLen, "min_length"), found(field, MaxLen, "max_length")
        yield ("a", False)
        if shortest:
            yield ([], False)
        if longest and choices(field):
            yield ([choices(field)[0]] * (longest + 1), False)
    if may_be_none(field):
        yield (None, True)


FIELDS = [(cls, name) for cls in classes() for name in cls.model_fields if name != "kind"]
IDS = [f"{cls.__name__}.{name}" for cls, name in FIELDS]


def problems(cls: type[Settings], **values: Any) -> list[Problem]:
    try:
        cls(**sound(cls) | values).checked()
    except ValidationError as error:
        return problems_of("here", cls, error)
    return []


def test_every_field_has_a_limit_to_try_or_holds_settings_of_its_own() -> None:
    fields = {(cls.__name__, name): cls.model_fields[name] for cls, name in FIELDS}
    assert not [
        named
        for named, field in fields.items()
        if not [*edges(field)]
        and not any(isinstance(part, type) and issubclass(part, Settings) for part in within(field.annotation))
    ]
    assert len(FIELDS) > 60


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=IDS)
def test_both_sides_of_a_fields_limit(cls: type[Settings], name: str) -> None:
    field = cls.model_fields[name]
    annotated: Any = TypeAdapter(cls.__pydantic_fields__[name].rebuild_annotation())
    for value, expected in edges(field):
        if expected:
            annotated.validate_python(value, strict=True)
            continue
        refused = problems(cls, **{name: value})
        assert refused, f"{value!r} is accepted"
        assert {problem.path.split(".")[0] for problem in refused} == {name}
        assert {problem.page for problem in refused} <= {page_of(field)}
        assert all(": must " in str(problem) for problem in refused)


# Our annotation to the shape of AWS's own service model, with the numbers that are narrower here and why.
MODELS: dict[str, tuple[str, str, dict[str, float]]] = {
    "KeyDeletionWindowDays": ("kms", "PendingWindowInDaysType", {"min": 7, "max": 30}),  # KMS's model says 1 to 365
    "NotebookVolumeSizeGb": ("sagemaker", "NotebookInstanceVolumeSizeInGB", {}),
    "InstanceCount": ("sagemaker", "InitialTaskCount", {}),
    "VariantWeight": ("sagemaker", "VariantWeight", {}),
    "Concurrency": ("sagemaker", "ServerlessMaxConcurrency", {}),
    "WaitSeconds": ("sagemaker", "WaitIntervalInSeconds", {}),
    # Terraform's provider waits for an hour.
    "ExecutionTimeoutSeconds": ("sagemaker", "MaximumExecutionTimeoutInSeconds", {"max": 3600}),
    "SamplingPercent": ("sagemaker", "SamplingPercentage", {}),
    "RepositoryName": ("ecr", "RepositoryName", {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_limit_is_that_of_awss_own_service_model(name: str) -> None:
    service, shape_name, narrower = MODELS[name]
    metadata = shape(service, shape_name).metadata
    expected = {key: metadata[key] for key in ("min", "max") if key in metadata} | narrower
    constraints = getattr(limits, name).__metadata__[0].metadata
    kinds = {Ge: ("min", "ge"), Le: ("max", "le"), MinLen: ("min", "min_length"), MaxLen: ("max", "max_length")}
    found = {kinds[type(item)][0]: getattr(item, kinds[type(item)][1]) for item in constraints if type(item) in kinds}
    assert found == expected


TEXTS: dict[str, tuple[Any, Sequence[str]]] = {
    "Name": (limits.Name, ("", "-a", "a-", "a_b", "aB", "a b", "é", "a" * 64)),
    "BucketName": (
        limits.BucketName,
        ("ab", "10.0.0.1", "a..b", "a_b", "Acme", "acme.", "xn--acme", "acme--x-s3", "a" * 64),
    ),
    "AccountId": (limits.AccountId, ("", "12345678901", "1234567890123", "12345678901x")),
    "TagValue": (limits.TagValue, ("", "a;b", "a\nb", "a*", "a" * 257)),
    "VariantInstanceType": (limits.VariantInstanceType, ("", "m5.large", "ml.m5", "ml..large", "ml.t3.medium ")),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_every_field_of_a_kind_of_text_refuses_what_the_kind_refuses(kind: str) -> None:
    annotation, bad = TEXTS[kind]
    [pattern] = [part.pattern for part in annotation.__metadata__[0].metadata if getattr(part, "pattern", None)]
    fields = [(cls, name) for cls, name in FIELDS if pattern in patterns(cls.model_fields[name])]
    assert fields
    for cls, name in fields:
        for value in bad:
            [problem] = problems(cls, **{name: value})
            assert (problem.path, problem.value) == (name, value)
