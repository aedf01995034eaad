"""Writes docs/settings.md from the classes of settings: `python -m pages.settings_page`, run by `make docs`."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from settings.base import Settings
from settings.environment import EnvironmentSettings
from settings.operator_variables import FIELDS, variable
from settings.problems import page_of, within
from stacks.environments import ROOT
from stacks.terminal import printed


def classes() -> list[type[Settings]]:
    """EnvironmentSettings and every class of settings below it, each before what it is made of."""
    found: list[type[Settings]] = [EnvironmentSettings]
    for cls in found:
        for field in cls.model_fields.values():
            parts = [part for part in within(field.annotation) if isinstance(part, type) and issubclass(part, Settings)]
            found += [part for part in parts if part not in found]
    return found


PLACE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)


def table() -> str:
    return "\n".join(_lines()).strip() + "\n\n"


def _lines() -> Iterator[str]:
    for cls in classes():
        yield f"\n**`{cls.__name__}`**: {(cls.__doc__ or '').strip()}\n"
        yield "| field | what it is | default | AWS's limit |"
        yield "|---|---|---|---|"
        for name, field in cls.model_fields.items():
            if name != "kind":  # tells classes apart and has one value each
                url = page_of(field)
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
            return f"`{_written(default)}`"
        case (Settings(), *_):
            return f"`[{', '.join(map(_written, default))}]`"
        case bool():
            return f"`{default}`"
        case tuple():
            return f"`{json.dumps(list(default))}`"
    return f"`{json.dumps(default)}`"


def _written(settings: Settings) -> str:
    """As a person writes it, who leaves out what is as it is by default, and uses the name that a value has."""
    for name, value in vars(sys.modules[type(settings).__module__]).items():
        if value == settings:
            return name
    given = ", ".join(f"{name}={value!r}" for name, value in vars(settings).items())
    return f"{type(settings).__name__}({given})"


def write(path: Path) -> None:
    path.write_text(PLACE.sub(lambda _: table(), path.read_text()))


if __name__ == "__main__":
    with printed("docs"):
        write(ROOT / "docs/settings.md")
