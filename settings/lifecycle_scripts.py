"""The notebook's lifecycle scripts, read from lifecycle_scripts/ and checked against SageMaker's limit."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from settings.aws_tables import REGIONS
from settings.files import UnreadableError, opened
from settings.limits import ACCOUNT_ID_LENGTH, BUCKET_NAME_MAX_LENGTH, ROLE_NAME_MAX_LENGTH
from settings.problems import Problem
from settings.suggestions import suggestion

# What Terraform replaces by the data bucket's name, by the ARN of the training role, and by the region.
BUCKET, TRAINING_ROLE, REGION = "@DATA_BUCKET@", "@TRAINING_ROLE_ARN@", "@REGION@"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
ROLE_ARN_MAX_LENGTH = len("arn:aws-us-gov:iam:::role/") + ACCOUNT_ID_LENGTH + ROLE_NAME_MAX_LENGTH
LONGEST_VALUES = {
    BUCKET: BUCKET_NAME_MAX_LENGTH,
    TRAINING_ROLE: ROLE_ARN_MAX_LENGTH,
    REGION: max(map(len, REGIONS)),
}
# How near a marker is that was meant to be one of these: @BUCKET@ is, @VERSION@ and @DATABASE@ are others' own.
MISSPELT = 0.75
# 16,384 characters after base64: 12,288 bytes before.
HOOK = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html"
MAX_BYTES = 12288
BASH = Path("/bin/bash")


# `-n` reads and runs nothing, so no `shopt -s extglob` of the script's own: its patterns are read from the start.
# Nothing is said of a bash before the fourth, which macOS has: the notebook's is newer.
SYNTAX_CHECK = '((BASH_VERSINFO[0] < 4)) || exec "$BASH" -n -O extglob'


def read_lifecycle_script(path: Path) -> tuple[bytes, list[Problem]]:
    """The script, and what is wrong with it."""
    name = f"{path.parent.name}/{path.name}"
    try:
        with opened(path) as file:
            script = file.read()
    except UnreadableError as error:
        return b"", [Problem(where=name, allowed=f"{error}: must be a shell script that can be read")]
    return script, [replace(problem, where=name) for problem in _problems(script)]


def _problems(script: bytes) -> Iterator[Problem]:
    size = len(script) + sum(
        script.count(placeholder.encode()) * (longest - len(placeholder))
        for placeholder, longest in LONGEST_VALUES.items()
    )
    if size > MAX_BYTES:
        allowed = f"{size} bytes with the longest names in place: must be at most {MAX_BYTES}"
        yield Problem(allowed=allowed, page=HOOK)
    if not script.startswith(b"#!"):
        yield Problem(value=script[:20], allowed="must begin with #! and an interpreter")
    try:
        text = script.decode()
    except UnicodeDecodeError as error:
        yield Problem(path=f"line {_line(script, error.start)}", allowed="must be in UTF-8")
        return
    for letter, what in {"\0": "a NUL", "\r": "a carriage return: lines must end with a line feed alone"}.items():
        if letter in text:
            yield Problem(path=f"line {_line(text, text.index(letter))}", allowed=f"must not contain {what}")
            return
    for found in re.finditer(r"@[A-Za-z][\w-]*@", text):
        meant = suggestion(found[0].upper(), [*LONGEST_VALUES], nearness=MISSPELT)
        if found[0] not in LONGEST_VALUES and meant:
            allowed = f"must be one of {', '.join(LONGEST_VALUES)}{meant}"
            yield Problem(path=f"line {_line(text, found.start())}", value=found[0], allowed=allowed)
    yield from _syntax_problems(script)


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
