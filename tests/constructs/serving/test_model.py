from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_model import SagemakerModel

from constructs.serving.model import Model
from settings.releases import Release, ReleasedModel
from stacks.environments import ROOT
from tests.support.parts import PLACEMENT
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def model(stack: TerraformStack, **changes: Any) -> Model:
    values: dict[str, Any] = {
        "name_prefix": "acme-first-",
        "revision": "00000000",
        "model": ReleasedModel(
            name="first-00000000",
            image_repository="linear-learner",
            image_tag="1",
            artifact=Path("model.tar.gz"),
            environment={"KEY": "value"},
        ),
        "model_data_url": "s3://acme/models/first/model.tar.gz",
        "role_arn": "arn:aws:iam::111111111111:role/lab",
        "network_isolation": True,
        "placement": None,
        "depends_on": [],
    }
    return Model(stack, "model_first", **values | changes)


def test_the_container_is_the_artifact_in_the_image_of_the_region() -> None:
    container = only(synthesized(model), SagemakerModel.TF_RESOURCE_TYPE)["primary_container"]
    assert container["model_data_url"] == "s3://acme/models/first/model.tar.gz"
    assert container["environment"] == {"KEY": "value"}
    assert container["image"].startswith("${data.aws_sagemaker_prebuilt_ecr_image.")
    assert container["image"].endswith(".registry_path}")


@pytest.mark.parametrize("isolated", [True, False])
def test_network_isolation_is_as_given(isolated: bool) -> None:
    resources = synthesized(lambda stack: model(stack, network_isolation=isolated))
    assert only(resources, SagemakerModel.TF_RESOURCE_TYPE)["enable_network_isolation"] is isolated


@pytest.mark.parametrize(("name", "isolated"), [("dev", True), ("staging", True), ("prod", False)])
def test_models_are_isolated_except_behind_a_serverless_endpoint_which_cannot(name: str, isolated: bool) -> None:
    models = synthesized_platform(environment(name))["resource"][SagemakerModel.TF_RESOURCE_TYPE].values()
    assert {item["enable_network_isolation"] for item in models} == {isolated}


def test_a_model_is_in_the_network_it_is_given() -> None:
    resources = synthesized(lambda stack: model(stack, placement=PLACEMENT))
    found = only(resources, SagemakerModel.TF_RESOURCE_TYPE)
    assert found["vpc_config"] == {"subnets": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
    assert "vpc_config" not in only(synthesized(model), SagemakerModel.TF_RESOURCE_TYPE)


def test_models_behind_stagings_endpoint_are_in_the_vpc_and_prods_serverless_ones_are_not() -> None:
    inside, outside = (
        synthesized_platform(environment(name))["resource"][SagemakerModel.TF_RESOURCE_TYPE].values()
        for name in ("staging", "prod")
    )
    for item in inside:
        assert item["vpc_config"]["subnets"] == [
            "${aws_subnet.network_private_a.id}",
            "${aws_subnet.network_private_b.id}",
        ]
    assert not [item for item in outside if "vpc_config" in item]


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "11111111"},
        {"role_arn": "arn:aws:iam::111111111111:role/other"},
        {"network_isolation": False},
        {"placement": replace(PLACEMENT, subnet_ids=["subnet-3"])},
        {"placement": replace(PLACEMENT, security_group_ids=["sg-2"])},
    ],
    ids=str,
)
def test_whatever_a_model_is_made_of_changes_its_name(change: dict[str, Any]) -> None:
    before = only(synthesized(lambda stack: model(stack, placement=PLACEMENT)), SagemakerModel.TF_RESOURCE_TYPE)["name"]
    change = {"placement": PLACEMENT, **change}
    after = only(synthesized(lambda stack: model(stack, **change)), SagemakerModel.TF_RESOURCE_TYPE)["name"]
    assert before.startswith('acme-first-${substr(sha1(jsonencode(["00000000", ')
    assert before != after


def test_the_artifact_lies_in_the_environments_own_bucket_under_models() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    [(address, artifact)] = [
        (f"aws_s3_object.{name}", item)
        for name, item in resources["aws_s3_object"].items()
        if name.startswith("artifact_")
    ]
    assert artifact["bucket"] == "${aws_s3_bucket.data_bucket.bucket}"
    assert artifact["key"].startswith("models/breast-cancer-means-")
    container = only(resources, SagemakerModel.TF_RESOURCE_TYPE)["primary_container"]
    assert container["model_data_url"] == f"s3://${{{address}.bucket}}/${{{address}.key}}"


def test_a_model_waits_for_the_roles_policies() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    assert only(resources, SagemakerModel.TF_RESOURCE_TYPE)["depends_on"] == [
        "aws_iam_role_policy.hosting_role_policy",
    ]


def test_aws_linear_learner_is_released_with_image_and_artifact_alone() -> None:
    linear_learner = ReleasedModel(
        name="churn-1a2b3c4d",
        image_repository="linear-learner",
        image_tag="1",
        artifact=ROOT / "models/breast-cancer-means.tar.gz",
    )
    platform = synthesized_platform(environment("dev", release=Release(production=linear_learner)))

    images = platform["data"]["aws_sagemaker_prebuilt_ecr_image"].values()
    assert {"repository_name": "linear-learner", "image_tag": "1"} in images
    container = only(platform["resource"], SagemakerModel.TF_RESOURCE_TYPE)["primary_container"]
    assert "environment" not in container or container["environment"] == {}
