"""The README says nothing that is not so."""

import json
import re
import subprocess

import pytest

from pages.settings_page import PLACE, classes, table
from settings.releases import ModelEntry
from tests.conftest import ROOT
from tests.support.synthesis import environment, synthesized_platform

README = (ROOT / "README.md").read_text()


def test_the_table_of_settings_is_that_of_the_classes() -> None:
    [written] = PLACE.findall(README)
    assert written == table(), "stale: make readme"


def test_every_setting_is_described() -> None:
    for cls in classes():
        assert not [name for name, field in cls.model_fields.items() if name != "kind" and not field.description]


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
