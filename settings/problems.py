"""Turns what pydantic found into lines that say where, which value, and what is allowed."""

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.limits import Source


class InvalidInputError(SystemExit):
    """Every fault of the settings, of releases.json and of the lifecycle scripts: one line each, sorted.

    Uncaught, it ends the program with these lines on standard error, coloured on a terminal, and exit code 1.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = sorted(faults)
        coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ  # https://no-color.org
        super().__init__("\n".join(f"\033[31m{line}\033[0m" if coloured else line for line in self.faults))


def faults_of(source: str, model: type[BaseModel], error: ValidationError) -> list[str]:
    """One line per fault: `source: field: value: what is allowed`."""
    return [line for details in error.errors() for line in _lines(source, model, details)]


def suggestion(name: str, known: Sequence[str]) -> str:
    """What a misspelt name was perhaps meant to be; empty where nothing is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def limit(allowed: str, url: str) -> str:
    """What is allowed, with the page that says so."""
    return f"{allowed} (AWS limit: {url})"


def _lines(source: str, model: type[BaseModel], details: ErrorDetails) -> Iterator[str]:
    path, owners = _resolve(model, details["loc"])
    value = details["input"]
    # A whole file or model would hide what is wrong with it.
    whole = details["type"] in ("missing", "json_invalid") or isinstance(value, BaseModel | dict)
    shown = [] if whole else [repr(value)]
    url = None if details["type"] in ("extra_forbidden", "missing") else _source(owners, path)
    for allowed in _allowed(details, owners).splitlines():  # a model's rules may find several faults
        yield ": ".join([source, *([path] if path else []), *shown, allowed if url is None else limit(allowed, url)])


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
        case "value_error":
            return str(details["ctx"]["error"])
    message = details["msg"]
    for pydantic_says in ("Input should", "String should", "Value should"):
        message = message.replace(pydantic_says, "must")
    return message


def _resolve(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[str, list[type[BaseModel]]]:
    """The dotted path without the tags of unions, and the classes that the path's last field may belong to."""
    path, owners = [], [model]
    for depth, part in enumerate(loc, start=1):
        tagged = [owner for owner in owners if getattr(owner.model_fields.get("kind"), "default", None) == part]
        if tagged:
            owners = tagged
            continue
        path.append(str(part))
        if depth < len(loc):
            found = [cls for owner in owners if part in owner.model_fields for cls in _models_in(owner, str(part))]
            owners = found or owners
    return ".".join(path), owners


def _models_in(owner: type[BaseModel], field: str) -> Iterator[type[BaseModel]]:
    for annotation in _within(owner.model_fields[field].annotation):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation


def _source(owners: Sequence[type[BaseModel]], path: str) -> str | None:
    """The page that the limit of the path's last field comes from; what follows a field is a key of its mapping."""
    for part in reversed(path.split(".")):
        for owner in owners:
            if part in owner.model_fields:
                return source_of(owner.model_fields[part])
    return None


def source_of(field: FieldInfo) -> str | None:
    """The page that a field's limit comes from."""
    parts = [*field.metadata, *_within(field.annotation)]
    return next((part.url for part in parts if isinstance(part, Source)), None)


def _within(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """An annotation and everything it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _within(part)
