"""Writes the README's table of settings from the classes: `python -m pages.settings_page`, run by `make readme`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from settings.base import Settings
from settings.endpoint import (
    AlarmSettings,
    AllAtOnceUpdateSettings,
    CanaryUpdateSettings,
    ConcurrencyScalingSettings,
    DataCaptureSettings,
    InstanceScalingSettings,
    LinearUpdateSettings,
    ProvisionedEndpointSettings,
    RollingUpdateSettings,
    ServerlessEndpointSettings,
    ShadowAlarmSettings,
    ShadowedEndpointSettings,
    VariantSettings,
)
from settings.environment import (
    BucketSettings,
    EncryptionKeySettings,
    EnvironmentSettings,
    ExistingNetworkSettings,
    LogSettings,
    NewNetworkSettings,
    NotebookSettings,
)
from settings.operator_variables import FIELDS, variable
from settings.problems import source_of
from stacks.environments import ROOT

CLASSES: tuple[type[Settings], ...] = (
    EnvironmentSettings,
    BucketSettings,
    EncryptionKeySettings,
    NewNetworkSettings,
    ExistingNetworkSettings,
    LogSettings,
    NotebookSettings,
    ProvisionedEndpointSettings,
    ShadowedEndpointSettings,
    ServerlessEndpointSettings,
    VariantSettings,
    InstanceScalingSettings,
    ConcurrencyScalingSettings,
    AllAtOnceUpdateSettings,
    CanaryUpdateSettings,
    LinearUpdateSettings,
    RollingUpdateSettings,
    DataCaptureSettings,
    AlarmSettings,
    ShadowAlarmSettings,
)
PLACE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)


def table() -> str:
    return "\n".join(_lines()).strip() + "\n\n"


def _lines() -> Iterator[str]:
    for cls in CLASSES:
        yield f"\n**`{cls.__name__}`**: {(cls.__doc__ or '').strip()}\n"
        yield "| field | what it is | default | AWS's limit |"
        yield "|---|---|---|---|"
        for name, field in cls.model_fields.items():
            if name != "kind":  # tells the two kinds of endpoint apart and has one value each
                url = source_of(field)
                limit = "" if url is None else f"[page]({url})"
                yield f"| `{name}` | {_description(cls, name, field)} | {_default(field)} | {limit} |"


def _description(cls: type[Settings], name: str, field: FieldInfo) -> str:
    given = cls is EnvironmentSettings and name in FIELDS
    return f"{field.description}; variable `{variable('<environment>', name)}`" if given else str(field.description)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    default: Any = field.get_default(call_default_factory=True)
    match default:
        case None:
            return "none"
        case Settings():
            return f"`{type(default).__name__}()`"
        case bool():
            return f"`{default}`"
        case tuple():
            return f"`{json.dumps(list(default))}`"
    return f"`{json.dumps(default)}`"


def write(path: Path) -> None:
    path.write_text(PLACE.sub(lambda _: table(), path.read_text()))


if __name__ == "__main__":
    write(ROOT / "README.md")
