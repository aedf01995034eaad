"""What make status finds out; that it reads what is deployed: tests/integration/test_serving.py."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.endpoint_status import Deployed, EndpointStatus, Live, Models, deployed, live, statuses, without_release
from operations.terraform_state import KeptResource, TerraformState
from settings.endpoint import ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.releases import ModelEntry, Release, ReleaseEntry
from settings.variant import VariantSettings
from tests.support.played import ACCOUNT, Answers, Played, raised, refusal
from tests.support.synthesis import environment

OLD: Models = {"production": "churn-00000001"}
NEW: Models = {"production": "churn-00000002"}
BOTH: Models = {"production": "churn-00000001", "shadow": "fraud-00000003"}
SINCE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def given(configuration: str, models: Models) -> Deployed:
    return Deployed(configuration=configuration, models=models, known={"a-1", configuration})


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
        (NEW, given("a-2", NEW), serving("by-hand", OLD), "drifted"),
        (NEW, given("a-2", NEW), serving("by-hand", NEW), "drifted"),
        (NEW, given("a-2", NEW), serving("a-2", OLD), "drifted"),
        (OLD, given("a-2", {}), serving("a-2", OLD), "not deployed yet"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "Updating"), "updating"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "RollingBack"), "updating"),
        (NEW, given("a-2", NEW), serving("a-2", NEW, "Failed"), "failed"),
        (NEW, given("a-2", NEW), serving("a-1", OLD, "UpdateRollbackFailed"), "failed"),
        (NEW, given("a-2", NEW), None, "gone"),
        (NEW, None, serving("a-2", NEW), "not in the state"),
    ],
)
def test_what_differs_has_a_name(released: Models, deployed: Deployed | None, live: Live | None, differs: str) -> None:
    found = EndpointStatus(endpoint="a", name="a", released=released, deployed=deployed, live=live)
    assert found.differs == differs


class Nothing:
    """A SageMaker without endpoints, a CloudWatch without alarms."""

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        return {}

    def describe_alarms(self, **_: object) -> dict[str, Any]:
        return {"MetricAlarms": []}


def test_an_endpoint_that_no_setting_names_any_more_is_told_until_it_is_gone() -> None:
    state = TerraformState(
        resources=[
            KeptResource(
                type="aws_sagemaker_endpoint", name="old", values={"name": "old", "endpoint_config_name": "old-1"}
            )
        ]
    )
    found = [*statuses(environment("dev"), {}, state, Nothing(), Nothing())]
    assert [(item.endpoint, item.name, item.differs) for item in found] == [
        ("linear-learner", "linear-learner", "not deployed yet"),
        (None, "old", "gone"),
    ]


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


def test_a_configuration_that_somebody_made_without_a_model_is_told_as_that() -> None:
    """As inference components need it: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html"""
    sagemaker: Answers = {
        "DescribeEndpoint": lambda **_: {
            "EndpointName": "churn",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:111111111111:endpoint/churn",
            "EndpointConfigName": "by-hand",
            "EndpointStatus": "InService",
            "CreationTime": SINCE,
            "LastModifiedTime": SINCE,
        },
        "DescribeEndpointConfig": lambda **_: {
            "EndpointConfigName": "by-hand",
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:111111111111:endpoint-config/by-hand",
            "ProductionVariants": [{"VariantName": "production"}],
            "CreationTime": SINCE,
        },
    }
    found = live(Played(sagemaker=sagemaker).client("sagemaker"), "churn")
    assert found is not None
    assert (found.models, found.artifacts) == ({"production": "no model"}, {})


ENTRY = {
    "image": {"repository": "sagemaker-scikit-learn", "tag": "1.2-1-cpu-py3"},
    "artifact": "training-output/job/output/model.tar.gz",
    "sha256": "0" * 64,
    "trained": {
        "environment": "dev",
        "model_package": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/ml-platform-dev-churn/3",
        "metric": {"name": "validation:accuracy", "value": 0.986014},
        "size": 2210,
    },
}


def test_the_json_has_what_a_promotion_decides_on() -> None:
    """Its form is what operations/promote.py, and others' programs, read."""
    catalogue = {"churn-dev-3": ModelEntry.model_validate(ENTRY)}
    name = catalogue["churn-dev-3"].released_name("churn-dev-3")
    url = f"s3://acme/models/{name}/{'0' * 64}.tar.gz"
    created = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    sagemaker: Answers = {
        "DescribeEndpoint": lambda **_: {
            "EndpointName": "churn",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:111111111111:endpoint/churn",
            "EndpointConfigName": "churn-1",
            "EndpointStatus": "InService",
            "CreationTime": created,
            "LastModifiedTime": SINCE,
        },
        "DescribeEndpointConfig": lambda **_: {
            "EndpointConfigName": "churn-1",
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:111111111111:endpoint-config/churn-1",
            "CreationTime": created,
            "ProductionVariants": [{"VariantName": "production", "ModelName": "new"}],
            "ShadowProductionVariants": [{"VariantName": "shadow", "ModelName": "deleted"}],
        },
        "DescribeModel": lambda ModelName: (  # noqa: N803 - AWS's name
            raised(refusal("ValidationException", "Could not find model"))
            if ModelName == "deleted"
            else {
                "ModelName": ModelName,
                "ModelArn": "arn:aws:sagemaker:us-east-1:111111111111:model/new",
                "CreationTime": created,
                "PrimaryContainer": {"ModelDataUrl": url},
            }
        ),
    }
    states = {"ml-platform-dev-churn-model-latency": "ALARM", "ml-platform-dev-churn-5xx-errors": "OK"}
    cloudwatch: Answers = {
        "DescribeAlarms": lambda AlarmNames: {  # noqa: N803
            "MetricAlarms": [{"AlarmName": name, "StateValue": states[name]} for name in AlarmNames if name in states]
        }
    }
    played = Played(sagemaker=sagemaker, cloudwatch=cloudwatch)
    settings = [ShadowedEndpointSettings(name="churn", production=VariantSettings(), shadow=VariantSettings())]
    entry = ReleaseEntry(production="churn-dev-3", previous="churn-dev-2", rolled_back=True)
    [found] = statuses(
        environment("dev", endpoints=settings, release=Release()),
        {"churn": entry},
        TerraformState(),
        played.client("sagemaker"),
        played.client("cloudwatch"),
    )
    assert found.as_json(catalogue) == {
        "endpoint": "churn",
        "name": "churn",
        "status": "InService",
        "since": "2026-11-24T12:00:00+00:00",
        "configuration": "churn-1",
        "configuration_created": "2026-11-24T11:00:00+00:00",
        "serves": {
            "production": {
                "model": "churn-dev-3",
                "released_name": name,
                "version": 3,
                "metric": {"name": "validation:accuracy", "value": 0.986014},
                "artifact": url,
            },
            "shadow": {"model": None, "released_name": "deleted", "version": None, "metric": None, "artifact": None},
        },
        "releases": {
            "production": "churn-dev-3",
            "shadow": None,
            "previous": "churn-dev-2",
            "rolled_back": True,
            "forced": None,
        },
        "deployed": None,
        "alarms": [
            {"name": "ml-platform-dev-churn-5xx-errors", "state": "OK"},
            {"name": "ml-platform-dev-churn-model-latency", "state": "ALARM"},
        ],
        "differs": "not in the state",
    }
    [(_, asked)] = [item for item in played.asked if item[0] == "cloudwatch.DescribeAlarms"]
    assert len(asked["AlarmNames"]) == 4, "those on its shadow too"
