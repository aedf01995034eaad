"""What every command has in common, as a person sees it."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from operations import command_line
from stacks.environments import ROOT
from stacks.synthesized_stack import OperationError

HOSTILE, SHOWN = "\x1b[2J\u202e\x9b", r"\x1b[2J\u202e\x9b"


def test_what_a_command_prints_of_others_is_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    with command_line.errors_as_lines("dev"):
        sys.stdout.write(f"prediction é {HOSTILE}\n")
    sys.stdout.write(f"{HOSTILE}\n")
    assert capsys.readouterr().out == f"prediction é {SHOWN}\n{HOSTILE}\n"


def test_so_is_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="first") as raised, command_line.errors_as_lines("dev"):
        raise OperationError(f"first {HOSTILE}\nsecond")
    assert raised.value.code == f"dev: first {SHOWN}\nsecond"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [[HOSTILE], ["dev", f"--{HOSTILE}"], ["dev", HOSTILE]])
def test_so_is_what_was_typed(arguments: list[str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "operations.show_settings", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode in (1, 2)
    assert SHOWN in finished.stderr
    assert HOSTILE not in finished.stderr


OPERATIONS = sorted(
    path.stem for path in (ROOT / "operations").glob("*.py") if "command_line.parser(" in path.read_text()
)


@pytest.mark.parametrize("module", [f"operations.{name}" for name in OPERATIONS] + ["local_aws.deploy"])
def test_rejects_another_environment_in_a_sourced_shell(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setenv("LOCAL_AWS_ENVIRONMENT", "dev")
    monkeypatch.setattr(sys, "argv", [module, "staging"])
    with pytest.raises(SystemExit) as raised:
        importlib.import_module(module).main()
    assert raised.value.code == (
        "staging: this shell has sourced .local/dev.env and works with dev on the local AWS alone: local_off first, or "
        "another shell"
    )


@pytest.mark.parametrize(
    "write", [lambda path: path.write_text("x"), lambda path: path.mkdir(), lambda path: path.read_bytes()]
)
def test_what_the_system_refuses_is_a_line_with_the_file(tmp_path: Path, write: Callable[[Path], object]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as raised, command_line.errors_as_lines("dev"):
        write(tmp_path / "file/within")
    assert raised.value.code == f"dev: {tmp_path}/file/within: Not a directory"


@pytest.mark.parametrize(
    "command", [["operations.show_settings", "dev"], ["local_aws.undeploy", "--folder", "nowhere"]], ids=lambda c: c[0]
)
def test_a_full_disk_below_standard_output_is_a_line(tmp_path: Path, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    [line] = finished.stderr.splitlines()
    assert (finished.returncode, line.partition(": ")[2]) == (1, "standard output: No space left on device")


def test_a_reader_that_has_gone_ends_the_command_without_a_word() -> None:
    """`make settings | head`"""
    reads, writes = os.pipe()
    os.close(reads)
    finished = subprocess.run(
        [sys.executable, "-m", "operations.show_settings", "dev"],
        cwd=ROOT,
        stdout=writes,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writes)
    assert (finished.returncode, finished.stderr) == (128 + signal.SIGPIPE, b"")
