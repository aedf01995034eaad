"""Variables that Node, jsii or CDKTF cannot work with: a line, and nothing is waited for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lazy_bindings.install import install
from lazy_bindings.variables import unusable
from settings.problems import InvalidInputError
from stacks.environments import ROOT

NODE = Path(sys.executable).parent / "node"


def lines(variables: dict[str, str]) -> list[str]:
    return [str(problem) for problem in unusable(variables, NODE)]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"JSII_NODE": str(NODE)},
        {"NODE_OPTIONS": "--max-old-space-size=4096 --trace-warnings"},
        {"NODE_OPTIONS": ""},
        {"CDKTF_CONTEXT_JSON": json.dumps({"a": [1]})},
        {"CDKTF_CONTEXT_JSON": ""},
        {"CDKTF_OUTDIR": "/tmp/not/there/yet"},  # noqa: S108
        {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": ""},
        {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": "/dev/null", "JSII_RUNTIME_PACKAGE_CACHE": "disabled"},
    ],
)
def test_what_works_is_taken(variables: dict[str, str]) -> None:
    assert lines(variables) == []


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("JSII_NODE", "", "must be a Node that can be run"),
        ("JSII_NODE", "/not/there", "must be a Node that can be run"),
        ("JSII_NODE", "/etc/hostname", "must be a Node that can be run"),
        ("JSII_NODE", "/", "must be a Node that can be run"),
        ("JSII_NODE", "/bin/true", "must be a Node that can be run"),
        ("JSII_NODE", "/usr/bin/yes", "must be a Node that can be run"),
        ("JSII_NODE", sys.executable, "must be a Node that can be run"),
        ("NODE_OPTIONS", "--no-such-option", "must be options that Node starts with"),
        ("NODE_OPTIONS", "--require /not/there.js", "must be options that Node starts with"),
        ("NODE_OPTIONS", '--require "', "must be options that Node starts with"),
        ("CDKTF_CONTEXT_JSON", "{", "must be a JSON object"),
        ("CDKTF_CONTEXT_JSON", "[]", "must be a JSON object"),
        ("CDKTF_CONTEXT_JSON", "null", "must be a JSON object"),
        ("CDKTF_CONTEXT_JSON", "[" * 10_000, "must be a JSON object"),
        ("CDKTF_OUTDIR", "", "must be a folder that can be written"),
        ("CDKTF_OUTDIR", "/dev/null", "Not a directory: must be a folder that can be written"),
        ("CDKTF_OUTDIR", "/dev/null/a/b", "Not a directory: must be a folder that can be written"),
        ("CDKTF_OUTDIR", "x" * 256, "File name too long: must be a folder that can be written"),
        ("JSII_RUNTIME", "/not/there", "must be a file"),
        ("JSII_RUNTIME_PACKAGE_CACHE_ROOT", "/dev/null", "Not a directory: must be a folder that can be written"),
        ("JSII_RUNTIME_PACKAGE_CACHE_ROOT", "/proc/x", "must be a folder that can be written"),
    ],
)
def test_rejects_a_variable_that_cannot_work_by_its_name(name: str, value: str, allowed: str) -> None:
    [line] = lines({name: value})
    assert line.startswith(f"{name}: ")
    assert allowed in line


def test_rejects_options_with_which_node_waits_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lazy_bindings.variables.NODE_TIMEOUT_SECONDS", 0.5)
    [line] = lines({"NODE_OPTIONS": "--inspect-brk=0"})
    assert line.startswith("NODE_OPTIONS: '--inspect-brk=0': ")


def test_rejects_a_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/dev/null")
    [line] = lines({})
    assert line.startswith("HOME: '/dev/null/.cache/aws/jsii/package-cache': Not a directory: must be a folder")


def test_all_of_them_come_at_once_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cdktf_cdktf_provider_aws")
    monkeypatch.setenv("CDKTF_OUTDIR", "/dev/null")
    monkeypatch.setenv("CDKTF_CONTEXT_JSON", "[]")
    with pytest.raises(InvalidInputError) as raised:
        install()
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize("command", [["main.py"], ["-m", "lazy_bindings.warm_up"]])
def test_a_cache_that_cannot_be_written_ends_with_a_line_and_not_with_a_wait(command: list[str]) -> None:
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": "/proc/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    [line] = finished.stderr.splitlines()
    assert line.startswith("JSII_RUNTIME_PACKAGE_CACHE_ROOT: '/proc/x': ")
    assert finished.returncode == 1
    assert time.monotonic() - started < 20
