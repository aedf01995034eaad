"""The policy gate: checkov on the synthesized JSON of the three stacks, and a search for secrets.

`make policy` runs `python -m policy.gate`; the tests scan the plans too, and lint the IAM policies.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from stacks.environments import NAMES, ROOT
from stacks.synthesized_stack import synthesize

FOLDER = Path(__file__).resolve().parent
BIN = FOLDER / ".venv/bin"
# checkov exits with 0 where it could not read the JSON and found nothing: https://github.com/bridgecrewio/checkov/issues/7454
# The smallest environment passes 114 checks as JSON and 82 as a plan.
PASSED_FLOOR = 75
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


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A finding that is accepted: for these resources of these environments, for that reason."""

    check: str
    environments: Sequence[str]
    resources: Sequence[str]
    reason: str

    def covers(self, environment: str, finding: tuple[str, str]) -> bool:
        check, resource = finding
        named = any(fnmatchcase(resource, pattern) for pattern in self.resources)
        return check == self.check and environment in self.environments and named


@dataclass(frozen=True, kw_only=True)
class Scan:
    passed: int
    parsing_errors: int
    failed: frozenset[tuple[str, str]]  # check; last part of the resource's address, or a secret's file and line


def skips() -> list[Skip]:
    with (FOLDER / "skips.toml").open("rb") as file:
        return [Skip(**entry) for entry in tomllib.load(file)["skip"]]


def scan(framework: str, *arguments: str) -> Scan:
    """`framework` is one of checkov's: terraform_json, terraform_plan, secrets."""
    finished = subprocess.run(
        [
            BIN / "checkov",
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
    return Scan(
        passed=sum(summary["passed"] for summary in summaries),
        parsing_errors=sum(summary["parsing_errors"] for summary in summaries),
        failed=frozenset(
            (check["check_id"], _place(framework, check))
            for report in reports
            for check in report.get("results", {}).get("failed_checks", [])
        ),
    )


def _place(framework: str, check: dict[str, Any]) -> str:
    if framework == "secrets":
        return f"{check['file_path']}:{check['file_line_range'][0]}"
    return str(check["resource"]).rpartition(".")[2]


def findings(environment: str, scanned: Scan, accepted: Iterable[Skip], *, floor: int = PASSED_FLOOR) -> list[str]:
    """A line for each finding that no skip covers, and for a scan that saw too little to be one."""
    lines = [
        f"{environment}: {check}: {resource}"
        for check, resource in sorted(scanned.failed)
        if not any(skip.covers(environment, (check, resource)) for skip in accepted)
    ]
    if scanned.parsing_errors or scanned.passed < floor:
        lines.append(
            f"{environment}: {scanned.passed} checks passed with {scanned.parsing_errors} parsing errors: "
            f"must be at least {floor} without any"
        )
    return lines


def needless(scans: dict[str, Scan], accepted: Iterable[Skip]) -> list[str]:
    """Skips that cover nothing any more."""
    return [
        f"policy/skips.toml: {skip.check}: {environment}: nothing to skip"
        for skip in accepted
        for environment in skip.environments
        if not any(skip.covers(environment, finding) for finding in scans[environment].failed)
    ]


def secrets(folder: Path) -> list[str]:
    """Everything in the folder that looks like a key or a password, but for what tools and local runs put there."""
    ignored = [argument for name in NOT_OURS for argument in ("--skip-path", name)]
    found = scan("secrets", "--enable-secret-scan-all-files", "--directory", str(folder), *ignored)
    return [f"secret: {place}: {check}" for check, place in sorted(found.failed)]


def main() -> None:
    accepted = skips()
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder))
        scans = {name: scan("terraform_json", "--directory", f"{folder}/stacks/{name}") for name in NAMES}
    lines = [line for name, scanned in scans.items() for line in findings(name, scanned, accepted)]
    lines += needless(scans, accepted) + secrets(ROOT)
    if lines:
        sys.exit("\n".join(lines))
    passed = ", ".join(f"{name} {scanned.passed}" for name, scanned in scans.items())
    print(f"policy: checks passed: {passed}; none failed but those of policy/skips.toml; no secrets")


if __name__ == "__main__":
    main()
