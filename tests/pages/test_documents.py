"""The documents say nothing that is not so: their examples are run, parsed or pasted into a copy of the project."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages.settings_page import PLACE, classes, table
from settings.releases import Releases
from stacks.environments import ROOT
from tests.support import page
from tests.support.project import copy_project
from tests.support.synthesis import environment, synthesized_platform

README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TEXTS = {str(path.relative_to(ROOT)): path.read_text() for path in DOCUMENTS}
# Worked through as a whole: tests/integration/test_local_deploy.py.
WHOLE = "docs/your-first-model.md"
# Whose training of one's own has files: run by tests/pages/test_training_page.py.
OF_A_PROCESS = {"mkdir", ".venv/bin/python"}
TRAINING, OWN = "docs/training.md", "models/rents"
# Their JSON is IAM's: tests/pages/test_first_deploy_page.py, tests/operations/test_training_policy.py.
POLICIES = ("docs/first-deploy.md", "docs/training.md")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def examples(language: str) -> list[tuple[str, str]]:
    """Document and text of every example in the language, its indentation taken out."""
    return [
        (name, re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE))
        for name, text in TEXTS.items()
        for found in BLOCK.finditer(text)
        if found[2] == language and name != WHOLE
    ]


def own_files() -> dict[str, str]:
    """Of the training of one's own, by their paths in the project."""
    return {example.file: example.text for example in page.examples(TEXTS[TRAINING], OWN) if example.file}


def environments() -> list[tuple[str, str]]:
    return [item for item in examples("python") if item[1] not in own_files().values()]


def commands() -> list[tuple[str, str]]:
    """Document and line of every command of the shell's examples, comments left out."""
    lines = [(name, line.split(" #")[0].strip()) for name, text in examples("sh") for line in text.splitlines()]
    return [(name, line) for name, line in lines if line]


def test_every_example_says_its_language_and_is_one_that_is_tried_here() -> None:
    assert {found[2] for text in TEXTS.values() for found in BLOCK.finditer(text)} == {
        *("json", "mermaid", "python", "sh", "text")
    }
    indented = [
        (name, line) for name, text in TEXTS.items() for line in re.findall(r"^    (?:make|cdktf) .*", text, re.M)
    ]
    assert indented == []


@pytest.mark.parametrize(("document", "example"), environments())
def test_a_python_example_is_a_whole_environment_that_synthesizes(tmp_path: Path, document: str, example: str) -> None:
    project = copy_project(tmp_path / "project")
    for path, text in own_files().items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    [name] = re.findall(r'^    name="(\w+)",$', example, re.MULTILINE)
    (project / f"stacks/{name}.py").write_text(example)
    finished = subprocess.run([sys.executable, "main.py"], cwd=project, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, ""), document
    assert (project / f"cdktf.out/stacks/{name}/cdk.tf.json").is_file()


def test_the_readmes_environment_is_prods_own() -> None:
    assert (ROOT / "stacks/prod.py").read_text() in [example for _, example in examples("python")]


@pytest.mark.parametrize(("document", "example"), [item for item in examples("json") if item[0] not in POLICIES])
def test_a_json_example_is_a_valid_part_of_releases_json(document: str, example: str) -> None:
    assert Releases.model_validate({"models": {}, "environments": {}} | json.loads(example)), document


@pytest.mark.parametrize(("document", "example"), examples("sh"))
def test_a_shell_example_parses(document: str, example: str) -> None:
    finished = subprocess.run(["bash", "-n"], input=example, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, (document, finished.stderr)


def test_every_command_of_the_examples_is_of_a_program_that_is_tried_here() -> None:
    programs = {line.split()[0] for _, line in commands()}
    assert programs == {".", "aws", "cdktf", "export", "make", "python", *OF_A_PROCESS}


@pytest.mark.parametrize("line", sorted({line for _, line in commands() if line.startswith("make ")}))
def test_a_make_command_of_the_examples_would_run(line: str) -> None:
    finished = subprocess.run([*line.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("line", sorted({line for _, line in commands() if line.startswith("python ")}))
def test_a_python_command_of_the_examples_takes_its_arguments(line: str, tmp_path: Path) -> None:
    """Without a local AWS, all that is wrong is that there is none."""
    _, flag, module, *arguments = line.split()
    assert flag == "-m"
    finished = subprocess.run(
        [sys.executable, flag, module, *arguments, "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (1, "local AWS: not running: make local\n")


@pytest.mark.parametrize("line", sorted({line for _, line in commands() if line.startswith("aws ")}))
def test_an_aws_command_of_the_examples_is_one_of_awss(line: str) -> None:
    """Without an endpoint, all that is wrong is that there is none."""
    elsewhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
    finished = subprocess.run(
        [Path(sys.executable).parent / "aws", *line.split()[1:]],
        env=os.environ | elsewhere | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Could not connect to the endpoint URL" in finished.stderr


@pytest.mark.parametrize("line", sorted({line for _, line in commands() if line.startswith("cdktf ")}))
def test_a_cdktf_command_of_the_examples_has_a_verb_and_options_that_cdktf_knows(line: str) -> None:
    _, verb, *rest = line.split()
    helped = subprocess.run([ROOT / ".venv/bin/cdktf", verb, "--help"], capture_output=True, text=True, check=False)
    assert helped.stdout.startswith(f"cdktf {verb}") or helped.stderr.startswith(f"cdktf {verb}")
    assert not [option for option in rest if option.startswith("-") and option not in helped.stdout + helped.stderr]
    assert [name for name in rest if not name.startswith("-")] in (["dev"], ["staging"], ["prod"])


@pytest.mark.parametrize(
    "target", sorted({target for text in TEXTS.values() for target in re.findall(r"`make ([a-z][a-z-]*)", text)})
)
def test_every_make_target_that_is_named_exists(target: str) -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  {target} ", listed, re.MULTILINE)


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_within_the_project_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", TEXTS[name]):
        path, _, anchor = link.partition("#")
        target = ((ROOT / name).parent / path).resolve()
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings], link


def test_the_readme_is_read_at_once() -> None:
    assert len(README.splitlines()) <= 180


def test_every_page_is_named_in_the_readme() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert pages == set(re.findall(r"\((docs/[\w.-]+\.md)\)", README))


def test_the_page_of_settings_is_that_of_the_classes() -> None:
    [written] = PLACE.findall(TEXTS["docs/settings.md"])
    assert written == table(), "stale: make docs"


def test_every_setting_is_described() -> None:
    for cls in classes():
        assert not [name for name, field in cls.model_fields.items() if name != "kind" and not field.description]


def test_dev_has_as_many_resources_as_it_says() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    count = sum(len(of_type) for of_type in resources.values())
    assert set(re.findall(r"(\d+) (?:resources|added)", README)) == {str(count)}


def test_every_folder_of_the_layout_exists_and_none_is_left_out() -> None:
    named = {
        name.rstrip("/").split("/")[0]
        for name in re.findall(r"^\| `([\w/.]+)` \|", README.split("## Layout")[1], re.MULTILINE)
    }
    folders = {path.name for path in ROOT.glob("[!.]*/") if not path.is_symlink() and any(path.iterdir())}
    folders -= {name.rstrip("/") for name in (ROOT / ".gitignore").read_text().split()}  # of what other tests ran
    assert named == folders | {"main.py"}


def test_every_path_that_contributing_names_exists() -> None:
    """`<...>` stands for a name: what is left of it must exist, and so must the pattern."""
    for name in re.findall(r"`((?:[\w<>.-]+/)*[\w<>.-]*\.?\w+/?)`", TEXTS["CONTRIBUTING.md"]):
        if "/" in name:
            assert list(ROOT.glob(re.sub(r"<\w+>", "*", name.rstrip("/")))), name
