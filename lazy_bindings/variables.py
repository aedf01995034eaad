"""Variables and folders that CDKTF and jsii, which runs it in Node, cannot work with: a line each, and first."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from settings.problems import Problem

NODE, NODE_OPTIONS, RUNTIME = "JSII_NODE", "NODE_OPTIONS", "JSII_RUNTIME"
CACHE, CACHE_ROOT = "JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
OUTPUT, CONTEXT = "CDKTF_OUTDIR", "CDKTF_CONTEXT_JSON"
NODE_TIMEOUT_SECONDS = 20
A_FOLDER = "must be a folder that can be written"


def package_cache(variables: Mapping[str, str]) -> Path:
    """jsii's package cache: the variable that jsii reads, else its default on Linux and macOS."""
    if root := variables.get(CACHE_ROOT):
        return Path(root)
    mac = Path.home() / "Library/Caches/com.amazonaws.jsii/package-cache"
    return mac if mac.parent.is_dir() else Path.home() / ".cache/aws/jsii/package-cache"


def unusable(variables: Mapping[str, str], pinned_node: Path | None) -> Iterator[Problem]:
    """What is given is tried out: jsii waits for ever for a cache that it cannot lock, or for a Node that is none."""
    yield from _unusable_node(variables, pinned_node)
    if RUNTIME in variables and not Path(variables[RUNTIME]).is_file():
        yield Problem(where=RUNTIME, value=variables[RUNTIME], allowed="must be a file, or left out")
    output = Path(variables.get(OUTPUT, "cdktf.out"))
    if variables.get(OUTPUT) == "":
        yield Problem(where=OUTPUT, value="", allowed=A_FOLDER)
    elif reason := _unwritable(output / "stacks"):
        yield Problem(where=OUTPUT, value=str(output), allowed=f"{reason}: {A_FOLDER}")
    if variables.get(CACHE) != "disabled" and (reason := _unwritable(package_cache(variables))):
        where = CACHE_ROOT if variables.get(CACHE_ROOT) else "HOME"
        allowed = f"{reason}: {A_FOLDER}, as jsii keeps its packages there; another one: {CACHE_ROOT}"
        yield Problem(where=where, value=str(package_cache(variables)), allowed=allowed)
    if variables.get(CONTEXT):
        try:
            is_object = isinstance(json.loads(variables[CONTEXT]), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            yield Problem(where=CONTEXT, value=variables[CONTEXT], allowed="must be a JSON object, or left out")


def _unusable_node(variables: Mapping[str, str], pinned_node: Path | None) -> Iterator[Problem]:
    node = variables.get(NODE, pinned_node or shutil.which("node"))
    if node is None:
        yield Problem(where=NODE, allowed="must be given, as no node is on PATH: make setup installs one")
    elif NODE in variables and not _answers(node, {**variables, NODE_OPTIONS: ""}):
        yield Problem(where=NODE, value=variables[NODE], allowed="must be a Node that can be run, or left out")
    elif variables.get(NODE_OPTIONS) and not _answers(node, variables):
        allowed = "must be options that Node starts with, or left out"
        yield Problem(where=NODE_OPTIONS, value=variables[NODE_OPTIONS], allowed=allowed)


def _answers(node: str | Path, variables: Mapping[str, str]) -> bool:
    """With nothing but a version, in time."""
    command = [node, "-e", "process.stdout.write(process.version)"]
    try:
        process = subprocess.Popen(
            command,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what a script starts is ended with it
        )
    except OSError:
        return False

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(NODE_TIMEOUT_SECONDS, end)
    timer.start()
    with process:
        said = b"" if process.stdout is None else process.stdout.read(20)  # and no more of a program that says much
        timer.cancel()
        end()
    return said.startswith(b"v") and said[1:].replace(b".", b"").isdigit()


def _unwritable(folder: Path) -> str | None:
    """Why the folder, or what it would have to be made in, cannot be written. Leaves nothing there."""
    try:
        with contextlib.suppress(FileNotFoundError):
            folder.stat()  # a name that is too long, a file on the way, links in circles
        while not os.path.lexists(folder):
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return os.strerror(error.errno or 0)
