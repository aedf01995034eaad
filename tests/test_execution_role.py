from typing import Any

import pytest
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment

from tests.synthesis import environment, synthesized_platform

ENVIRONMENTS = ("dev", "staging", "prod")
FULL_ACCESS = "arn:${data.aws_partition.partition.partition}:iam::aws:policy/AmazonSageMakerFullAccess"
# AWS's service authorization reference gives no resource type for these.
NO_NARROWER_RESOURCE = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}


def statements(name: str) -> list[dict[str, Any]]:
    documents = synthesized_platform(environment(name))["data"]["aws_iam_policy_document"]
    found: list[dict[str, Any]] = documents["execution_role_policy_document"]["statement"]
    return found


def statement(name: str, action: str) -> dict[str, Any]:
    [found] = [item for item in statements(name) if action in item["actions"]]
    return found


def test_sagemaker_and_nobody_else_may_take_the_role() -> None:
    documents = synthesized_platform(environment("prod"))["data"]["aws_iam_policy_document"]
    assert documents["execution_role_trust_document"]["statement"] == [
        {
            "actions": ["sts:AssumeRole"],
            "principals": [{"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}],
        }
    ]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_statement_allows_every_action(name: str) -> None:
    assert not [action for item in statements(name) for action in item["actions"] if "*" in action]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_only_actions_for_which_aws_knows_no_resource_are_allowed_on_all(name: str) -> None:
    on_all = {action for item in statements(name) if "*" in item["resources"] for action in item["actions"]}
    assert on_all == NO_NARROWER_RESOURCE


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_objects_are_readable_in_the_own_bucket_only(name: str) -> None:
    assert statement(name, "s3:GetObject")["resources"] == ["${aws_s3_bucket.data_bucket.arn}/*"]
    assert statement(name, "s3:ListBucket")["resources"] == ["${aws_s3_bucket.data_bucket.arn}"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_training_jobs_may_be_started_with_this_role_and_no_other(name: str) -> None:
    assert statement(name, "sagemaker:CreateTrainingJob")["resources"][0].endswith(":training-job/*")
    passing = statement(name, "iam:PassRole")
    assert passing["resources"] == ["${aws_iam_role.execution_role.arn}"]
    assert passing["condition"] == [
        {"test": "StringLike", "variable": "iam:PassedToService", "values": ["sagemaker.amazonaws.com"]}
    ]


def test_logs_go_to_the_three_groups_and_no_group_may_be_made() -> None:
    groups = {
        resource.split(":log-group:")[1].split(":")[0]
        for resource in statement("prod", "logs:PutLogEvents")["resources"]
    }
    assert groups == {
        "/aws/sagemaker/NotebookInstances",
        "/aws/sagemaker/TrainingJobs",
        "/aws/sagemaker/Endpoints/linear-learner",
    }
    assert "logs:CreateLogGroup" not in {action for item in statements("prod") for action in item["actions"]}


def test_the_released_models_images_may_be_pulled() -> None:
    repositories = [resource.split("/", 1)[1] for resource in statement("prod", "ecr:BatchGetImage")["resources"]]
    assert "sagemaker-scikit-learn" in repositories
    assert "linear-learner" in repositories


def test_dev_attaches_full_access_as_its_setting_says() -> None:
    attachments = synthesized_platform(environment("dev"))["resource"][IamRolePolicyAttachment.TF_RESOURCE_TYPE]
    assert [attachment["policy_arn"] for attachment in attachments.values()] == [FULL_ACCESS]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_staging_and_prod_attach_no_managed_policy(name: str) -> None:
    assert IamRolePolicyAttachment.TF_RESOURCE_TYPE not in synthesized_platform(environment(name))["resource"]


def test_full_access_can_be_left_out_of_dev() -> None:
    platform = synthesized_platform(environment("dev", sagemaker_full_access=False))
    assert IamRolePolicyAttachment.TF_RESOURCE_TYPE not in platform["resource"]
