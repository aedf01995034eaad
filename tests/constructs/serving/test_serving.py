"""Several endpoints in one environment, and moves between instances and serverless."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from cdktf import TerraformStack

from constructs.monitoring.log_groups import LogGroups
from constructs.serving.serving import Serving
from settings.endpoint import (
    EndpointSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    ShadowedEndpointSettings,
)
from settings.logs import LogSettings
from settings.releases import Release, ReleasedModel
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def test_serving_alone_has_an_endpoint_for_each_release_and_one_role(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").touch()
    model = ReleasedModel(
        name="churn-00000000", image_repository="kmeans", image_tag="1", artifact=tmp_path / "model.tar.gz"
    )
    endpoints = [ServerlessEndpointSettings(name=name).checked() for name in ("churn", "waiting")]

    def build(stack: TerraformStack) -> None:
        names = parts.names(endpoints=endpoints)
        serving = Serving(
            stack,
            "(serving)",
            account=parts.account(stack),
            names=names,
            limit_trust_to_account=True,
            endpoints=endpoints,
            releases={"churn": Release(production=model)},
            image_repositories=["kmeans"],
            bucket=parts.bucket(stack),
            key_arn=None,
            placement=None,
            log_groups=LogGroups(
                stack,
                "log_groups",
                names=names,
                logs=LogSettings().checked(),
                has_studio=False,
                storage=parts.LOG_STORAGE,
            ).of_endpoints,
            topic_arn="arn:topic",
            verify_script=None,
            wait_script=None,
        )
        assert [item.name for item in serving.served] == ["churn"]
        assert serving.outputs.keys() == {"endpoint_name_churn", "endpoint_configuration_name_churn"}

    resources = synthesized(build)
    assert only(resources, "aws_sagemaker_endpoint")["name"] == "churn"
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-sagemaker-hosting"
    assert only(resources, "aws_sagemaker_model")["enable_network_isolation"] is False


# Documents that name every endpoint.
SHARED = {
    "aws_cloudwatch_dashboard.dashboard",
    "data.aws_iam_policy_document.hosting_role_policy_document",
    "data.aws_iam_policy_document.notebook_role_policy_document",
}


def platform(name: str, *endpoints: EndpointSettings) -> dict[str, Any]:
    """Every endpoint serves what the first one does."""
    of = environment(name, endpoints=endpoints)
    [release] = of.releases.values()
    return synthesized_platform(replace(of, releases={item.name: release for item in of.settings.endpoints}))


def elements(platform: dict[str, Any]) -> dict[str, Any]:
    found = {
        f"{prefix}{kind}.{name}": element
        for block, prefix in (("resource", ""), ("data", "data."))
        for kind, of_kind in platform[block].items()
        for name, element in of_kind.items()
    }
    return found | {f"output.{name}": output for name, output in platform["output"].items()}


FIRST = ProvisionedEndpointSettings(production=VariantSettings())
SECOND = ProvisionedEndpointSettings(name="second", production=VariantSettings())
SERVERLESS = ServerlessEndpointSettings(name="on-demand")


def test_one_more_endpoint_adds_only_its_own_resources() -> None:
    before, after = elements(platform("dev", FIRST)), elements(platform("dev", FIRST, SECOND))
    assert before.keys() < after.keys()
    assert {name for name, element in before.items() if after[name] != element} == SHARED | {"output.log_group_names"}
    added = after.keys() - before.keys()
    assert added == {
        "aws_cloudwatch_log_group.log_groups_Endpoints_second",
        "aws_cloudwatch_metric_alarm.second_alarms_errors",
        "aws_cloudwatch_metric_alarm.second_alarms_latency",
        "aws_cloudwatch_metric_alarm.second_rollback_alarms_errors",
        "aws_cloudwatch_metric_alarm.second_rollback_alarms_latency",
        "aws_sagemaker_endpoint.second",
        "aws_sagemaker_endpoint_configuration.second_configuration",
        "terraform_data.second_configuration_update",
        "terraform_data.second_hosting",
        "terraform_data.second_rollback_guard",
        "terraform_data.second_rollback_guard_passed",
        "output.endpoint_configuration_name_second",
        "output.endpoint_name_second",
    }


def test_what_the_documents_shared_by_all_endpoints_gain_is_the_new_endpoints_name() -> None:
    before, after = elements(platform("dev", FIRST)), elements(platform("dev", FIRST, SECOND))
    for name in SHARED - {"aws_cloudwatch_dashboard.dashboard"}:
        old, new = strings(before[name]), strings(after[name])
        assert set(old) < set(new)
        assert all("second" in text for text in set(new) - set(old))


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    return [text for item in value for text in strings(item)] if isinstance(value, list) else [json.dumps(value)]


def test_two_endpoints_serve_one_model_of_one_artifact() -> None:
    found = platform("dev", FIRST, SECOND)["resource"]
    assert len(found["aws_sagemaker_model"]) == 1
    assert len([name for name in found["aws_s3_object"] if name.startswith("artifact_")]) == 1


def test_a_model_on_instances_and_serverless_is_two_models_of_one_artifact() -> None:
    found = platform("staging", FIRST, SERVERLESS)["resource"]
    isolation = {
        model["enable_network_isolation"]: "vpc_config" in model for model in found["aws_sagemaker_model"].values()
    }
    assert isolation == {True: True, False: False}
    assert len({model["name"] for model in found["aws_sagemaker_model"].values()}) == 2
    assert len([name for name in found["aws_s3_object"] if name.startswith("artifact_")]) == 1


def test_an_endpoint_without_a_release_waits_with_its_log_group() -> None:
    of = environment("dev", endpoints=[FIRST, SECOND])
    found = synthesized_platform(of)
    assert list(found["resource"]["aws_sagemaker_endpoint"]) == ["linear_learner"]
    assert "log_groups_Endpoints_second" in found["resource"]["aws_cloudwatch_log_group"]


# What the stack, its outputs and other endpoints' parts are called.
AWKWARD = (
    *("account", "alarm-topic", "artifact", "aws", "backend", "bucket-name", "dashboard", "data-bucket", "default"),
    *(
        "encryption-key",
        "endpoints",
        "flow-log",
        "hosting-role",
        "key-arn",
        "log-groups",
        "model",
        "network",
        "notebook",
    ),
    *("notebook-role", "partition", "serving", "subnet-ids", "training-role", "x", "x-alarms", "x-configuration"),
    *("x-hosting", "x-production-scaling", "x-rollback-guard", "x--shadow", "endpoint-name-x", "2nd"),
)


def test_endpoints_may_be_called_as_anything_else_in_the_stack() -> None:
    endpoints = [ProvisionedEndpointSettings(name=name, production=VariantSettings()) for name in AWKWARD]
    found = platform("staging", *endpoints)
    assert {item["name"] for item in found["resource"]["aws_sagemaker_endpoint"].values()} == set(AWKWARD)
    assert len([name for name in found["output"] if name.startswith("endpoint_name_")]) == len(AWKWARD)


def names(endpoint: EndpointSettings, name: str = "dev") -> set[str]:
    found = platform(name, endpoint)["resource"]
    return {item["name"] for item in found["aws_sagemaker_endpoint"].values()}


def test_the_name_carries_the_hosting_where_it_is_said_and_the_address_stays() -> None:
    moved = ServerlessEndpointSettings(name_carries_hosting=True)
    assert names(moved) == {"linear-learner-serverless"}
    assert list(platform("dev", moved)["resource"]["aws_sagemaker_endpoint"]) == ["linear_learner"]
    back = ProvisionedEndpointSettings(name_carries_hosting=True, production=VariantSettings())
    assert names(back) == {"linear-learner-provisioned"}


def test_an_endpoint_with_room_for_a_shadow_is_provisioned_like_any_other() -> None:
    shadowed = ShadowedEndpointSettings(
        production=VariantSettings(), shadow=VariantSettings(), name_carries_hosting=True
    )
    assert names(shadowed, "staging") == {"linear-learner-provisioned"}


def test_the_log_group_and_the_notebooks_policy_follow_the_endpoints_name() -> None:
    found = platform("dev", ServerlessEndpointSettings(name_carries_hosting=True))
    groups = {group["name"] for group in found["resource"]["aws_cloudwatch_log_group"].values()}
    assert "/aws/sagemaker/Endpoints/linear-learner-serverless" in groups
    document = json.dumps(found["data"]["aws_iam_policy_document"]["notebook_role_policy_document"])
    assert "endpoint/linear-learner-serverless" in document
