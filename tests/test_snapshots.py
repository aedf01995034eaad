"""What is generated from the values of the project, those of a person too: a change of theirs is read in review.

The Terraform JSON of each environment (CDKTF's comments, the key "//", left out), and the generated parts of
docs/first-deploy.md. `make snapshots` rewrites them all after a wanted change.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from tests.support.project import CHECKOUT, CHECKOUT_NAMES
from tests.support.synthesis import without_comments

SNAPSHOTS = CHECKOUT / "tests/snapshots"
STALE = "not what is committed: after a wanted change, make snapshots"


class EnvironmentSnapshot(JSONSnapshotExtension):
    """tests/snapshots/<environment>.json"""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:  # noqa: ARG003
        return str(SNAPSHOTS)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:  # noqa: ARG003
        return str(index)


def run(*arguments: str, **variables: str) -> str:
    """In the checkout, with the values that are written there."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cdktf.out")
    run("main.py", CDKTF_OUTDIR=str(folder))
    return folder


@pytest.mark.parametrize("name", CHECKOUT_NAMES)
def test_the_json_is_what_was_reviewed(name: str, synthesized: Path, snapshot: SnapshotAssertion) -> None:
    platform = without_comments(json.loads((synthesized / f"stacks/{name}/cdk.tf.json").read_text()))
    for dashboard in platform["resource"]["aws_cloudwatch_dashboard"].values():
        dashboard["dashboard_body"] = json.loads(dashboard["dashboard_body"])  # to be read in lines
    assert platform == snapshot(name=name, extension_class=EnvironmentSnapshot), STALE


def test_no_snapshot_is_of_an_environment_that_is_gone(pytestconfig: pytest.Config) -> None:
    """Syrupy would not notice, as the folder is not called as it expects."""
    gone = [path for path in SNAPSHOTS.iterdir() if path.stem not in CHECKOUT_NAMES]
    if pytestconfig.option.update_snapshots:
        for path in gone:
            path.unlink()
    else:
        assert gone == [], STALE


def test_the_generated_parts_of_the_page_of_the_first_deploy_are_what_was_reviewed() -> None:
    generated = run("-c", "from pages import first_deploy_page as page; print(page.written(), end='')")
    assert generated == (CHECKOUT / "docs/first-deploy.md").read_text(), STALE
