"""What is wrong with what a person wrote: problems as values, made of what pydantic found, rendered in one place."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.limits import Source
from settings.suggestions import suggestion

NOT_SHOWN = object()
VALUE_MAX_CHARACTERS = 300


def printable(text: str) -> str:
    """For a terminal: what has no shape of its own (controls, escapes, marks of direction, half characters) escaped.

    Line ends and tabs stay.
    """
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One line for the person who wrote the value.

    `where` is an environment, a file or a variable; whoever finds the problem deeper inside leaves it out and `within`
    adds it. `path` leads to the field, with dots; `value` is what stands there, unless showing it would hide the rest;
    `page` is AWS's page that says what is allowed. `code` is the line of a person's own Python that went wrong: shown
    below.
    """

    where: str = ""
    path: str = ""
    value: object = NOT_SHOWN
    allowed: str
    page: str | None = None
    code: str | None = None

    def within(self, where: str, path: str = "") -> Self:
        return replace(self, where=where, path=".".join(filter(None, [path, self.path])))

    def __str__(self) -> str:
        shown = [] if self.value is NOT_SHOWN else [_shown(self.value)]
        page = "" if self.page is None else f" (AWS limit: {self.page})"
        line = one_line(": ".join([self.where, *filter(None, [self.path]), *shown, f"{self.allowed}{page}"]))
        return line if self.code is None else f"{line}\n  {one_line(self.code)}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # a number with more digits than Python writes, or an object of somebody's own
        return f"<{type(value).__name__}>"
    return text if len(text) <= VALUE_MAX_CHARACTERS else f"{text[:VALUE_MAX_CHARACTERS]}..."


class InvalidInputError(SystemExit):
    """Every problem of all that was read, one line each, sorted.

    Uncaught, it ends the program with these lines on standard error, coloured on a terminal, and exit code 1.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=str)
        coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ  # https://no-color.org
        super().__init__("\n".join(f"\033[31m{item}\033[0m" if coloured else str(item) for item in self.problems))


class BrokenRulesError(ValueError):
    """What the rules of a class of settings found, on its way through pydantic."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def problems_of(where: str, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """What pydantic found in a value of the model."""
    return [problem for details in error.errors() for problem in _problems(where, model, details)]


def _problems(where: str, model: type[BaseModel], details: ErrorDetails) -> Iterator[Problem]:
    path, owners = _resolve(model, details["loc"])
    raised = details.get("ctx", {}).get("error")
    if isinstance(raised, BrokenRulesError):
        yield from (problem.within(where, path) for problem in raised.problems)
        return
    value = details["input"]
    # A whole file or model would hide what is wrong with it; pydantic's own word for what is not shown is `repr`.
    whole = details["type"] in ("missing", "json_invalid") or isinstance(value, BaseModel | dict)
    shown = not whole and all(field.repr for field in _fields(owners, path))
    page = None if details["type"] in ("extra_forbidden", "missing") else _page(owners, path)
    yield Problem(
        where=where, path=path, value=value if shown else NOT_SHOWN, allowed=_allowed(details, owners), page=page
    )


def _allowed(details: ErrorDetails, owners: Sequence[type[BaseModel]]) -> str:
    match details["type"]:
        case "extra_forbidden":
            fields = sorted({name for owner in owners for name in owner.model_fields})
            return f"unknown field: must be one of {', '.join(fields)}{suggestion(str(details['loc'][-1]), fields)}"
        case "literal_error":
            return f"must be one of {details['ctx']['expected']}"
        case "string_pattern_mismatch":
            return f"must match {details['ctx']['pattern']}"
        case "missing":
            return "missing: must be given"
        case "int_parsing_size":
            return "must be a smaller number"
        case "json_invalid":
            return f"{details['ctx']['error']}: must be JSON"
        case "sequence_str" | "is_instance_of":
            return "must be a list"
        case "model_type" if details["ctx"]["class_name"].endswith("Settings"):
            return f"must be {details['ctx']['class_name']}(...)"
        case "value_error":
            return str(details["ctx"]["error"])
    return re.sub(r"\b(Dictionary|Input|List|Sequence|String|Value) should", "must", details["msg"]).replace(
        " after validation", ""
    )


def _resolve(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[str, list[type[BaseModel]]]:
    """The dotted path without the tags of unions, and the classes that the path's last field may belong to."""
    path, owners = [], [model]
    for depth, part in enumerate(loc, start=1):
        tagged = [owner for owner in owners if getattr(owner.model_fields.get("kind"), "default", None) == part]
        if tagged:
            owners = tagged
            continue
        if part != "[key]":
            path.append(str(part))
        if depth < len(loc):
            found = [cls for owner in owners if part in owner.model_fields for cls in _models_in(owner, str(part))]
            owners = found or owners
    return ".".join(path), owners


def _models_in(owner: type[BaseModel], field: str) -> Iterator[type[BaseModel]]:
    for annotation in within(owner.model_fields[field].annotation):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation


def _page(owners: Sequence[type[BaseModel]], path: str) -> str | None:
    """The page that the limit of the path's last field comes from; what follows a field is a key of its mapping."""
    return next(map(page_of, _fields(owners, path)), None)


def _fields(owners: Sequence[type[BaseModel]], path: str) -> Iterator[FieldInfo]:
    """From the path's end."""
    for part in reversed(path.split(".")):
        for owner in owners:
            if part in owner.model_fields:
                yield owner.model_fields[part]


def page_of(field: FieldInfo) -> str | None:
    """The page that a field's limit comes from."""
    parts = [*field.metadata, *within(field.annotation)]
    return next((part.url for part in parts if isinstance(part, Source)), None)


def within(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """An annotation and everything it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from within(part)
