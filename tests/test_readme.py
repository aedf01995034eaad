"""The README says nothing that is not so."""

import json
import re
import subprocess
from collections.abc import Iterator
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from stacks.releases import ModelEntry
from stacks.settings import (
    BucketSettings,
    EnvironmentSettings,
    LogSettings,
    NotebookSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    Settings,
    VariantSettings,
)
from tests.conftest import ROOT
from tests.synthesis import environment, synthesized_platform

README = (ROOT / "README.md").read_text()
CLASSES: tuple[type[Settings], ...] = (
    EnvironmentSettings,
    BucketSettings,
    LogSettings,
    NotebookSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    VariantSettings,
)


def shown(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    default: Any = field.get_default(call_default_factory=True)
    if isinstance(default, Settings):
        return f"`{type(default).__name__}()`"
    if isinstance(default, tuple):
        default = list(default)
    return (
        "none" if default is None else f"`{json.dumps(default)}`" if not isinstance(default, bool) else f"`{default}`"
    )


def described(field: FieldInfo) -> str:
    inner = [annotation for annotation in get_args(field.annotation) if annotation is not NoneType]
    metadata = [item for annotation in inner for item in getattr(annotation, "__metadata__", ())]
    return field.description or next((item.description for item in metadata if getattr(item, "description", None)), "")


def table() -> Iterator[str]:
    for cls in CLASSES:
        yield f"\n**`{cls.__name__}`**: {(cls.__doc__ or '').strip()}\n"
        yield "| field | what it is | default |"
        yield "|---|---|---|"
        for name, field in cls.model_fields.items():
            if get_origin(field.annotation) is Literal and name == "kind":
                continue
            yield f"| `{name}` | {described(field)} | {shown(field)} |"


def test_the_table_of_settings_is_that_of_the_classes() -> None:
    [written] = re.findall(r"<!-- settings -->\n(.*?)<!-- /settings -->", README, re.DOTALL)
    assert written.strip() == "\n".join(table()).strip()


def test_every_setting_is_described() -> None:
    for cls in CLASSES:
        assert not [name for name, field in cls.model_fields.items() if name != "kind" and not described(field)]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^    )make ([a-z][a-z-]*)", README, re.MULTILINE))))
def test_every_make_target_that_it_names_exists(target: str) -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^{target} ", listed, re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!https?:)[^)#]+)\)", README))))
def test_every_link_within_the_project_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_example_of_a_released_model_is_valid() -> None:
    [example] = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    [entry] = json.loads(f"{{{example}}}").values()
    assert ModelEntry.model_validate(entry).image.repository == "linear-learner"


def test_dev_has_as_many_resources_as_it_says() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    count = sum(len(of_type) for of_type in resources.values())
    assert set(re.findall(r"(\d+) (?:resources|added)", README)) == {str(count)}


def test_every_folder_of_the_layout_exists_and_none_is_left_out() -> None:
    named = {
        name.rstrip("/").split("/")[0]
        for name in re.findall(r"^\| `([\w/.]+)` \|", README.split("## Layout")[1], re.MULTILINE)
    }
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {path.split("/")[0] for path in tracked.splitlines() if "/" in path and not path.startswith(".")}
    assert named == folders | {"main.py"}
