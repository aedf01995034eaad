"""A deploy or a destroy of one stack by Terraform itself: planned, shown, applied, and told in few lines.

Not by the CDKTF command line, which redraws what Terraform says and loses the end of it, needs a terminal, and leaves
the lock of the state behind when it is stopped: docs/decisions/0016-make-deploy-runs-terraform.md.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from stacks.synthesized_stack import SynthesizedStack, TerraformError
from stacks.terraform_events import Event, Progress, diagnostic
from stacks.terraform_process import running

PLAN, LOG = "deploy.tfplan", "terraform.log"
CHANGES = 2  # the code of a plan that has some: -detailed-exitcode


@dataclass
class TerraformChange:
    """`say` is given the lines for a person; everything that Terraform says goes to the end of `log`; `summary` is the
    last of what it said of its counts; `actions` are the plan's, by address: create, update, replace, delete ..."""

    stack: SynthesizedStack
    destroy: bool
    say: Callable[[str], None]
    counts: Mapping[str, int] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    _file: FileIO | None = None
    _planned: dict[str, Any] | None = None  # the plan's changes by address, once somebody has asked

    @property
    def log(self) -> Path:
        return self.stack.folder / LOG

    @contextmanager
    def planned(self) -> Iterator[bool]:
        """Whether there is something to do; `counts` has how much of it. Raises TerraformError."""
        self._planned = None
        with self.log.open("ab", buffering=0) as self._file:  # what could not be written is not tried again at the end
            self._write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {'destroy' if self.destroy else 'deploy'}")
            try:
                found = self._run("plan", f"-out={PLAN}", "-detailed-exitcode", *(["-destroy"] if self.destroy else []))
                yield found == CHANGES
            finally:
                (self.stack.folder / PLAN).unlink(missing_ok=True)

    def shown(self) -> str:
        """The plan, as Terraform shows it."""
        text = self.stack.run("show", "-no-color", PLAN)
        self._write(text)
        return text

    def planned_values(self, address: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What a resource of the plan has, and what it is to have, as far as that is known."""
        if self._planned is None:
            changes = json.loads(self.stack.run("show", "-json", PLAN))["resource_changes"]
            self._planned = {item["address"]: item["change"] for item in changes}
        planned = self._planned[address]
        return planned["before"] or {}, planned["after"] or {}

    def apply(self) -> None:
        """Raises TerraformError with every error, whole."""
        self._run("apply", PLAN)

    def _run(self, verb: str, *arguments: str) -> int:
        errors: list[str] = []
        other: list[str] = []
        progress = Progress(total=sum(self.counts.values()))
        command = [verb, "-json", "-input=false", *arguments]
        variables = self.stack.terraform_variables
        with running(command, folder=self.stack.folder, variables=variables, stderr=subprocess.STDOUT) as terraform:
            for line in terraform.stdout or ():
                event = _event(line)
                if event is None:
                    other.append(line)
                    self._write(line.rstrip())
                    continue
                self._take(event, errors, progress)
        code = terraform.returncode
        if code not in (0, CHANGES):
            raise TerraformError("\n\n".join(errors) or f"terraform {verb} ended with {code}:\n{''.join(other)}")
        return code

    def _take(self, event: Event, errors: list[str], progress: Progress) -> None:
        text = str(event["@message"])
        if event["type"] == "diagnostic":
            text = diagnostic(event)
            if event["diagnostic"]["severity"] == "error":
                errors.append(text)
            else:
                self._tell(text)
        elif event["type"] == "planned_change":
            self.actions[event["change"]["resource"]["addr"]] = event["change"]["action"]
        elif event["type"] == "change_summary":
            self.summary = text
            self.counts = {key: event["changes"][key] for key in ("add", "change", "remove")}
        self._write(f"{event['@timestamp'][:19]} {text}")
        for line in progress.lines(event):
            self._tell(line)

    def _tell(self, line: str) -> None:
        """Nobody who reads on any more, `| head` or a closed terminal, is no reason to drop a deploy."""
        with suppress(OSError):
            self.say(line)

    def _write(self, text: str) -> None:
        """A full disk takes the log, and not the deploy."""
        if self._file is None:
            return
        try:
            self._file.write(f"{text}\n".encode())
        except OSError as error:
            self._file = None
            self._tell(f"{self.log}: {error.strerror}: no more is written there")


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"type", "@message", "@timestamp"} <= found.keys() else None
