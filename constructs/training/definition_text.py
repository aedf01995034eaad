"""JSON for Terraform, with what is known at apply in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from constructs.literal import literal


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What is known at apply, as CDKTF refers to it, and the text that follows: a bucket's name, and a key in it."""

    to: str
    text: str = ""


def canonical(value: object) -> str:
    """The JSON that the same values always have, so that a second plan is empty. What is no reference is nothing but
    text to Terraform: escaped for JSON first, as Terraform reads what it escapes itself after that.
    """
    if isinstance(value, Mapping):
        members = [f"{canonical(name)}:{canonical(item)}" for name, item in sorted(value.items())]
        return f"{{{','.join(members)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, Reference):
        return f'"{value.to}{_text(value.text)[1:-1]}"'
    return _text(value)


def _text(value: object) -> str:
    return literal(json.dumps(value, allow_nan=False))
