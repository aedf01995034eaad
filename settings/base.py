"""What every class of settings is: plain values that are held first and checked later."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from settings.problems import BrokenRulesError, Problem

Rules = Iterable[Iterator[Problem]]


class Settings(BaseModel):
    """Holds what it is given as it is; `checked` validates it whole: all problems of a tree come out at once.

    The rules that cross fields are asked once every field of their class, and of what is below it, is sound.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, revalidate_instances="always", strict=True, validate_default=True
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        object.__setattr__(self, "__dict__", values)
        object.__setattr__(self, "__pydantic_fields_set__", set(values))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)

    # Pydantic's own mark that validation fills the fields itself and does not call __init__.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def rules(self) -> Rules:
        """The rules that cross fields, each with the problems it finds; their paths begin at this class."""
        return ()

    @model_validator(mode="after")
    def keeps_its_rules(self) -> Self:
        problems = [problem for rule in self.rules() for problem in rule]
        if problems:
            raise BrokenRulesError(problems)
        return self

    def checked(self) -> Self:
        """The same values, validated, defaults filled in. Raises pydantic.ValidationError with every problem."""
        return type(self).model_validate(self)


def differ(path: str, values: Sequence[Hashable]) -> Iterator[Problem]:
    """The rule that nothing stands in a list twice."""
    if len(set(values)) < len(values):
        yield Problem(path=path, value=[*values], allowed="must differ")


def kind_of(value: object) -> str | None:
    """The kind of a value that is one of several classes, each with a `kind` of its own."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(type(value), "model_fields", {}).get("kind")
    return kind if isinstance(kind, str) else getattr(kind, "default", None)
