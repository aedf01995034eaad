"""What every class of settings is: plain values that are held first and checked later."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Settings(BaseModel):
    """Holds what it is given as it is; `checked` validates it whole, so that all faults of a tree come out at once."""

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

    def rules(self) -> Iterable[Iterator[str]]:
        """The rules that cross fields, each with the faults it finds."""
        return ()

    @model_validator(mode="after")
    def keeps_its_rules(self) -> Self:
        faults = [fault for rule in self.rules() for fault in rule]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def checked(self) -> Self:
        """The same values, validated, defaults filled in. Raises pydantic.ValidationError with every fault."""
        return type(self).model_validate(self)


def kind_of(value: object) -> str | None:
    """The kind of a value that is one of several classes, each with a `kind` of its own."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(type(value), "model_fields", {}).get("kind")
    return kind if isinstance(kind, str) else getattr(kind, "default", None)
