"""100 endpoints in one environment: Terraform makes and destroys them on the local AWS, which refuses what AWS refuses
for its size.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.trials.lab import lab
from tests.support.project import copy_project

COUNT = 100
NAMES = [f"endpoint-{number:03}".ljust(36, "x") for number in range(COUNT)]
DEV = f"""
from settings.bucket import BucketSettings
from settings.endpoint import ProvisionedEndpointSettings, ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.network import NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.variant import VariantSettings

SETTINGS = EnvironmentSettings(
    name="dev", region="us-east-1", protected=False, bucket=BucketSettings(force_destroy=True), rollback_guard=False,
    network=NewNetworkSettings(), notebook=NotebookSettings(),
    endpoints=[
        ServerlessEndpointSettings(name=name) if number % 3 else
        ProvisionedEndpointSettings(name=name, production=VariantSettings())
        for number, name in enumerate({NAMES})
    ],
)
"""
Found = dict[str, Any]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("many")
    project = copy_project(folder / "project")
    (project / "stacks/dev.py").write_text(DEV)
    path = project / "releases.json"
    releases = json.loads(path.read_text())
    releases["environments"]["dev"] = {name: {"production": "breast-cancer-means"} for name in NAMES}
    path.write_text(json.dumps(releases))
    found: Found = {}
    with lab(Path(folder), project=project) as made:
        finished = made.applied()
        sagemaker, iam = made.client("sagemaker"), made.client("iam")
        pages = sagemaker.get_paginator("list_endpoints").paginate()
        found["serving"] = [item["EndpointStatus"] for page in pages for item in page["Endpoints"]]
        found["seconds"] = finished.seconds
        found["policies"] = {
            role: len(iam.list_attached_role_policies(RoleName=f"ml-platform-dev-sagemaker-{role}")["AttachedPolicies"])
            for role in ("notebook", "hosting")
        }
        found["told"] = made.server.ask("/strict")
        made.destroyed("-refresh=false")  # a third of the time
    return found


def test_a_hundred_endpoints_are_deployed_and_destroyed(found: Found) -> None:
    assert found["serving"] == ["InService"] * COUNT


def test_their_roles_have_as_many_policies_as_that_takes(found: Found) -> None:
    assert all(1 <= count < 10 for count in found["policies"].values()), found["policies"]


def test_nothing_that_grows_with_them_is_refused_for_its_size(found: Found) -> None:
    assert found["told"]["refused"] == []
    assert found["told"]["not_held"] == {}
