"""make rollback: production and previous change places, once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operations.rollback import taken_back
from settings.releases import FILE_NAME
from stacks.synthesized_stack import OperationError

ENDPOINT = "linear-learner"
GOOD, BAD = "breast-cancer-means", "breast-cancer-all-columns"


def test_production_and_previous_change_places() -> None:
    after, said = taken_back({"production": BAD, "previous": GOOD}, ENDPOINT)
    assert after == {"production": GOOD, "previous": BAD, "rolled_back": True}
    assert said == f"rolled back from {BAD} to {GOOD}, in releases.json"


def test_a_second_rollback_never_brings_the_bad_model_back() -> None:
    before, _ = taken_back({"production": BAD, "previous": GOOD}, ENDPOINT)
    after, said = taken_back(before, ENDPOINT)
    assert after == before
    assert said == f"rolled back already, from {BAD} to {GOOD}: nothing was changed"


def test_a_shadow_that_would_be_compared_with_itself_goes() -> None:
    after, _ = taken_back({"production": BAD, "previous": GOOD, "shadow": GOOD}, ENDPOINT)
    assert "shadow" not in after
    after, _ = taken_back({"production": BAD, "previous": GOOD, "shadow": "churn"}, ENDPOINT)
    assert after["shadow"] == "churn"


def test_what_forced_the_bad_model_in_goes_with_it() -> None:
    forced = {"reason": "hurry", "refused": ["it was too soon"]}
    after, _ = taken_back({"production": BAD, "previous": GOOD, "forced": forced}, ENDPOINT)
    assert "forced" not in after


@pytest.mark.parametrize("release", [{}, {"production": GOOD}])
def test_rejects_a_rollback_to_nothing(release: dict[str, Any]) -> None:
    with pytest.raises(OperationError, match=r"^linear-learner: releases.json names no previous model"):
        taken_back(release, ENDPOINT)


def rollback(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """With credentials that nobody takes, and no AWS to ask."""
    alone = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "operations.rollback", *arguments],
        cwd=project,
        env={**os.environ, **alone, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_asks_nobody_shows_the_change_and_commits_nothing(project: Path) -> None:
    file = project / FILE_NAME
    content = json.loads(file.read_text())
    content["environments"]["prod"][ENDPOINT] = {"production": BAD, "previous": GOOD}
    file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    first = rollback(project, "prod")
    assert (first.returncode, first.stderr) == (0, "")
    header, *lines = first.stdout.splitlines()
    assert header == "--- releases.json"
    assert f'+        "production": "{GOOD}",' in lines
    assert '+        "rolled_back": true' in lines
    assert lines[-3:-1] == [
        f"prod: {ENDPOINT}: rolled back from {BAD} to {GOOD}, in releases.json",
        "prod: next: make deploy ENV=prod, then make verify ENV=prod",
    ]
    after = file.read_bytes()
    second = rollback(project, "prod", LOCAL_AWS_ENVIRONMENT="dev")  # whichever environment the shell has sourced
    assert second.returncode == 0
    assert second.stdout.splitlines() == [
        f"prod: {ENDPOINT}: rolled back already, from {BAD} to {GOOD}: nothing was changed",
        "prod: where it is not deployed yet: make deploy ENV=prod, then make verify ENV=prod",
    ]
    assert file.read_bytes() == after


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["prdo"], {}, "environment 'prdo': must be one of dev, staging, prod (did you mean prod?)"),
        (
            ["prod", "--endpoint", "churn"],
            {},
            "prod: ENDPOINT: 'churn': must be one of linear-learner, of stacks/prod.py",
        ),
        (["prod"], {"DEPLOY": "yes"}, "prod: DEPLOY: 'yes': must be 1, or left out"),
        (["prod"], {}, "prod: linear-learner: releases.json names no previous model to go back to"),
    ],
)
def test_rejects_in_a_line(project: Path, arguments: list[str], variables: dict[str, str], said: str) -> None:
    before = (project / FILE_NAME).read_bytes()
    finished = rollback(project, *arguments, **variables)
    assert finished.returncode == 1
    assert finished.stderr.startswith(said)
    assert len(finished.stderr.splitlines()) == 1
    assert (project / FILE_NAME).read_bytes() == before
