"""Both sides of every limit of every field, derived from the annotations.

That the limits are AWS's own, the tests of the classes say with numbers of their own, and generated settings with
AWS's service models.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from pages.settings_page import classes
from settings import limits
from settings.base import Settings
from settings.environment import EnvironmentSettings
from settings.problems import NOT_SHOWN, Problem, page_of, problems_of, within
from tests.support.aws_model import shape

# Values of the fields that must be given and that no range tells; of one class alone, with its name.
GIVEN: dict[str, Any] = {
    "source": "models/breast_cancer",
    "name": "dev",
    "BuiltInMetricSettings.name": "validation:binary_classification_accuracy",
    "hyperparameters": {"predictor_type": "binary_classifier"},
    "regex": "accuracy=(.*)",
    "expression": "rate(1 day)",
    "region": "us-east-1",
    "subnet_ids": ["subnet-01234567"],
    "security_group_ids": ["sg-01234567"],
    "user_profiles": ["ann"],
}
NOT_A_NUMBER = ("1", None, [1], True, math.nan, math.inf, -math.inf, b"1", 1j)
# Beyond what AWS's Integer of 32 bits and Long of 64 hold, and what JSON carries exactly.
TOO_LARGE = (2**53, 2**53 + 1, 2**63, 10**30, 10**400, 1e300, -(10**400))
NO_LISTS = ("a", b"a", bytearray(b"a"), {"a": 1}, {"a"}, frozenset("a"), range(2), iter("a"), {"a": 1}.keys(), 5)


def parts(field: FieldInfo) -> list[Any]:
    """All that the annotation is made of, None's alternative included."""
    inside = [*within(field.annotation), *field.metadata]
    return [*inside, *(item for part in inside for item in parts_of(part))]


def parts_of(part: Any) -> list[Any]:
    return part.metadata if isinstance(part, FieldInfo) else []


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


def sound(cls: type[Settings]) -> dict[str, Any]:
    """Values for the fields that must be given, and one without which a rule that crosses fields speaks up."""
    values: dict[str, Any] = {"local_state": True} if cls is EnvironmentSettings else {}
    for name, field in cls.model_fields.items():
        if not field.is_required():
            continue
        inner = [part for part in within(field.annotation) if isinstance(part, type) and issubclass(part, Settings)]
        lowest = found(field, Ge, "ge")
        given = GIVEN.get(f"{cls.__name__}.{name}", GIVEN.get(name))
        if given is not None:
            values[name] = given
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
        yield from (
            (value, False) for value in (*NOT_A_NUMBER, *TOO_LARGE) if value is not None or not may_be_none(field)
        )
        yield from ((float(choice), False) for choice in choices(field) if isinstance(choice, int))
    elif is_a(field, bool):
        yield from ((value, value in (True, False) and type(value) is bool) for value in (True, False, 1, "yes"))
    elif is_a(field, int) or is_a(field, float):
        step: float = 1 if is_a(field, int) else 0.001
        beyond = highest + 1 if is_a(field, int) else math.nextafter(highest, math.inf)
        if lowest is not None:
            below = lowest - 1 if is_a(field, int) else math.nextafter(lowest, -math.inf)
            yield from ((lowest, True), (below, False))
        if above is not None:
            yield from ((above + step, True), (above, False))
        yield from ((highest, True), (beyond, False))
        yield from ((value, False) for value in NOT_A_NUMBER if value is not None or not may_be_none(field))
        yield from ((value, False) for value in TOO_LARGE)
    elif is_a(field, str):
        yield from ((value, False) for value in (1, ["a"], "\n", "a\n"))
        longest = found(field, MaxLen, "max_length")
        if longest is not None:
            yield ("a" * (longest + 1), False)
    elif is_sequence(field):
        # Of the list itself, not of what is in it.
        shortest = next((item.min_length for item in field.metadata if isinstance(item, MinLen)), None)
        longest = next((item.max_length for item in field.metadata if isinstance(item, MaxLen)), None)
        yield from ((value, False) for value in NO_LISTS)
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


NUMBERS = [
    (cls, name)
    for cls, name in FIELDS
    if any(is_a(cls.model_fields[name], kind) for kind in (int, float)) and not choices(cls.model_fields[name])
]


@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=lambda value: getattr(value, "__name__", value))
def test_every_number_has_bounds_within_what_aws_and_json_carry(cls: type[Settings], name: str) -> None:
    field = cls.model_fields[name]
    lowest = found(field, Ge, "ge")
    assert lowest is not None or found(field, Gt, "gt") is not None
    assert found(field, Le, "le") <= (limits.INTEGER_MAX if is_a(field, int) else limits.NUMBER_MAX)


@given(number=st.one_of(st.integers(), st.floats(), st.booleans(), st.sampled_from(TOO_LARGE)))
def test_a_number_is_refused_or_carried_by_json_as_it_is(number: float) -> None:
    for cls, name in NUMBERS:
        annotated: Any = TypeAdapter(cls.__pydantic_fields__[name].rebuild_annotation())
        try:
            kept = annotated.validate_python(number, strict=True)
        except ValidationError:
            continue
        assert type(number) is not bool
        assert abs(kept) <= 2**53
        assert json.loads(json.dumps(kept, allow_nan=False)) == kept


# AWS's Integer: https://smithy.io/2.0/spec/simple-types.html#integer
INTEGER: dict[str, float] = {"max": 2**31 - 1}
# Our annotation to the shape of AWS's own service model, with the numbers that are narrower here and why.
MODELS: dict[str, tuple[str, str, dict[str, float]]] = {
    "KeyDeletionWindowDays": ("kms", "PendingWindowInDaysType", {"min": 7, "max": 30}),  # KMS's model says 1 to 365
    "NotebookVolumeSizeGb": ("sagemaker", "NotebookInstanceVolumeSizeInGB", {}),
    "StudioIdleStopMinutes": ("sagemaker", "IdleTimeoutInMinutes", {}),
    "IdleStopMinutes": ("sagemaker", "IdleTimeoutInMinutes", {"min": 10}),  # Studio's; AWS stops no notebook instance
    "InstanceCount": ("sagemaker", "InitialTaskCount", INTEGER),
    "VariantWeight": ("sagemaker", "VariantWeight", {"max": 2**53 - 1}),  # what JSON carries exactly
    "Concurrency": ("sagemaker", "ServerlessMaxConcurrency", {}),
    "WaitSeconds": ("sagemaker", "WaitIntervalInSeconds", {}),
    # Terraform's provider waits for an hour.
    "ExecutionTimeoutSeconds": ("sagemaker", "MaximumExecutionTimeoutInSeconds", {"max": 3600}),
    "SamplingPercent": ("sagemaker", "SamplingPercentage", {}),
    "TrainingInstanceCount": ("sagemaker", "TrainingInstanceCount", INTEGER | {"min": 1}),  # 0 is of mixed clusters
    "TrainingVolumeSizeGb": ("sagemaker", "VolumeSizeInGB", {"max": 16384}),  # as large as EBS has them
    "MaxRuntimeSeconds": ("sagemaker", "MaxRuntimeInSeconds", {"max": 28 * 24 * 3600}),  # its prose: 28 days
    "MaxWaitSeconds": ("sagemaker", "MaxWaitTimeInSeconds", INTEGER),
    "ExpiryDays": ("s3", "Days", INTEGER | {"min": 1}),
    "CooldownSeconds": ("application-autoscaling", "Cooldown", INTEGER | {"min": 0}),
}


# Texts, by their lengths.
MODELS |= {
    "GitRepository": ("sagemaker", "CodeRepositoryNameOrUrl", {}),
    "TagKey": ("sagemaker", "TagKey", {}),
    "TagValue": ("sagemaker", "TagValue", {"min": 1}),
    "HyperparameterName": ("sagemaker", "HyperParameterKey", {"min": 1}),
    "HyperparameterValue": ("sagemaker", "HyperParameterValue", {}),
    "ChannelName": ("sagemaker", "ChannelName", {}),
    "MetricName": ("sagemaker", "MetricName", {}),
    "MetricRegex": ("sagemaker", "MetricRegex", {}),
    "ScheduleExpression": ("scheduler", "ScheduleExpression", {}),
    "TimeZone": ("scheduler", "ScheduleExpressionTimezone", {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_limit_is_that_of_awss_own_service_model(name: str) -> None:
    service, shape_name, narrower = MODELS[name]
    metadata = shape(service, shape_name).metadata
    expected = {key: metadata[key] for key in ("min", "max") if key in metadata} | narrower
    if shape(service, shape_name).type_name == "string" and expected.get("min") == 0:
        del expected["min"]  # as any text's length
    constraints = getattr(limits, name).__metadata__[0].metadata
    kinds = {Ge: ("min", "ge"), Le: ("max", "le"), MinLen: ("min", "min_length"), MaxLen: ("max", "max_length")}
    found = {kinds[type(item)][0]: getattr(item, kinds[type(item)][1]) for item in constraints if type(item) in kinds}
    assert found == expected


TEXTS: dict[str, tuple[Any, Sequence[str]]] = {
    "Name": (limits.Name, ("", "-a", "a-", "a_b", "aB", "a b", "é", "a" * 64)),
    "BucketName": (
        limits.BucketName,
        (
            *("ab", "10.0.0.1", "a..b", "a.-b", "a-.b", "a_b", "Acme", "acme.", "a" * 64),
            *(f"{prefix}acme" for prefix in ("xn--", "sthree-", "sthree-configurator", "amzn-s3-demo-")),
            *(f"acme{suffix}" for suffix in ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")),
        ),
    ),
    "AccountId": (limits.AccountId, ("", "12345678901", "1234567890123", "12345678901x")),
    "GitRepository": (
        limits.GitRepository,
        (
            *("", "http://a/b", "https://", "https://a", "https://a/", "https:///b", "https://a b/c", "git@a:b/c.git"),
            *(
                "ssh://a/b",
                "https://a/b c",
                "https://a/é",
                "-a",
                "a-",
                "a_b",
                "a.b",
                "a" * 64,
                f"https://a/{'b' * 1015}",
            ),
        ),
    ),
    "TagValue": (limits.TagValue, ("", "a;b", "a\nb", "a*", "a" * 257, "aws:a", "AwS:a")),
    "Region": (
        limits.Region,
        ("", "us-east-9", "us-east-1 ", "cn-north-1", "us-iso-east-1", "aws-global", "US-EAST-1"),
    ),
    "VariantInstanceType": (limits.VariantInstanceType, ("", "m5.large", "ml.m5", "ml..large", "ml.t3.medium")),
    "NotebookInstanceType": (limits.NotebookInstanceType, ("", "m5.large", "ml.m5", "ml.c7g.large", "ml.p3.2xlarge")),
    "StudioInstanceType": (limits.StudioInstanceType, ("", "t3.medium", "ml.t3", "system", "ml.t2.medium")),
    "TrainingInstanceType": (limits.TrainingInstanceType, ("", "m5.large", "ml.m5", "ml.t2.medium", "ml.m5.large\n")),
    "ChannelName": (limits.ChannelName, ("", ".", "..", ".a", "a b", "a/b", "é", "a" * 65)),
    "DataPrefix": (limits.DataPrefix, ("", "/a", "a/", "a//b", "a/../b", ".", "a b", "é", "a" * 257)),
    "ProjectFolder": (limits.ProjectFolder, ("", "/a", "a/", "a//b", "a/../b", "..", ".", "./a", "a\0", "a" * 1025)),
    "MetricName": (limits.MetricName, ("", "a b", "a'b", 'a"b', "é", "a\n", "a" * 256)),
    "MetricRegex": (
        limits.MetricRegex,
        ("", "a", "(a)(b)", "(?:a)", "(", "(a", "[", "(a)\n", "(a\0)", "(a{99999999999})", "(" * 250 + ")" * 250),
    ),
    "ScheduleExpression": (limits.ScheduleExpression, ("", "at(2026-11-27T00:00:00)", "rate()", "cron()", "daily")),
    "TimeZone": (limits.TimeZone, ("", "Mars/Olympus", "europe/berlin", "UTC+1", "Factory", "localtime")),
    "EmailAddress": (limits.EmailAddress, ("", "a", "a@b", ".a@b.c", "a@b.c\n", "a@-b.c")),
    "ImageRepository": (limits.ImageRepository, ("", "a", "linear-lerner", "Kmeans", "kmeans/", "kmeans\n")),
    "PrivateCidrBlock": (limits.PrivateCidrBlock, ("", "10.0.0.1/20", "10.0.0.0/255.255.240.0", "127.0.0.0/16")),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_every_field_of_a_kind_of_text_refuses_what_the_kind_refuses(kind: str) -> None:
    annotation, bad = TEXTS[kind]
    metadata = [*annotation.__metadata__, *(item for part in annotation.__metadata__ for item in parts_of(part))]
    marks = [part for part in metadata if isinstance(part, AfterValidator | limits.OneOf) or hasattr(part, "pattern")]
    fields = [(cls, name) for cls, name in FIELDS if any(mark in parts(cls.model_fields[name]) for mark in marks)]
    assert fields
    for cls, name in fields:
        path, of_list = (f"{name}.0", True) if is_sequence(cls.model_fields[name]) else (name, False)
        for value in bad:
            [problem] = problems(cls, **{name: [value] if of_list else value})
            assert (problem.path, problem.value) == (path, value if cls.model_fields[name].repr else NOT_SHOWN)
