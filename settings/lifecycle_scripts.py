"""What a notebook instance and Studio run at every start: the scripts of lifecycle_scripts/, made whole and checked."""

import ast
import re
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from settings.files import UnreadableError, opened
from settings.problems import Problem
from settings.suggestions import suggestion

# What the platform fills in, in notebooks, besides the bucket's name: nothing where an environment has none. Subnets
# and security groups are those of training jobs, with commas between them; the endpoint is the first.
TRAINING_ROLE_ARN, TRAINING_JOB_PREFIX = "<TRAINING_ROLE_ARN>", "<TRAINING_JOB_PREFIX>"
LINEAR_LEARNER_IMAGE, KMS_KEY_ARN = "<LINEAR_LEARNER_IMAGE>", "<KMS_KEY_ARN>"
SUBNET_IDS, SECURITY_GROUP_IDS = "<SUBNET_IDS>", "<SECURITY_GROUP_IDS>"
ENDPOINT_NAME, ENVIRONMENT = "<ENDPOINT_NAME>", "<ENVIRONMENT>"
FILLED_IN = (
    *(TRAINING_ROLE_ARN, TRAINING_JOB_PREFIX, LINEAR_LEARNER_IMAGE, KMS_KEY_ARN),
    *(SUBNET_IDS, SECURITY_GROUP_IDS, ENDPOINT_NAME, ENVIRONMENT),
)
# What Terraform replaces by the JSON of what a script is told about its environment.
SETTINGS = "@SETTINGS@"
# A line of its own, of this alone, is what the file holds: shell, which has such lines too, and Python.
FILES = {
    "@DELIVER@": "deliver.sh",
    "@DELIVER_NOTEBOOKS@": "deliver_notebooks.py",
    "@STOP_WHEN_IDLE@": "stop_when_idle.py",
}
MARKERS = (SETTINGS, *FILES)
# How near a marker is that was meant to be one of these: @SETTING@ is, @VERSION@ and @DATABASE@ are others' own.
MISSPELT = 0.75
# Of /usr/bin/python3 on Amazon Linux 2023: https://docs.aws.amazon.com/linux/al2023/ug/python.html
PYTHON = (3, 9)
BASH = Path("/bin/bash")


# `-n` reads and runs nothing, so no `shopt -s extglob` of the script's own: its patterns are read from the start.
# Nothing is said of a bash before the fourth, which macOS has: the notebook's is newer.
SYNTAX_CHECK = '((BASH_VERSINFO[0] < 4)) || exec "$BASH" -n -O extglob'


@dataclass(frozen=True, kw_only=True)
class LifecycleScripts:
    """Of a notebook instance, and of a JupyterLab space in Studio; the marker of the settings is still in them."""

    notebook: bytes
    studio: bytes


def read_lifecycle_scripts(folder: Path) -> tuple[LifecycleScripts, list[Problem]]:
    """The scripts, with the Python files in the places of their markers, and what is wrong with all of these.

    Without the lines that are a comment, those that begin with `# `; Python without docstrings, empty lines and what
    annotates functions, and with its levels of four spaces as one, in long texts too.
    """
    problems: list[Problem] = []
    read: dict[str, bytes] = {}
    files = {marker.encode(): name for marker, name in FILES.items()}

    def file(name: str, what: str) -> bytes:
        if name not in read:
            try:
                with opened(folder / name) as opened_file:
                    content = opened_file.read()
                found = [*_problems(name, content)]
            except UnreadableError as error:
                content, found = b"", [Problem(allowed=f"{error}: must be {what} that can be read")]
            problems.extend(replace(problem, where=f"{folder.name}/{name}") for problem in found)
            read[name] = content
        return read[name]

    def small(python: bytes) -> bytes:
        """One space to a level, no empty lines and annotations, and its docstrings as comments."""
        lines = python.rstrip(b"\n").split(b"\n")
        with suppress(SyntaxError, ValueError):
            tree = ast.parse(python)
            for number, start, end in sorted(_annotations(tree), reverse=True):
                lines[number] = re.sub(rb"(:| ->) $", b"", lines[number][:start]) + lines[number][end:]
            for node in ast.walk(tree):
                if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
                    text, *others = node.body
                    for number in range(text.lineno - 1, text.end_lineno or 0) if others else ():
                        lines[number] = b"# "
        made = (re.sub(rb"^( {4})+", lambda found: b" " * (len(found[0]) // 4), line) for line in lines if line)
        return b"\n".join(made)

    def whole(name: str) -> bytes:
        # SageMaker's limit is low, and comments are a quarter: they are for who reads them here.
        made = b"\n".join(part(line, of=name) for line in file(name, "a shell script").split(b"\n"))
        return b"\n".join(line for line in made.split(b"\n") if not line.lstrip().startswith(b"# "))

    def part(line: bytes, *, of: str) -> bytes:
        name = files.get(line)
        if name is None or name == of:
            return line
        if name.endswith(".py"):
            return small(file(name, "Python"))
        return whole(name).partition(b"\n")[2].rstrip(b"\n")

    scripts = LifecycleScripts(notebook=whole("on_start.sh"), studio=whole("on_studio_start.sh"))
    return scripts, problems


def _annotations(tree: ast.Module) -> Iterator[tuple[int, int, int]]:
    """Of functions: the index of a line, where in its bytes one begins, and where it ends."""
    for node in ast.walk(tree):
        found = node.annotation if isinstance(node, ast.arg) else getattr(node, "returns", None)
        if found is not None and found.lineno == found.end_lineno:
            yield found.lineno - 1, found.col_offset, found.end_col_offset or 0


def _problems(name: str, content: bytes) -> Iterator[Problem]:
    is_python = name.endswith(".py")
    if not is_python and not content.startswith(b"#!"):
        yield Problem(value=content[:20], allowed="must begin with #! and an interpreter")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        yield Problem(path=f"line {_line(content, error.start)}", allowed="must be in UTF-8")
        return
    for letter, what in {"\0": "a NUL", "\r": "a carriage return: lines must end with a line feed alone"}.items():
        if letter in text:
            yield Problem(path=f"line {_line(text, text.index(letter))}", allowed=f"must not contain {what}")
            return
    if is_python:
        yield from _python_problems(text)
    else:
        yield from _marker_problems(name, text)
        yield from _syntax_problems(content)


def _marker_problems(name: str, text: str) -> Iterator[Problem]:
    for found in re.finditer(r"@[A-Za-z][\w-]*@", text):
        place = {"path": f"line {_line(text, found.start())}", "value": found[0]}
        meant = suggestion(found[0].upper(), [*MARKERS], nearness=MISSPELT)
        if found[0] not in MARKERS and meant:
            yield Problem(**place, allowed=f"must be one of {', '.join(MARKERS)}{meant}")
        elif FILES.get(found[0]) == name:
            yield Problem(**place, allowed="must not stand in the file that it is the place of")
        elif found[0] in FILES and not re.search(rf"^{found[0]}$", text, re.MULTILINE):
            yield Problem(**place, allowed="must stand alone on a line of its own")


def _python_problems(text: str) -> Iterator[Problem]:
    """What Python says of a file for it: as far as that can be known here, in the notebook's version."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text, feature_version=PYTHON)
    except SyntaxError as error:
        version = ".".join(map(str, PYTHON))
        yield Problem(path=f"line {error.lineno}", allowed=f"{error.msg}: must be what Python {version} can read")


def _line(text: str | bytes, position: int) -> int:
    before = text[:position]
    return 1 + (before.count("\n") if isinstance(before, str) else before.count(b"\n"))


def _syntax_problems(script: bytes) -> Iterator[Problem]:
    """What bash says of a script for it; nothing where there is no bash."""
    interpreter = script.splitlines()[0] if script else b""
    if not re.search(rb"\b(ba)?sh\b", interpreter) or not BASH.exists():
        return
    checked = _read_by_bash(script)
    # A warning stops nothing. But where this is no error at the end, it is within a here-document that has no end.
    if checked.returncode == 0 and (not checked.stderr or _read_by_bash(script + b"\n)\n").returncode != 0):
        return
    for said in checked.stderr.decode(errors="replace").splitlines()[:1]:
        line, _, what = said.removeprefix(f"{BASH}: ").partition(": ")
        yield Problem(path=line, allowed=f"{what}: must be what bash can read")


def _read_by_bash(script: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([BASH, "-c", SYNTAX_CHECK], input=script, env={}, capture_output=True, check=False)
