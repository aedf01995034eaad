"""The policy gate: checkov on the synthesized JSON of every environment, and a search for secrets.

`make policy` runs `python -m policy.gate`; the tests scan the plans too, and lint the IAM policies.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from settings.problems import InvalidInputError, Problem, problems_of
from stacks.environments import NAMES, ROOT
from stacks.synthesized_stack import OperationError, SynthesizedStack, synthesize
from stacks.terminal import printed

FOLDER = Path(__file__).resolve().parent
BIN = FOLDER / ".venv/bin"
SKIPS = "policy/skips.toml"
NOT_OURS = (
    "node_modules",
    ".venv",
    ".local",
    "cdktf.out",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
)
Hosting = Literal["provisioned", "serverless"]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A check that a resource of an environment does not pass; `hosting` of endpoint configurations and models."""

    environment: str
    check: str
    kind: str
    name: str
    title: str
    guide: str = ""
    protected: bool = False
    hosting: Hosting | None = None

    def __str__(self) -> str:
        guide = f" ({self.guide})" if self.guide else ""
        return f"{self.environment}: {self.check}: {self.kind}.{self.name}: {self.title}{guide}"


class Skip(BaseModel):
    """A finding that is accepted: of every resource of the kind, or only where protection and hosting are these."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    check: Text
    kind: Text
    reason: Text
    protected: bool | None = None
    hosting: Hosting | None = None

    def covers(self, finding: Finding) -> bool:
        return (
            (self.check, self.kind) == (finding.check, finding.kind)
            and self.protected in (None, finding.protected)
            and self.hosting in (None, finding.hosting)
        )


class Skips(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skip: list[Skip] = []


@dataclass(frozen=True, kw_only=True)
class Scan:
    environment: str
    passed: int
    parsing_errors: int
    findings: Sequence[Finding]


def skips(text: str | None = None) -> list[Skip]:
    """Raises InvalidInputError."""
    try:
        return Skips(**tomllib.loads((FOLDER / "skips.toml").read_text() if text is None else text)).skip
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError([Problem(where=SKIPS, allowed=f"{error}: must be TOML")]) from None
    except ValidationError as error:
        raise InvalidInputError(problems_of(SKIPS, Skips, error)) from None


def scan(stack: SynthesizedStack, plan: Path | None = None) -> Scan:
    """Of the stack's JSON or, where there is one, of its plan as JSON."""
    if plan is not None:
        return _scan(stack, plan.read_text().splitlines(), "terraform_plan", "--file", str(plan))
    with tempfile.TemporaryDirectory() as folder:
        # In lines of our own: checkov says of some findings where they stand, and not of which type the resource is.
        text = json.dumps(stack.json, indent=1)
        (Path(folder) / "cdk.tf.json").write_text(text)
        return _scan(stack, text.splitlines(), "terraform_json", "--directory", folder)


def _scan(stack: SynthesizedStack, lines: Sequence[str], *arguments: str) -> Scan:
    passed, parsing_errors, failed = _checkov(*arguments)
    hosting, protected = _hosting(stack.resources), bool(stack.protected)
    found: set[Finding] = set()
    for check in failed:
        kind, _, name = str(check["resource"]).rpartition(".")
        if kind == "resource":
            above = reversed(lines[: check["file_line_range"][0]])
            kind = next(opened[1] for line in above if (opened := re.match(r' {2}"(\w+)": \{', line)))
        found.add(
            Finding(
                environment=stack.folder.name,
                check=check["check_id"],
                kind=kind,
                name=name,
                title=check["check_name"],
                guide=check["guideline"] or "",
                protected=protected,
                hosting=hosting.get(f"{kind}.{name}"),
            )
        )
    return Scan(
        environment=stack.folder.name, passed=passed, parsing_errors=parsing_errors, findings=sorted(found, key=str)
    )


def _hosting(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, Hosting]:
    """Of each endpoint configuration and of the models that it serves, by address."""
    kind = "aws_sagemaker_endpoint_configuration"
    found: dict[str, Hosting] = {}
    for name, configuration in resources.get(kind, {}).items():
        variants = [*configuration["production_variants"], *configuration.get("shadow_production_variants", [])]
        addresses = [re.sub(r"^\$\{(\w+\.\w+)\..*", r"\1", variant["model_name"]) for variant in variants]
        serverless = any("serverless_config" in variant for variant in variants)
        found |= dict.fromkeys([f"{kind}.{name}", *addresses], "serverless" if serverless else "provisioned")
    return found


def _checkov(framework: str, *arguments: str) -> tuple[int, int, list[dict[str, Any]]]:
    """How many checks passed, how many files could not be read, and what failed."""
    finished = subprocess.run(
        [
            *(BIN / "python", "-P", "-m", "checkov.main"),  # its own script fails in a folder whose path has spaces
            *("--framework", framework, "--output", "json", "--compact", "--quiet", "--skip-download"),
            *("--external-checks-dir", str(FOLDER / "checks")),
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: Any = json.loads(finished.stdout)
    except ValueError:
        raise SystemExit(f"policy: checkov said no JSON: {finished.stdout}{finished.stderr}") from None
    reports = found if isinstance(found, list) else [found]
    summaries = [report.get("summary", report) for report in reports]  # nothing scanned: the summary alone
    return (
        sum(summary["passed"] for summary in summaries),
        sum(summary["parsing_errors"] for summary in summaries),
        [check for report in reports for check in report.get("results", {}).get("failed_checks", [])],
    )


def refused(scans: Iterable[Scan], accepted: Iterable[Skip]) -> Iterator[str]:
    """What no skip covers, each with what to write to accept it, and scans that saw nothing."""
    found = [finding for scanned in scans for finding in scanned.findings]
    left = [finding for finding in found if not any(skip.covers(finding) for skip in accepted)]
    yield from map(str, left)
    for check, kind in sorted({(finding.check, finding.kind) for finding in left}):
        protects = any(finding.protected for finding in left if (finding.check, finding.kind) == (check, kind))
        only = "" if protects else "protected = false\n"
        yield f'to accept {check}, in {SKIPS}:\n[[skip]]\ncheck = "{check}"\nkind = "{kind}"\n{only}reason = ""'
    for scanned in scans:
        # checkov exits with 0 where it could not read the JSON: https://github.com/bridgecrewio/checkov/issues/7454
        if scanned.parsing_errors or not scanned.passed:
            yield f"{scanned.environment}: checkov could not read what was synthesized"


def told(scans: Iterable[Scan], accepted: Iterable[Skip]) -> Iterator[str]:
    """What is accepted, of how many resources and why, and what is accepted without need."""
    found = [finding for scanned in scans for finding in scanned.findings]
    for skip in accepted:
        covered = [finding for finding in found if skip.covers(finding)]
        if covered:
            yield f"accepted: {skip.check}: {len(covered)} {skip.kind}: {covered[0].title}: {skip.reason}"
        else:
            yield f"note: {SKIPS}: {skip.check} of {skip.kind}: nothing to accept"


def secrets(folder: Path) -> list[str]:
    """Everything in the folder that looks like a key or a password, but for what tools and local runs put there."""
    ignored = [argument for name in NOT_OURS for argument in ("--skip-path", name)]
    _, _, found = _checkov("secrets", "--enable-secret-scan-all-files", "--directory", str(folder), *ignored)
    places = sorted((check["file_path"], check["file_line_range"][0], check["check_id"]) for check in found)
    return [f"secret: {path}:{line}: {check}" for path, line, check in places]


def main() -> None:
    accepted = skips()
    with tempfile.TemporaryDirectory() as folder:
        try:
            synthesize(Path(folder))
        except OperationError as error:
            sys.exit(str(error))
        scans = [scan(SynthesizedStack(folder=Path(folder) / "stacks" / name, variables={})) for name in NAMES]
    print("\n".join(told(scans, accepted)))
    lines = [*refused(scans, accepted), *secrets(ROOT)]
    if lines:
        sys.exit("\n".join(lines))
    passed = ", ".join(f"{scanned.environment} {scanned.passed}" for scanned in scans)
    print(f"policy: checks passed: {passed}; no other findings, no secrets")


if __name__ == "__main__":
    with printed("policy"):
        main()
