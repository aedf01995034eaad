"""What the role of the pipelines may do, decided by an IAM simulator."""

import json
import re
from typing import Any

import pytest
from cdktf import TerraformStack

from constructs.training.pipeline_role import PipelineRole
from settings.limits import JOB_PREFIX_MAX_LENGTH, TRAININGS_MAX_COUNT
from tests.support import parts
from tests.support.policies import ACCOUNT, KEY, Request, decisions, policies
from tests.support.script_training import script_training
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

ROLES = f"arn:aws:iam::{ACCOUNT}:role"
ROLE = f"{ROLES}/ml-platform-prod-sagemaker-pipeline"
SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
JOB = f"{SAGEMAKER}:training-job/ml-platform-prod-breast-cancer-abcdefghijkl-mnopqrstuv-0"
BUCKET = f"arn:aws:s3:::ml-platform-prod-sagemaker-{ACCOUNT}-us-east-1"
GROUP = f"{SAGEMAKER}:model-package-group/ml-platform-prod-breast-cancer"
VERSION = f"{SAGEMAKER}:model-package/ml-platform-prod-breast-cancer/1"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}


def test_the_pipeline_role_alone_is_one_role_with_one_policy() -> None:
    def build(stack: TerraformStack) -> None:
        PipelineRole(
            stack,
            "pipeline_role",
            account=parts.account(stack),
            names=parts.names(),
            limit_trust_to_account=True,
            trainings=["a", "b"],
            training_role_arn="arn:aws:iam::111111111111:role/training",
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
        )

    resources = synthesized(build)
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-sagemaker-pipeline"
    assert len(resources["aws_iam_role_policy"]) == 1


CASES: list[tuple[str, str, dict[str, str], str]] = [
    ("sagemaker:CreateTrainingJob", JOB, {}, "Allowed"),
    ("sagemaker:DescribeTrainingJob", JOB, {}, "Allowed"),
    ("sagemaker:StopTrainingJob", JOB, {}, "Allowed"),
    ("sagemaker:AddTags", JOB, {}, "Allowed"),
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/ml-platform-prod-lab1", {}, "ImplicitlyDenied"),
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/other", {}, "ImplicitlyDenied"),
    ("sagemaker:AddTags", VERSION, {}, "Allowed"),
    ("sagemaker:AddTags", GROUP, {}, "Allowed"),
    ("sagemaker:CreateModelPackageGroup", GROUP, {}, "Allowed"),
    ("sagemaker:CreateModelPackageGroup", GROUP.replace("breast-cancer", "x"), {}, "ImplicitlyDenied"),
    ("sagemaker:DeleteModelPackageGroup", GROUP, {}, "ImplicitlyDenied"),
    ("iam:PassRole", f"{ROLES}/ml-platform-prod-sagemaker-training", TO_SAGEMAKER, "Allowed"),
    ("iam:PassRole", f"{ROLES}/ml-platform-prod-sagemaker-hosting", TO_SAGEMAKER, "ImplicitlyDenied"),
    ("iam:PassRole", ROLE, TO_SAGEMAKER, "ImplicitlyDenied"),
    (
        "iam:PassRole",
        f"{ROLES}/ml-platform-prod-sagemaker-training",
        {"iam:PassedToService": "ec2.amazonaws.com"},
        "ImplicitlyDenied",
    ),
    ("sagemaker:CreateModelPackage", VERSION, PENDING, "Allowed"),
    ("sagemaker:CreateModelPackage", VERSION, {"sagemaker:ModelApprovalStatus": "Approved"}, "ImplicitlyDenied"),
    ("sagemaker:CreateModelPackage", VERSION.replace("breast-cancer", "x"), PENDING, "ImplicitlyDenied"),
    ("sagemaker:DescribeModelPackage", VERSION, {}, "Allowed"),
    ("sagemaker:UpdateModelPackage", VERSION, {}, "ImplicitlyDenied"),
    ("sagemaker:DeleteModelPackage", VERSION, {}, "ImplicitlyDenied"),
    ("sagemaker:CreateModel", f"{SAGEMAKER}:model/ml-platform-prod-x", {}, "ImplicitlyDenied"),
    (
        "s3:GetObject",
        f"{BUCKET}/training-output/ml-platform-prod-breast-cancer-a-b-0/output/model.tar.gz",
        {},
        "Allowed",
    ),
    ("s3:GetObject", f"{BUCKET}/training-data/breast-cancer/train/train.csv", {}, "ImplicitlyDenied"),
    ("s3:PutObject", f"{BUCKET}/training-output/ml-platform-prod-breast-cancer-a-b-0/x", {}, "ImplicitlyDenied"),
    ("kms:Decrypt", KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, "Allowed"),
    ("kms:Decrypt", KEY, {"kms:ViaService": "sns.us-east-1.amazonaws.com"}, "ImplicitlyDenied"),
    ("kms:Decrypt", KEY, {}, "ImplicitlyDenied"),
    ("kms:GenerateDataKey", KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, "ImplicitlyDenied"),
    ("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "true"}, "ImplicitlyDenied"),
]


def test_it_starts_its_trainings_and_registers_what_waits_for_approval_and_nothing_else() -> None:
    documents = policies("prod")
    asked = [
        Request(
            action=action,
            resource=resource,
            principal=ROLE,
            policy=documents["pipeline_role_policy_document"],
            resource_policy=documents["encryption_key_policy_document"] if action.startswith("kms:") else None,
            context=context,
        )
        for action, resource, context, _ in CASES
    ]
    assert [(*case[:3], decision) for case, decision in zip(CASES, decisions(asked), strict=True)] == CASES


@pytest.mark.parametrize(
    ("source", "account", "decided"),
    [
        (f"{SAGEMAKER}:pipeline/ml-platform-prod-breast-cancer/*", ACCOUNT, "Allowed"),
        (f"{SAGEMAKER}:pipeline/ml-platform-prod-breast-cancer/execution/abcdefghijkl", ACCOUNT, "Allowed"),
        (f"{SAGEMAKER}:pipeline/other/execution/abcdefghijkl", ACCOUNT, "ImplicitlyDenied"),
        (f"{SAGEMAKER}:training-job/ml-platform-prod-x", ACCOUNT, "ImplicitlyDenied"),
        (f"{SAGEMAKER}:pipeline/ml-platform-prod-breast-cancer/*", "2" * 12, "ImplicitlyDenied"),
    ],
)
def test_sagemaker_takes_it_for_executions_of_its_pipelines_only(source: str, account: str, decided: str) -> None:
    request = Request(
        action="sts:AssumeRole",
        resource=ROLE,
        principal="sagemaker.amazonaws.com",
        resource_policy=policies("prod")["pipeline_role_trust_document"],
        context={"aws:SourceArn": source, "aws:SourceAccount": account},
    )
    assert decisions([request]) == [decided]


def test_the_trust_names_no_source_where_it_is_not_limited() -> None:
    document: Any = policies("dev", limit_trust_to_account=False)["pipeline_role_trust_document"]
    assert all("Condition" not in statement for statement in document["Statement"])


def test_the_most_trainings_that_the_settings_take_fit_into_one_policy() -> None:
    """As IAM counts, with the longest names, in the partition and the region with the longest ARNs."""
    longest = JOB_PREFIX_MAX_LENGTH - len("ml-platform-dev-")
    trainings = [script_training(name=f"t{number:02}".ljust(longest, "x")) for number in range(TRAININGS_MAX_COUNT)]
    document = policies("dev", trainings=trainings, region="us-gov-west-1")["pipeline_role_policy_document"]
    size = len(re.sub(r"\s", "", json.dumps(document)).replace("arn:aws:", "arn:aws-us-gov:"))
    assert 8_000 < size <= 10_240


def test_with_awss_own_keys_no_key_is_named() -> None:
    document = policies("dev", encryption_key=None)["pipeline_role_policy_document"]
    assert not [item for item in document["Statement"] if item["Sid"] == "ArtifactKey"]


def test_there_is_none_without_a_training() -> None:
    roles = synthesized_platform(environment("dev", trainings=[]))["resource"]["aws_iam_role"]
    assert not [name for name in roles if "pipeline" in name or "scheduler" in name]
    assert "training_role" in roles
    assert (
        "pipeline_role"
        in synthesized_platform(environment("dev", trainings=[script_training()]))["resource"]["aws_iam_role"]
    )
