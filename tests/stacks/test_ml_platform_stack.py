import json
from typing import Any

import pytest

from settings.endpoint import ProvisionedEndpointSettings
from settings.releases import Release, ReleasedModel
from settings.variant import VariantSettings
from stacks.environments import ROOT
from tests.support.synthesis import environment, synthesized_platform

FIRST, SECOND = (
    ReleasedModel(
        name=f"{name}-00000000",
        image_repository="sagemaker-scikit-learn",
        image_tag="1.2-1-cpu-py3",
        artifact=ROOT / f"models/breast-cancer-{name}.tar.gz",
    )
    for name in ("means", "all-columns")
)
NAMED_BY = ("name", "bucket", "pipeline_name", "model_package_group_name")


def test_addresses_are_construct_ids_without_hashes() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    assert list(resources["aws_s3_bucket"]) == ["data_bucket"]
    assert list(resources["aws_iam_role"]) == ["hosting_role", "notebook_role", "pipeline_role", "training_role"]
    assert list(resources["aws_sagemaker_endpoint"]) == ["linear_learner"]
    assert set(resources["aws_s3_object"]) >= {"data_bucket_training_data", "notebook_PythonCheatSheet"}


def test_an_endpoint_whose_name_begins_with_a_digit_has_an_address_that_terraform_takes() -> None:
    endpoints = [ProvisionedEndpointSettings(name="2nd-try", production=VariantSettings())]
    platform = synthesized_platform(environment("dev", endpoints=endpoints, release=Release(production=FIRST)))
    assert list(platform["resource"]["aws_sagemaker_endpoint"]) == ["_2nd_try"]
    assert platform["output"]["endpoint_name_2nd_try"]


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_outputs_name_what_a_user_needs(name: str) -> None:
    outputs = set(synthesized_platform(environment(name))["output"])
    expected = {"alarm_topic_arn", "bucket_name", "dashboard_url", "key_arn", "log_group_names", "training_role_arn"}
    expected |= {"endpoint_name_linear_learner", "endpoint_configuration_name_linear_learner", "pipeline_names"}
    of_network = {"security_group_ids", "subnet_ids", "training_security_group_ids"}
    own = {"notebook_name", "notebook_url"} if name == "dev" else of_network
    assert outputs == expected | own


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_environment_is_tagged_by_the_provider(name: str) -> None:
    [provider] = synthesized_platform(environment(name))["provider"]["aws"]
    assert provider["default_tags"] == [{"tags": {"Project": "ml-platform", "Environment": name, "Owner": "ml-team"}}]


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_no_resource_escapes_the_providers_tags(name: str) -> None:
    """default_tags reach every taggable resource of the provider, unless one names another provider."""
    platform = synthesized_platform(environment(name))
    assert len(platform["provider"]["aws"]) == 1
    for of_type in platform["resource"].values():
        assert not [address for address, resource in of_type.items() if "provider" in resource]


def test_a_given_account_is_the_only_one_allowed() -> None:
    [provider] = synthesized_platform(environment("prod", account_id="123456789012"))["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["123456789012"]


def test_without_an_account_any_is_allowed() -> None:
    [provider] = synthesized_platform(environment("prod"))["provider"]["aws"]
    assert "allowed_account_ids" not in provider


def test_an_environment_without_a_release_has_everything_but_the_endpoint() -> None:
    platform = synthesized_platform(environment("prod", release=Release()))
    what_trains = {"aws_sagemaker_model_package_group", "aws_sagemaker_pipeline"}
    assert {kind for kind in platform["resource"] if kind.startswith("aws_sagemaker_")} == what_trains
    assert "/aws/sagemaker/Endpoints/linear-learner" in [
        group["name"] for group in platform["resource"]["aws_cloudwatch_log_group"].values()
    ]
    assert not [name for name in platform["output"] if name.startswith("endpoint")]


def serving(release: Release, name: str = "staging") -> dict[str, Any]:
    resources: dict[str, Any] = synthesized_platform(environment(name, release=release))["resource"]
    return resources


def test_switching_the_release_replaces_the_model_and_keeps_the_endpoints_address() -> None:
    before, after = serving(Release(production=FIRST)), serving(Release(production=SECOND))
    assert set(before["aws_sagemaker_model"]).isdisjoint(after["aws_sagemaker_model"])
    assert before["aws_sagemaker_endpoint"] == after["aws_sagemaker_endpoint"]


def test_switching_back_gives_the_same_stack_as_before() -> None:
    assert serving(Release(production=FIRST)) == serving(Release(production=FIRST))


def test_promoting_the_shadow_keeps_its_model_and_adds_none() -> None:
    before = serving(Release(production=FIRST, shadow=SECOND))
    after = serving(Release(production=SECOND))
    assert set(after["aws_sagemaker_model"]) < set(before["aws_sagemaker_model"])


def test_one_model_may_be_production_and_shadow_on_other_instances() -> None:
    resources = serving(Release(production=FIRST, shadow=FIRST))
    assert len(resources["aws_sagemaker_model"]) == 1
    [configuration] = resources["aws_sagemaker_endpoint_configuration"].values()
    assert (
        configuration["production_variants"][0]["model_name"]
        == configuration["shadow_production_variants"][0]["model_name"]
    )


def test_three_environments_that_share_an_account_name_nothing_twice() -> None:
    names: list[tuple[str, str]] = []
    for name in ("dev", "staging", "prod"):
        committed = environment(name)
        logs = committed.settings.logs.model_copy(update={"owns_account_wide": name == "dev"})
        resources = synthesized_platform(environment(name, shares_account=True, logs=logs))["resource"]
        names += [
            (resource_type, next(resource[key] for key in NAMED_BY if key in resource))
            for resource_type in resources
            for resource in resources[resource_type].values()
            # The rest refers to one of these, or has a generated name.
            if resource_type in ("aws_cloudwatch_log_group", "aws_iam_role", "aws_s3_bucket")
            or (resource_type.startswith("aws_sagemaker") and {*NAMED_BY} & {*resource})
        ]
    assert len(names) > 15
    assert sorted(names) == sorted(set(names))


def test_without_a_state_bucket_the_state_is_a_file_in_the_projects_root() -> None:
    backend = synthesized_platform(environment("dev"))["terraform"]["backend"]
    assert backend == {"local": {"path": "../../../terraform.dev.tfstate"}}


def test_with_a_state_bucket_the_state_is_encrypted_and_locked_there() -> None:
    backend = synthesized_platform(environment("prod", state_bucket="acme-terraform-state"))["terraform"]["backend"]
    assert backend == {
        "s3": {
            "bucket": "acme-terraform-state",
            "key": "ml-platform/prod/terraform.tfstate",
            "region": "us-east-1",
            "encrypt": True,
            "use_lockfile": True,
        }
    }


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_no_path_of_this_machine_is_in_the_json(name: str) -> None:
    assert str(ROOT) not in json.dumps(synthesized_platform(environment(name)))
