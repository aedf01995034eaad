"""What make status says; that it reads what is deployed: tests/integration/test_serving.py."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.status import Deployed, EndpointStatus, Live, Models, deployed, status, table, without_release
from operations.terraform_state import KeptResource, TerraformState
from settings.endpoint import ServerlessEndpointSettings
from settings.releases import Release
from tests.support.synthesis import environment

OLD: Models = {"production": "churn-00000001"}
NEW: Models = {"production": "churn-00000002"}
BOTH: Models = {"production": "churn-00000001", "shadow": "fraud-00000003"}
SINCE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def given(configuration: str, models: Models) -> Deployed:
    return Deployed(configuration=configuration, models=models)


def serving(configuration: str, models: Models, status: str = "InService") -> Live:
    return Live(configuration=configuration, models=models, status=status, since=SINCE)


@pytest.mark.parametrize(
    ("released", "deployed", "live", "differs"),
    [
        (OLD, given("a-1", OLD), serving("a-1", OLD), ""),
        (BOTH, given("a-1", BOTH), serving("a-1", BOTH), ""),
        ({}, None, None, "no release"),
        (OLD, None, None, "not deployed yet"),
        (NEW, given("a-1", OLD), serving("a-1", OLD), "not deployed yet"),
        (BOTH, given("a-1", OLD), serving("a-1", OLD), "not deployed yet"),
        ({}, given("a-1", OLD), serving("a-1", OLD), "to be removed"),
        (NEW, given("a-2", NEW), serving("a-1", OLD), "rolled back"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "Updating"), "updating"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "RollingBack"), "updating"),
        (NEW, given("a-2", NEW), serving("a-2", NEW, "Failed"), "failed"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "UpdateRollbackFailed"), "failed"),
        (NEW, given("a-2", NEW), None, "gone"),
        (NEW, None, serving("a-2", NEW), "not in the state"),
    ],
)
def test_what_differs_has_a_name(released: Models, deployed: Deployed | None, live: Live | None, differs: str) -> None:
    assert EndpointStatus(name="a", released=released, deployed=deployed, live=live).differs == differs


def test_a_table_has_a_row_an_endpoint_with_the_catalogues_names() -> None:
    first = EndpointStatus(name="a", released=BOTH, deployed=given("a-1", BOTH), live=serving("a-1", BOTH))
    second = EndpointStatus(name="a-longer-one", released={}, deployed=None, live=None)
    header, *rows = table([first, second])
    assert rows[0].split("  ")[0] == "a"
    assert rows[0].count("churn, shadow fraud") == 3
    assert rows[1].split() == ["a-longer-one", *"-----", "no", "release"]
    assert {row.index("-  ") for row in rows[1:]} == {header.index("releases.json")}
    assert len([*table([])]) == 1


class Nothing:
    """A SageMaker without endpoints."""

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        return {}


def test_an_endpoint_that_no_setting_names_any_more_is_told_until_it_is_gone() -> None:
    state = TerraformState(
        resources=[
            KeptResource(
                type="aws_sagemaker_endpoint", name="old", values={"name": "old", "endpoint_config_name": "old-1"}
            )
        ]
    )
    found = status(environment("dev"), state, Nothing())
    assert [(item.name, item.differs) for item in found] == [("linear-learner", "not deployed yet"), ("old", "gone")]


@pytest.mark.parametrize("release", [None, Release()])
def test_an_endpoint_without_a_release_is_told_with_where_to_name_one(release: Release | None) -> None:
    of = environment("dev", shares_account=True, endpoints=[ServerlessEndpointSettings(name="churn")])
    [said] = without_release(replace(of, releases={} if release is None else {"churn": release}))
    assert said.startswith("endpoint churn-dev: no release: releases.json names no production model for it in dev")
    assert without_release(environment("dev")) == []


def test_what_was_deployed_is_what_an_update_that_was_rolled_back_was_given() -> None:
    def configuration(name: str, model: str, *, deposed: bool) -> KeptResource:
        values = {"name": name, "production_variants": [{"variant_name": "production", "model_name": model}]}
        return KeptResource(
            type="aws_sagemaker_endpoint_configuration", name="a_configuration", values=values, deposed=deposed
        )

    def model(name: str, artifact: str) -> KeptResource:
        container = {"model_data_url": f"s3://acme/models/{artifact}/model.tar.gz"}
        return KeptResource(
            type="aws_sagemaker_model", name=name, values={"name": name, "primary_container": [container]}
        )

    state = TerraformState(
        resources=[
            KeptResource(type="aws_sagemaker_endpoint", name="a", values={"name": "a", "endpoint_config_name": "a-1"}),
            configuration("a-1", "old", deposed=True),
            configuration("a-2", "new", deposed=False),
            model("old", OLD["production"]),
            model("new", NEW["production"]),
        ]
    )
    assert deployed(state) == {"a": given("a-2", NEW)}
