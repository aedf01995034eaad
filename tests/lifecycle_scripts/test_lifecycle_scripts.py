"""The lifecycle scripts, really run in a sandbox: stand-ins for `aws`, `sudo` and `chown`, the real nbconvert."""

import subprocess
from pathlib import Path

import nbformat
import pytest

from settings import lifecycle_scripts
from settings.lifecycle_scripts import MAX_BYTES, REGION, TRAINING_ROLE, read_lifecycle_script
from stacks.environments import ROOT
from tests.support.sandbox import BIN, Sandbox

BUCKET = "acme-sagemaker-data"
ROLE = "arn:aws:iam::111111111111:role/ml-platform-dev-sagemaker-training"


def run(sandbox: Sandbox, hook: str) -> subprocess.CompletedProcess[str]:
    script = (ROOT / f"lifecycle_scripts/{hook}.sh").read_text()
    for marker, value in ((lifecycle_scripts.BUCKET, BUCKET), (TRAINING_ROLE, ROLE), (REGION, "eu-west-1")):
        assert marker in script
        script = script.replace(marker, value)
    return sandbox.run_script(hook, script)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = Sandbox(tmp_path)
    made.make()
    return made


@pytest.mark.parametrize("hook", ["on_create", "on_start"])
def test_a_script_passes_shellcheck(hook: str) -> None:
    checked = subprocess.run(
        [BIN / "shellcheck", ROOT / f"lifecycle_scripts/{hook}.sh"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("hook", ["on_create", "on_start"])
def test_the_labs_and_the_cheat_sheet_come_and_nothing_else(sandbox: Sandbox, hook: str) -> None:
    for name in ("Lab1-a.ipynb", "Lab1 with spaces.ipynb", "PythonCheatSheet.ipynb", "Lab2.ipynb", "MyLab1.ipynb"):
        sandbox.put_into_bucket(name)
    (sandbox.root / "s3/Lab1.txt").write_text("no notebook")

    finished = run(sandbox, hook)

    assert finished.returncode == 0, finished.stderr
    assert sorted(path.name for path in sandbox.home.iterdir()) == [
        "Lab1 with spaces.ipynb",
        "Lab1-a.ipynb",
        "PythonCheatSheet.ipynb",
    ]


@pytest.fixture(scope="module", params=["on_create", "on_start"])
def delivered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """What one run has made of one notebook with every placeholder in it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("delivered"))
    sandbox.make()
    source = 'a = "<DATA_BUCKET>"\nb = "s3://<DATA_BUCKET>/x/<DATA_BUCKET>"\nRoleArn="<TRAINING_ROLE_ARN>"'
    sandbox.put_into_bucket("Lab1.ipynb", source=source)
    assert run(sandbox, request.param).returncode == 0
    return sandbox


def test_outputs_are_cleared(delivered: Sandbox) -> None:
    code = delivered.notebook("Lab1.ipynb")["cells"][1]
    assert (code["outputs"], code["execution_count"]) == ([], None)


def test_the_buckets_name_is_in_every_place_of_the_placeholder(delivered: Sandbox) -> None:
    text = (delivered.home / "Lab1.ipynb").read_text()
    assert "<DATA_BUCKET>" not in text
    assert text.count(BUCKET) == 4


def test_the_training_roles_arn_is_in_the_place_of_its_placeholder(delivered: Sandbox) -> None:
    assert delivered.notebook("Lab1.ipynb")["cells"][1]["source"][2] == f'RoleArn="{ROLE}"'


def test_the_notebooks_belong_to_ec2_user_who_also_runs_nbconvert(delivered: Sandbox) -> None:
    chown, nbconvert = [call for call in delivered.calls() if not call.startswith("aws")]
    assert chown.startswith("chown --recursive ec2-user:ec2-user ")
    assert nbconvert.startswith("sudo --set-home --user ec2-user ")
    assert " nbconvert --clear-output --inplace " in nbconvert


def test_nothing_is_left_in_the_temporary_folder(delivered: Sandbox) -> None:
    assert not any((delivered.root / "tmp").iterdir())


@pytest.mark.parametrize("hook", ["on_create", "on_start"])
def test_a_file_with_a_hostile_name_is_brought_and_runs_nothing(sandbox: Sandbox, hook: str) -> None:
    name = "Lab1-$(touch pwned);`touch pwned`'\"&|.ipynb"
    sandbox.put_into_bucket(name)
    assert run(sandbox, hook).returncode == 0
    assert [path.name for path in sandbox.home.iterdir()] == [name]
    assert not list(sandbox.root.rglob("pwned"))


@pytest.mark.parametrize("hook", ["on_create", "on_start"])
def test_nbconvert_of_the_python3_environment_does_where_jupyter_has_none_of_its_own(hook: str, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.make(environment="python3")
    sandbox.put_into_bucket("Lab1.ipynb")
    assert run(sandbox, hook).returncode == 0
    assert sandbox.notebook("Lab1.ipynb")["cells"][1]["outputs"] == []


def test_a_creation_without_notebooks_fails_and_says_where_none_were(sandbox: Sandbox) -> None:
    finished = run(sandbox, "on_create")
    assert finished.returncode == 1
    assert f"no Lab1*.ipynb and no PythonCheatSheet*.ipynb in s3://{BUCKET}/notebooks/" in finished.stderr


def test_a_creation_without_access_to_the_bucket_fails(sandbox: Sandbox) -> None:
    (sandbox.root / "s3").rmdir()
    finished = run(sandbox, "on_create")
    assert finished.returncode != 0
    assert "Unable to locate credentials" in finished.stderr


def test_a_notebook_that_cannot_be_converted_fails_the_creation_and_is_not_half_delivered(sandbox: Sandbox) -> None:
    (sandbox.root / "s3/Lab1.ipynb").write_text("not a notebook")
    assert run(sandbox, "on_create").returncode != 0
    assert not any(sandbox.home.iterdir())


def test_a_start_keeps_what_the_user_has_and_brings_what_is_new(sandbox: Sandbox) -> None:
    sandbox.put_into_bucket("Lab1-a.ipynb")
    run(sandbox, "on_create")
    (sandbox.home / "Lab1-a.ipynb").write_text("the user's work")
    sandbox.put_into_bucket("Lab1-b.ipynb")

    assert run(sandbox, "on_start").returncode == 0

    assert (sandbox.home / "Lab1-a.ipynb").read_text() == "the user's work"
    assert sandbox.notebook("Lab1-b.ipynb")["cells"][1]["outputs"] == []


def test_a_start_without_access_to_the_bucket_locks_nobody_out(sandbox: Sandbox) -> None:
    (sandbox.root / "s3").rmdir()
    finished = run(sandbox, "on_start")
    assert finished.returncode == 0
    assert f"cannot list s3://{BUCKET}/notebooks/" in finished.stderr


def test_a_start_brings_the_other_notebooks_when_one_is_broken(sandbox: Sandbox) -> None:
    (sandbox.root / "s3/Lab1-a.ipynb").write_text("not a notebook")
    sandbox.put_into_bucket("Lab1-b.ipynb")
    finished = run(sandbox, "on_start")
    assert finished.returncode == 0
    assert "on_start: Lab1-a.ipynb could not be brought" in finished.stderr
    assert [path.name for path in sandbox.home.iterdir()] == ["Lab1-b.ipynb"]


@pytest.mark.parametrize("name", ["Lab1-train-a-linear-learner", "PythonCheatSheet"])
def test_a_shipped_notebook_is_valid_and_holds_the_placeholder(name: str) -> None:
    path = ROOT / f"notebooks/{name}.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    assert "<DATA_BUCKET>" in path.read_text()


@pytest.mark.parametrize(("size", "sound"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_rejects_a_script_larger_than_sagemaker_takes(tmp_path: Path, size: int, sound: bool) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(b"#!/bin/bash\n".ljust(size, b"#"))
    _, problems = read_lifecycle_script(path)
    assert (problems == []) is sound


def test_the_longest_bucket_name_counts_towards_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(f"#!/bin/bash\n{lifecycle_scripts.BUCKET}\n".encode().ljust(MAX_BYTES, b"#"))
    _, [problem] = read_lifecycle_script(path)
    assert f"{MAX_BYTES + 63 - len(lifecycle_scripts.BUCKET)} bytes with the longest names in place" in str(problem)


def test_rejects_a_script_without_an_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(b"echo hello\n")
    assert "must begin with #!" in str(read_lifecycle_script(path)[1][0])


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (b"#!/bin/bash\r\nset -e\r\n", "line 1: must not contain a carriage return: lines must end with a line feed "),
        (b"#!/bin/bash\necho \0\n", "line 2: must not contain a NUL"),
        (b"#!/bin/bash\n\necho \xe9\n", "line 3: must be in UTF-8"),
        (b"#!/bin/bash\necho @DATA_BUKET@\n", "line 2: '@DATA_BUKET@': must be one of @DATA_BUCKET@, "),
        (b"#!/bin/bash\necho @data_bucket@\n", "line 2: '@data_bucket@': must be one of @DATA_BUCKET@, "),
        (b"#!/bin/sh\n# @BUCKET@\n", "line 2: '@BUCKET@': must be one of @DATA_BUCKET@, @TRAINING_ROLE_ARN@, @REGION@"),
        (b"#!/bin/sh\n# @TRAINING_ROLE@\n", "line 2: '@TRAINING_ROLE@': must be one of @DATA_BUCKET@, "),
        (b"#!/bin/sh\n# @region@\n", "line 2: '@region@': must be one of @DATA_BUCKET@, "),
        (b"#!/bin/bash\nif true; then\n", "line 3: syntax error: unexpected end of file: must be what bash can read"),
        (b"#!/usr/bin/env bash\necho 'x\n", "line 2: unexpected EOF while looking for matching `''"),
        (b"#!/bin/bash\nshopt -s extglob\nls !(a|b\n", "line 3: unexpected EOF while looking for matching `)'"),
        (b"#!/bin/sh -e\ncat <<END\n", "line 2: warning: here-document at line 2 delimited by end-of-file"),
    ],
)
def test_rejects_a_script_that_would_fail_on_the_instance(tmp_path: Path, script: bytes, line: str) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(script)
    _, [problem] = read_lifecycle_script(path)
    assert str(problem).startswith(f"{tmp_path.name}/on_create.sh: {line}")


@pytest.mark.parametrize(
    "script",
    [
        b"#!/usr/bin/python3\nprint('if it is no bash, bash is not asked')\n",
        b"#!/bin/bash\nexit 7\necho a@b.c user@HOST me@my-host@x\n",
        "#!/bin/bash\necho ${x:-${y}} '%{ if }' é\n".encode(),
        b"#!/bin/bash\nshopt -s extglob\nrm -- !(a|b) +([0-9]).log\ncase $1 in @(a|b)) ;; esac\n",
        b"#!/bin/bash\nif !(true; (x)); then y; fi\n",
        b"#!/bin/bash\necho $(cat <<EOF\nhello\nEOF)\necho done\n",
        b"#!/bin/sh\nsed s/@HOME@/x/ a  # @EXAMPLE@ @owner@ @VERSION@ @DATABASE@\n",
        b"#!/bin/bash\nf() { g |& h; }\ncase $1 in a) ;;& *) ;; esac\n",
    ],
)
def test_a_script_is_read_and_not_run(tmp_path: Path, script: bytes) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(script)
    assert read_lifecycle_script(path) == (script, [])


def test_everything_that_is_wrong_with_a_script_comes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(b"echo @BUCKET@ @region@\n")
    assert len(read_lifecycle_script(path)[1]) == 3


def test_a_script_that_bash_reads_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "on_create.sh"
    path.write_bytes(f"#!/bin/bash\n$(touch {tmp_path}/a) `touch {tmp_path}/b`\ntouch {tmp_path}/c\n".encode())
    assert read_lifecycle_script(path)[1] == []
    assert [*tmp_path.iterdir()] == [path]
