"""What the role of training jobs may do, decided by an IAM simulator."""

import pytest
from cdktf import TerraformStack

from constructs.training.training_role import TrainingRole
from tests.support import parts
from tests.support.policies import ACCOUNT, KEY, Request, decisions, policies
from tests.support.synthesis import only, synthesized

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml-platform-prod-sagemaker-training"
BUCKET = f"arn:aws:s3:::ml-platform-prod-sagemaker-{ACCOUNT}-us-east-1"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker"
FOR_AWS = {"kms:GrantIsForAWSResource": "true"}


def test_the_training_role_alone_is_one_role_with_one_policy() -> None:
    def build(stack: TerraformStack) -> None:
        TrainingRole(
            stack,
            "training_role",
            account=parts.account(stack),
            names=parts.names(),
            limit_trust_to_account=True,
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
            image_repositories=["kmeans"],
            placement=parts.PLACEMENT,
        )

    resources = synthesized(build)
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-sagemaker-training"
    assert len(resources["aws_iam_role_policy"]) == 1


CASES: list[tuple[str, str, dict[str, str], str]] = [
    ("s3:GetObject", f"{BUCKET}/training-data/lab1/train.csv", {}, "Allowed"),
    ("s3:PutObject", f"{BUCKET}/training-output/lab1/model.tar.gz", {}, "Allowed"),
    ("s3:PutObject", f"{BUCKET}/models/breast-cancer/model.tar.gz", {}, "ImplicitlyDenied"),
    ("s3:DeleteObject", f"{BUCKET}/training-output/lab1/model.tar.gz", {}, "ImplicitlyDenied"),
    ("s3:GetObject", "arn:aws:s3:::another-bucket/data.csv", {}, "ImplicitlyDenied"),
    ("logs:PutLogEvents", f"{LOGS}/TrainingJobs:log-stream:lab1/algo-1", {}, "Allowed"),
    ("logs:PutLogEvents", f"{LOGS}/NotebookInstances:log-stream:x", {}, "ImplicitlyDenied"),
    ("logs:CreateLogGroup", f"{LOGS}/TrainingJobs", {}, "ImplicitlyDenied"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:382416733822:repository/linear-learner", {}, "Allowed"),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:382416733822:repository/other", {}, "ImplicitlyDenied"),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}, "Allowed"),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/EC2"}, "ImplicitlyDenied"),
    ("kms:Decrypt", KEY, {}, "Allowed"),
    ("kms:Encrypt", KEY, {}, "Allowed"),
    ("kms:GenerateDataKey", KEY, {}, "Allowed"),
    ("kms:CreateGrant", KEY, FOR_AWS, "Allowed"),
    ("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "false"}, "ImplicitlyDenied"),
    ("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"}, "ImplicitlyDenied"),
]


def test_a_job_works_with_its_own_data_and_nothing_else() -> None:
    documents = policies("prod")
    asked = [
        Request(
            action=action,
            resource=resource,
            principal=ROLE,
            policy=documents["training_role_policy_document"],
            resource_policy=documents["encryption_key_policy_document"] if action.startswith("kms:") else None,
            context=context,
        )
        for action, resource, context, _ in CASES
    ]
    assert [(*case[:3], decision) for case, decision in zip(CASES, decisions(asked), strict=True)] == CASES


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_training_jobs_can_run_in_every_environment(name: str) -> None:
    assert "training_role_policy_document" in policies(name)


def test_with_awss_own_keys_no_key_is_named() -> None:
    document = policies("dev", encryption_key=None)["training_role_policy_document"]
    assert not [item for item in document["Statement"] if item["Sid"].startswith("DataKey")]
