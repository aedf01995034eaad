"""The committed Terraform JSON of the three environments: a change of theirs is read in review.

`make snapshots` rewrites them after a wanted change. CDKTF's comments (the key "//") are left out.
"""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from stacks.environments import NAMES
from tests.support.synthesis import environment, synthesized_platform


class EnvironmentSnapshot(JSONSnapshotExtension):
    """tests/snapshots/<environment>.json"""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(Path(test_location.filepath).parent / "snapshots")

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:  # noqa: ARG003
        return str(index)


@pytest.mark.parametrize("name", NAMES)
def test_the_json_is_what_was_reviewed(name: str, snapshot: SnapshotAssertion) -> None:
    platform = synthesized_platform(environment(name))
    for dashboard in platform["resource"]["aws_cloudwatch_dashboard"].values():
        dashboard["dashboard_body"] = json.loads(dashboard["dashboard_body"])  # to be read in lines
    assert json.loads(json.dumps(platform)) == snapshot(name=name, extension_class=EnvironmentSnapshot)
