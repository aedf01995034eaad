"""A lifecycle script as Terraform hands it to SageMaker, with what it is told about its environment."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cdktf import Fn, Token

from settings.lifecycle_scripts import SETTINGS


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Which notebooks of the bucket are handed out, and what is filled in for each placeholder."""

    bucket: str
    region: str
    patterns: Sequence[str]
    placeholders: Mapping[str, str]


def lifecycle_script(script: bytes, *, delivery: Delivery, more: Mapping[str, object] = MappingProxyType({})) -> str:
    """The script in base64, with the JSON of the delivery, and of what `more` says, in the place of its marker.

    The script, and the text of people, stand in the synthesized JSON as base64 of their own bytes, so that nothing in
    them can be taken for a Terraform expression, nor ends one: CDKTF escapes no quote in what a function is given.
    """
    settings = {
        "bucket": delivery.bucket,
        "region": delivery.region,
        "patterns": _text([*delivery.patterns]),
        "placeholders": Fn.zipmap(_text([*delivery.placeholders]), [*delivery.placeholders.values()]),
        **more,
    }
    text = Fn.base64decode(b64encode(script).decode())
    return Fn.base64encode(Fn.replace(text, SETTINGS, Fn.jsonencode(settings)))


def _text(lines: Sequence[str]) -> Sequence[str]:
    encoded = b64encode(json.dumps(lines, ensure_ascii=False).encode()).decode()
    return Token.as_list(Fn.jsondecode(Fn.base64decode(encoded)))
