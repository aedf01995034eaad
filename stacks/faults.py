"""Turns what pydantic found into lines that say where, which value, and what is allowed."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


class InvalidInputError(SystemExit):
    """Every fault of the settings, of releases.json and of the lifecycle scripts: one line each, sorted.

    Uncaught, it ends the program with these lines on standard error and exit code 1.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(self.faults))


def faults_of(source: str, model: type[BaseModel], error: ValidationError) -> list[str]:
    """One line per fault: `source: field: value: what is allowed`."""
    return [_line(source, model, details) for details in error.errors()]


def _line(source: str, model: type[BaseModel], details: ErrorDetails) -> str:
    path, owners = _resolve(model, details["loc"])
    value = details["input"]
    # A whole file or model would hide what is wrong with it.
    whole = details["type"] in ("missing", "json_invalid") or isinstance(value, BaseModel | dict)
    shown = [] if whole else [repr(value)]
    return ": ".join([source, *([path] if path else []), *shown, _allowed(details, owners)])


def _allowed(details: ErrorDetails, owners: Sequence[type[BaseModel]]) -> str:
    match details["type"]:
        case "extra_forbidden":
            fields = sorted({name for owner in owners for name in owner.model_fields})
            return f"unknown field: must be one of {', '.join(fields)}"
        case "literal_error":
            return f"must be one of {details['ctx']['expected']}"
        case "string_pattern_mismatch":
            return f"must match {details['ctx']['pattern']}"
        case "missing":
            return "missing: must be given"
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
    pending: list[Any] = [owner.model_fields[field].annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        pending.extend(get_args(annotation))
