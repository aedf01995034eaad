"""How the scripts of lifecycle_scripts/ are made whole and checked; tests/lifecycle_scripts/ runs them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from settings.lifecycle_scripts import FILES, read_lifecycle_scripts
from stacks.environments import ROOT

SOUND = b"#!/bin/bash\nexit 0\n"


def written(folder: Path, script: bytes = SOUND, **files: bytes) -> Path:
    (folder / "on_start.sh").write_bytes(script)
    (folder / "on_studio_start.sh").write_bytes(SOUND)
    for name, content in files.items():
        (folder / f"{name}{'.sh' if name == 'deliver' else '.py'}").write_bytes(content)
    return folder


def problems(folder: Path) -> list[str]:
    return [str(problem).removeprefix(f"{folder.name}/") for problem in read_lifecycle_scripts(folder)[1]]


@pytest.mark.parametrize("name", ["on_start.sh", "on_studio_start.sh", "deliver.sh"])
def test_a_script_passes_shellcheck(name: str) -> None:
    command = [Path(sys.executable).parent / "shellcheck", ROOT / f"lifecycle_scripts/{name}"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_python_files_come_into_the_places_of_their_markers() -> None:
    scripts, found = read_lifecycle_scripts(ROOT / "lifecycle_scripts")
    assert found == []
    for name, places in (
        ("deliver_notebooks", (scripts.notebook, scripts.studio)),
        ("stop_when_idle", (scripts.notebook,)),
    ):
        python = (ROOT / f"lifecycle_scripts/{name}.py").read_text()
        for script in places:
            _, _, rest = script.decode().partition(f"{name}.py\" <<'END_OF_PYTHON'\n")
            assert without_docstrings(rest.partition("\nEND_OF_PYTHON\n")[0]) == without_docstrings(python)
    for script in (scripts.notebook, scripts.studio):
        assert script.count(b"@SETTINGS@") == 1
        assert not [marker for marker in FILES if f"\n{marker}\n".encode() in script]


def without_docstrings(python: str) -> str:
    """And without what annotates functions."""
    tree = ast.parse(python)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node):
            del node.body[0]
    return ast.dump(tree)


def test_a_marker_within_a_line_is_text(tmp_path: Path) -> None:
    script = b"#!/bin/bash\n: @DELIVER_NOTEBOOKS@ comes here:\ncat <<'END'\n@DELIVER_NOTEBOOKS@\nEND\n"
    scripts, found = read_lifecycle_scripts(written(tmp_path, script, deliver_notebooks=b"print('\\n')\n\n"))
    assert found == []
    assert scripts.notebook == script.replace(b"\n@DELIVER_NOTEBOOKS@\n", b"\nprint('\\n')\n")
    assert scripts.studio == SOUND


def test_shell_comes_into_its_place_without_its_first_line(tmp_path: Path) -> None:
    shell = b"#!/bin/bash\n# why\nf() {\n  cat <<'END'\n@DELIVER_NOTEBOOKS@\nEND\n}\n\n"
    written(tmp_path, b"#!/bin/bash\n@DELIVER@\nf\n", deliver=shell, deliver_notebooks=b"print(1)\n")
    scripts, found = read_lifecycle_scripts(tmp_path)
    assert (scripts.notebook, found) == (b"#!/bin/bash\nf() {\n  cat <<'END'\nprint(1)\nEND\n}\nf\n", [])


def test_rejects_shell_that_would_come_into_itself(tmp_path: Path) -> None:
    written(tmp_path, b"#!/bin/bash\n@DELIVER@\n", deliver=b"#!/bin/bash\n@DELIVER@\n")
    [problem] = problems(tmp_path)
    assert problem == "deliver.sh: line 2: '@DELIVER@': must not stand in the file that it is the place of"


def test_docstrings_annotations_empty_lines_and_three_of_four_spaces_stay_here(tmp_path: Path) -> None:
    python = (
        '"""Of\n\ntwo."""\n\n\ndef one(*a: int, b: "x" = "é", **c: object) -> None:\n    """Its own."""\n    if True:\n'
    )
    python += '        print("""a""")\n\n\nclass Alone:\n    """All that is in it."""\n\n    d: int = 1\n'
    written(tmp_path, b"#!/bin/bash\n@STOP_WHEN_IDLE@\n", stop_when_idle=python.encode())
    scripts, _ = read_lifecycle_scripts(tmp_path)
    made = 'def one(*a, b = "é", **c):\n if True:\n  print("""a""")\nclass Alone:\n d: int = 1\n'
    ast.parse(made)
    assert scripts.notebook == f"#!/bin/bash\n{made}".encode()


def test_comments_stay_here(tmp_path: Path) -> None:
    script = b"#!/bin/bash\n# a comment\n  # and one\necho 1 # here\ncat <<'END'\n#!/bin/sh\n@STOP_WHEN_IDLE@\nEND\n"
    scripts, _ = read_lifecycle_scripts(written(tmp_path, script, stop_when_idle=b"# why\nprint(1)  # how\n"))
    assert scripts.notebook == (b"#!/bin/bash\necho 1 # here\ncat <<'END'\n#!/bin/sh\nprint(1)  # how\nEND\n")


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (b"echo hello\n", "b'echo hello\\n': must begin with #! and an interpreter"),
        (b"#!/bin/bash\r\nset -e\r\n", "line 1: must not contain a carriage return: lines must end with a line feed "),
        (b"#!/bin/bash\necho \0\n", "line 2: must not contain a NUL"),
        (b"#!/bin/bash\n\necho \xe9\n", "line 3: must be in UTF-8"),
        (b"#!/bin/bash\necho @SETTING@\n", "line 2: '@SETTING@': must be one of @SETTINGS@, @DELIVER@, @DELIVER_NOTE"),
        (b"#!/bin/bash\necho @settings@\n", "line 2: '@settings@': must be one of @SETTINGS@, "),
        (b"#!/bin/sh\n# @DELIVER_NOTEBOOK@\n", "line 2: '@DELIVER_NOTEBOOK@': must be one of @SETTINGS@, "),
        (b"#!/bin/sh\n# @DELIVER_NOTEBOOKS@\n", "line 2: '@DELIVER_NOTEBOOKS@': must stand alone on a line of its own"),
        (b"#!/bin/bash\nif true; then\n", "line 3: syntax error: unexpected end of file: must be what bash can read"),
        (b"#!/usr/bin/env bash\necho 'x\n", "line 2: unexpected EOF while looking for matching `''"),
        (b"#!/bin/bash\nshopt -s extglob\nls !(a|b\n", "line 3: unexpected EOF while looking for matching `)'"),
        (b"#!/bin/sh -e\ncat <<END\n", "line 2: warning: here-document at line 2 delimited by end-of-file"),
    ],
)
def test_rejects_a_script_that_would_fail_on_the_instance(tmp_path: Path, script: bytes, line: str) -> None:
    [problem] = problems(written(tmp_path, script))
    assert problem.startswith(f"on_start.sh: {line}")


@pytest.mark.parametrize(
    ("python", "line"),
    [
        (b"print(1\n", "line 1: '(' was never closed: must be what Python 3.9 can read"),
        (b"match 1:\n    case 1:\n        pass\n", "line 3: Pattern matching is only supported in Python 3.10 and "),
        (b"print(1)\r\n", "line 1: must not contain a carriage return"),
        (b"\nprint('\xe9')\n", "line 2: must be in UTF-8"),
    ],
)
def test_rejects_python_that_would_fail_on_the_instance(tmp_path: Path, python: bytes, line: str) -> None:
    script = b"#!/bin/bash\ncat <<'END'\n@STOP_WHEN_IDLE@\nEND\n"
    [problem] = problems(written(tmp_path, script, stop_when_idle=python))
    assert problem.startswith(f"stop_when_idle.py: {line}")


def test_rejects_a_script_without_the_files_it_is_made_of(tmp_path: Path) -> None:
    written(tmp_path, b"#!/bin/bash\ncat <<'END'\n@STOP_WHEN_IDLE@\nEND\n")
    (tmp_path / "on_studio_start.sh").unlink()
    assert problems(tmp_path) == [
        "stop_when_idle.py: missing: must be Python that can be read",
        "on_studio_start.sh: missing: must be a shell script that can be read",
    ]


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
    scripts, found = read_lifecycle_scripts(written(tmp_path, script))
    assert (scripts.notebook, found) == (script, [])


def test_everything_that_is_wrong_with_a_script_comes_at_once(tmp_path: Path) -> None:
    assert len(problems(written(tmp_path, b"echo @SETTING@ @settings@\n"))) == 3


def test_a_script_that_bash_reads_changes_nothing(tmp_path: Path) -> None:
    script = f"#!/bin/bash\n$(touch {tmp_path}/a) `touch {tmp_path}/b`\ntouch {tmp_path}/c\n"
    assert problems(written(tmp_path, script.encode())) == []
    assert {path.name for path in tmp_path.iterdir()} == {"on_start.sh", "on_studio_start.sh"}
