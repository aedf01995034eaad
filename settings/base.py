"""What every class of settings is: plain values that are held first and checked later."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from settings.names import address_part
from settings.problems import NOT_SHOWN, BrokenRulesError, Problem

Rules = Iterable[Iterator[Problem]]


def names_differ(names: Sequence[str], *, field: str, below: str = "") -> Iterator[Problem]:
    """The rule that no two items of a list have one name, which is at `below` of each; also in Terraform's addresses,
    where several hyphens are one underscore."""
    addresses = [address_part(name) for name in names]
    for number, (name, address) in enumerate(zip(names, addresses, strict=True)):
        other = addresses.index(address)
        if other != number:
            allowed = f"must be another name than that of {field}.{other}"
            yield Problem(
                path=f"{field}.{number}{below}",
                value=name,
                allowed=allowed if name == names[other] else f"{allowed}, in more than hyphens",
            )


class Settings(BaseModel):
    """Holds what it is given as it is; `checked` validates it whole: all problems of a tree come out at once.

    The rules that cross fields are asked where the fields that they look at, and what is below these, are sound.
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

    def differ(self, field: str) -> Iterator[Problem]:
        """The rule that nothing stands twice in a field's list."""
        values = getattr(self, field)
        if len(set(values)) < len(values):
            shown = [*values] if type(self).model_fields[field].repr else NOT_SHOWN
            yield Problem(path=field, value=shown, allowed="must differ")

    @model_validator(mode="wrap")
    @classmethod
    def keeps_its_rules(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Where some fields are unsound, their errors, and what the rules find that need none of these."""
        errors: list[InitErrorDetails] = []
        try:
            checked = handler(values)
        except ValidationError as error:
            if not isinstance(values, cls):
                raise
            errors = [_raised_again(details) for details in error.errors()]
            if any(details["type"] == "extra_forbidden" and len(details["loc"]) == 1 for details in errors):
                raise  # a misspelt field's default would stand where the person has given something else
            checked = values._without({details["loc"][0] for details in error.errors() if details["loc"]})
        problems = [problem for rule in checked.rules() for problem in _found(rule, all_fields=not errors)]
        if problems:
            broken = {"error": BrokenRulesError(problems)}
            errors.append(InitErrorDetails(type="value_error", ctx=broken, input=values))
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return checked

    def _without(self, unsound: Collection[int | str]) -> Self:
        """The other fields, checked, with their defaults."""
        fields = {name: field for name, field in type(self).model_fields.items() if name not in unsound}
        given = {name: field.get_default(call_default_factory=True) for name, field in fields.items()} | vars(self)
        return type(self)(**{name: _checked(given[name]) for name in fields})

    def checked(self) -> Self:
        """The same values, validated, defaults filled in. Raises pydantic.ValidationError with every problem."""
        return type(self).model_validate(self)


def _checked(value: object) -> object:
    if isinstance(value, Settings):
        return value.checked()
    return [*map(_checked, value)] if isinstance(value, list | tuple) else value


def _found(rule: Iterator[Problem], *, all_fields: bool) -> Iterator[Problem]:
    """What a rule finds, as far as it comes without a field that is not there."""
    try:
        yield from rule
    except AttributeError:
        if all_fields:
            raise


def _raised_again(details: ErrorDetails) -> InitErrorDetails:
    known = details["type"] in get_args(ErrorType)
    error = details["type"] if known else PydanticCustomError(details["type"], details["msg"])
    return InitErrorDetails(type=error, loc=details["loc"], input=details["input"], ctx=details.get("ctx", {}))


def kind_of(value: object) -> str | None:
    """The kind of a value that is one of several classes, each with a `kind` of its own."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(type(value), "model_fields", {}).get("kind")
    return kind if isinstance(kind, str) else getattr(kind, "default", None)
