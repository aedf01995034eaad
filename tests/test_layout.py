"""Rules of the house that a machine can see."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.environments import NAMES, ROOT

SOURCES = sorted(ROOT.rglob("*.py"))  # which enters no link: no installed tools
CONSTRUCTS = sorted((ROOT / "constructs").rglob("*.py"))
# Packages by layer, the lowest first. One may import those of lower layers, and none of its own layer.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("settings",),
    ("constructs", "lazy_bindings"),
    ("stacks",),
    ("lifecycle_scripts", "main", "models", "operations", "local_aws", "pages", "policy"),
    ("tests",),
)
# What constructs are made of, and is none.
PARTS = {
    "allow",
    "definition",
    "definition_text",
    "deployment",
    "endpoint_rows",
    "lifecycle_script",
    "literal",
    "log_storage",
    "placement",
    "training_step",
    "widgets",
}
SETTINGS_MAY_IMPORT = {"pydantic", "pydantic_core", "settings", *sys.stdlib_module_names}


def test_no_folder_is_a_regular_package() -> None:
    assert not [
        path
        for path in ROOT.glob("*/**/__init__.py")
        if not {".venv", "node_modules", ".local"} & set(path.relative_to(ROOT).parts)
    ], (
        "with constructs/__init__.py the folder hides the PyPI package `constructs`, and cdktf no longer imports; "
        "no other folder needs one either: docs/decisions/0002"
    )


def test_main_has_at_most_20_lines() -> None:
    assert len((ROOT / "main.py").read_text().splitlines()) <= 20


@pytest.mark.parametrize("path", CONSTRUCTS, ids=lambda path: path.stem)
def test_a_construct_file_is_short_and_named_after_its_one_construct(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= 150
    classes = [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
        and any(getattr(base, "id", "") in ("Construct", "TerraformResource") for base in node.bases)
    ]
    assert classes == ([] if path.stem in PARTS else ["".join(map(str.capitalize, path.stem.split("_")))])


@pytest.mark.parametrize("path", CONSTRUCTS, ids=lambda path: path.stem)
def test_a_construct_has_a_test_file_of_its_own(path: Path) -> None:
    test = ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.stem}.py"
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    assert module in test.read_text() or f"parts.{path.stem}" in test.read_text(), "it builds none alone"


@pytest.mark.parametrize("path", CONSTRUCTS, ids=lambda path: path.stem)
def test_a_construct_takes_typed_keywords_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            assert [argument.arg for argument in node.args.args] == ["self", "scope", "construct_id"]
            assert node.args.kwarg is None
            assert node.args.vararg is None
            assert all(argument.annotation is not None for argument in node.args.kwonlyargs)


def imports() -> Iterator[tuple[str, str, str]]:
    """Package, file and imported module of every import in the project."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                yield path.relative_to(ROOT).parts[0].removesuffix(".py"), str(path.relative_to(ROOT)), module


def test_every_package_has_its_layer() -> None:
    assert {package for package, _, _ in imports()} == {package for layer in LAYERS for package in layer}


def test_imports_go_down_only() -> None:
    """design: main -> stacks -> constructs -> settings; what runs beside cdktf stands above stacks, side by side."""
    layer_of = {package: number for number, layer in enumerate(LAYERS) for package in layer}
    for package, path, module in imports():
        other = module.split(".")[0]
        if other == package or other not in layer_of or module == "constructs":  # the package from PyPI
            continue
        assert layer_of[other] < layer_of[package], f"{path} imports {module}"


def test_settings_need_neither_cdktf_nor_the_provider_nor_anything_but_pydantic() -> None:
    assert not [
        (path, module)
        for package, path, module in imports()
        if package == "settings" and module.split(".")[0] not in SETTINGS_MAY_IMPORT
    ]


def test_what_runs_on_a_notebook_instance_needs_nothing_but_python() -> None:
    modules = {module.split(".")[0] for package, _, module in imports() if package == "lifecycle_scripts"}
    assert modules <= sys.stdlib_module_names


def test_a_construct_knows_no_tree_of_settings_and_no_environment() -> None:
    """docs/decisions/0013 says why an endpoint's settings are none."""
    modules = {module for package, _, module in imports() if package == "constructs"}
    assert not modules & {"settings.environment", "settings.operator_variables", "settings.shared_accounts"}


def test_the_bindings_are_imported_by_submodule_only() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "cdktf_cdktf_provider_aws", f"{path}: loads all 2,212 submodules"


@pytest.mark.parametrize("name", ["Pipfile.lock", "policy/Pipfile.lock"])
def test_a_python_lock_names_no_registry_and_has_the_digest_of_every_package(name: str) -> None:
    lock = json.loads((ROOT / name).read_text())
    assert lock["_meta"]["sources"] == []
    packages = lock["default"] | lock["develop"]
    assert len(packages) > 50
    assert not [package for package in packages.values() if "index" in package]
    for package, pinned in packages.items():
        assert pinned["version"].startswith("=="), package
        assert pinned["hashes"], package
        assert all(digest.startswith("sha256:") for digest in pinned["hashes"]), package


def test_the_npm_lock_names_no_registry_and_has_the_digest_of_every_package() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [
        name
        for name, package in packages.items()
        if name and not package.get("inBundle") and "integrity" not in package
    ]


def test_every_workflow_command_quotes_what_the_user_gives() -> None:
    recipes = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]
    assert not [line for line in recipes if "$(ENV)" in line or "$(PORT)" in line]


@pytest.mark.parametrize(
    "target",
    ["settings", "preflight", "deployer-policy", "recover", "deploy", "destroy", "verify", "invoke", "state-bucket"],
)
def test_a_hostile_environment_is_a_name_like_any_other_wrong_one(target: str) -> None:
    hostile = "dev'; exit 7; \"; exit 7"
    finished = subprocess.run(["make", target, f"ENV={hostile}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"environment {hostile!r}: must be one of {', '.join(NAMES)}" in finished.stderr
