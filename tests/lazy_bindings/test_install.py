"""The bindings load only what is used, and load the ordinary way where they are not laid out as expected."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lazy_bindings.install import BINDINGS, PRELOAD, install
from lazy_bindings.variables import package_cache
from stacks.environments import ROOT

NODE = Path(sys.executable).parent / "node"


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("NODE_OPTIONS", "JSII_NODE")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def node(folder: Path, code: str, *, lazy: bool = True) -> subprocess.CompletedProcess[str]:
    """Node as jsii runs it: links keep their names."""
    preload = ["--require", str(PRELOAD)] if lazy else []
    return subprocess.run(
        [str(NODE), "--preserve-symlinks", *preload, "-e", code],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"},
        capture_output=True,
        text=True,
        check=False,
    )


def linked(tmp_path: Path, package: Path) -> Path:
    """A folder in which the package stands as jsii links it."""
    (tmp_path / "node_modules/@cdktf").mkdir(parents=True)
    (tmp_path / "node_modules/@cdktf/provider-aws").symlink_to(package)
    for name in ("cdktf", "constructs"):
        [real] = package_cache(os.environ).glob(f"{name}/*/*/package.json")
        (tmp_path / "node_modules" / name).symlink_to(real.parent)
    return tmp_path


@pytest.fixture
def real(tmp_path: Path) -> Path:
    [package] = package_cache(os.environ).glob("@cdktf/provider-aws/*/*/package.json")
    return linked(tmp_path, package.parent)


def test_the_app_loads_only_the_submodules_that_it_uses(tmp_path: Path) -> None:
    count = f"print(sum(name.startswith('{BINDINGS}.') for name in sys.modules))"
    finished = python(f"import runpy, sys; runpy.run_path('main.py'); {count}", CDKTF_OUTDIR=str(tmp_path / "out"))
    assert finished.stderr == ""
    assert 10 < int(finished.stdout) < 100


def test_the_node_half_loads_nothing_until_it_is_asked_for(real: Path) -> None:
    count = "console.log(Object.keys(require.cache).length);"
    finished = node(real, f"const aws = require('@cdktf/provider-aws/lib/index.js'); {count} aws.s3Bucket; {count}")
    assert finished.stderr == ""
    before, after = map(int, finished.stdout.split())
    assert before == 2  # the preload itself and the index
    assert before < after < 200


def test_the_lazy_node_half_exports_the_same_names(real: Path) -> None:
    code = "console.log(JSON.stringify(Object.keys(require('@cdktf/provider-aws/lib/index.js')).sort()))"
    lazy, ordinary = (json.loads(node(real, code, lazy=lazy).stdout) for lazy in (True, False))
    assert lazy == ordinary
    assert len(lazy) > 2000


def test_a_node_half_laid_out_otherwise_loads_the_ordinary_way_with_one_line(tmp_path: Path) -> None:
    package = tmp_path / "node_modules/@cdktf/provider-aws/lib"
    package.mkdir(parents=True)
    (package / "index.js").write_text("module.exports = { s3Bucket: 'all of it' };\n")
    finished = node(tmp_path, "console.log(require('@cdktf/provider-aws/lib/index.js').s3Bucket)")
    assert finished.stdout == "all of it\n"
    [line] = finished.stderr.splitlines()
    assert line.startswith("lazy_bindings: ")
    assert line.endswith("index.js is not laid out as expected: synth is slower than it could be")


def test_a_python_half_laid_out_otherwise_loads_the_ordinary_way_with_one_line(tmp_path: Path) -> None:
    package = tmp_path / BINDINGS
    package.mkdir()
    (package / "__init__.py").write_text("class Everything: pass\n")
    code = f"from lazy_bindings.install import install; install(); import {BINDINGS} as aws, os; "
    code += "print(aws.Everything.__name__, os.environ.get('NODE_OPTIONS'))"
    finished = python(code, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert finished.stdout == "Everything None\n"
    assert finished.stderr == (
        f"lazy_bindings: {BINDINGS} is not laid out as expected: all AWS bindings are loaded (slow)\n"
    )


def test_the_users_node_and_node_options_are_kept(tmp_path: Path) -> None:
    theirs = tmp_path / "node"
    theirs.symlink_to(NODE)
    code = "from lazy_bindings.install import install; install(); import os; "
    code += "print(os.environ['JSII_NODE']); print(os.environ['NODE_OPTIONS'])"
    finished = python(code, JSII_NODE=str(theirs), NODE_OPTIONS="--trace-warnings")
    preload = ROOT / "lazy_bindings" / PRELOAD.name
    assert finished.stdout == f'{theirs}\n--trace-warnings --require "{preload}"\n'


def test_installing_twice_is_installing_once() -> None:
    before = os.environ["NODE_OPTIONS"]
    install()
    assert os.environ["NODE_OPTIONS"] == before


@pytest.mark.parametrize(
    ("argument", "key"), [("bucket=5", "bucket"), ("force_destroy='yes'", "forceDestroy"), ("tags=['a']", "tags")]
)
def test_a_value_of_the_wrong_type_is_refused_with_its_key(argument: str, key: str) -> None:
    code = (
        "from lazy_bindings.install import install; install(); from cdktf import App, TerraformStack; "
        "from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket; import tempfile; "
        f"S3Bucket(TerraformStack(App(outdir=tempfile.mkdtemp()), 'a'), 'b', {argument})"
    )
    finished = python(code)
    assert finished.returncode == 1
    assert f"Key '{key}': Unable to deserialize value" in finished.stderr


def test_type_hints_of_the_bindings_stubs_are_evaluated_once_and_others_each_time() -> None:
    code = """
import typing
from lazy_bindings.install import install
install()
def _typecheckingstub__1(scope: "str") -> None: ...
def other(scope: "str") -> None: ...
hints = typing.get_type_hints
print(hints(_typecheckingstub__1) is hints(_typecheckingstub__1), hints(_typecheckingstub__1) == hints(other))
print(hints(other) is hints(other))
"""
    assert python(code).stdout == "True True\nFalse\n"
