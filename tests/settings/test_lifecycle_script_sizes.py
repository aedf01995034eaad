"""That Terraform writes as many bytes as are counted: tests/constructs/notebook/test_lifecycle_script.py."""

from typing import Any

import pytest

from settings.lifecycle_script_sizes import MAX_BYTES, size_problems
from settings.lifecycle_scripts import LifecycleScripts
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from settings.studio import StudioSettings
from tests.support.synthesis import environment


def problems(script: bytes, **settings: Any) -> list[str]:
    of = environment("staging", **{"notebook": NotebookSettings(), **settings}).settings
    return [str(problem) for problem in size_problems(LifecycleScripts(notebook=script, studio=b""), {"staging": of})]


@pytest.mark.parametrize(("size", "sound"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_rejects_a_script_larger_than_sagemaker_takes(size: int, sound: bool) -> None:
    assert (problems(b"#!/bin/bash\n".ljust(size, b"#")) == []) is sound


def test_what_is_told_counts_towards_the_limit() -> None:
    """`<DATA_BUCKET>` counts with ten characters more, as Terraform writes `<` and `>` as six each."""
    script = b"#!/bin/bash\n@SETTINGS@\n".ljust(MAX_BYTES, b"#")

    def size(**settings: object) -> int:
        [line] = problems(script, **settings)
        assert line.startswith("staging: notebook_delivery: lifecycle_scripts/on_start.sh: ")
        return int(line.split(": ")[3].split()[0])

    least = size(notebook_delivery=NotebookDeliverySettings(placeholders=[]))
    bucket = len("ml-platform-staging-sagemaker-000000000000-us-east-1")
    named = size(notebook_delivery=NotebookDeliverySettings(placeholders=["<B>"]))
    assert named - least == len('"<B>":"",') + 10 + bucket
    alone = size(network=None)
    two = size(network=NewNetworkSettings())
    assert two - alone == len(f"subnet-{'0' * 17},") * 2 - 1 + len(f"sg-{'0' * 17},") * 2 - 1
    existing = ExistingNetworkSettings(subnet_ids=["subnet-01234567"], security_group_ids=["sg-01234567"])
    assert size(network=existing) - alone == len("subnet-01234567" + "sg-01234567")


def test_an_environment_without_a_notebook_runs_no_script() -> None:
    assert problems(b"#" * (MAX_BYTES + 1), notebook=None) == []


@pytest.mark.parametrize(("size", "sound"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_rejects_a_script_larger_than_studio_takes(size: int, sound: bool) -> None:
    of = environment("staging", studio=StudioSettings(user_profiles=["ann"])).settings
    scripts = LifecycleScripts(notebook=b"#" * (MAX_BYTES + 1), studio=b"#!/bin/bash\n".ljust(size, b"#"))
    found = [str(problem) for problem in size_problems(scripts, {"staging": of})]
    assert (found == []) is sound
    assert sound or found[0].startswith("staging: notebook_delivery: lifecycle_scripts/on_studio_start.sh: 12289 bytes")
