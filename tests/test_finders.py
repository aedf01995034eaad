"""What recover can find again; the finding itself is tested by killing deploys: tests/integration/test_faults.py."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations.finders import REPEATABLE, Finders
from operations.terraform_stack import OperationError
from tests.synthesis import environment, synthesized_platform

TAGS = {"Environment": "dev", "Name": "ml-platform-dev", "Owner": "ml-team", "Project": "ml-platform"}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_type_of_resource_is_found_again_or_can_be_made_again(name: str, session: Any) -> None:
    types = set(synthesized_platform(environment(name))["resource"])
    found = set(Finders(session).by_type)
    assert types <= found | REPEATABLE
    assert not found & REPEATABLE


def test_a_key_is_found_by_its_tags_and_not_when_it_is_to_be_deleted(session: Any) -> None:
    kms, finders = session.client("kms"), Finders(session)
    assert finders.find("aws_kms_key", {"tags_all": TAGS}) is None
    tags = [{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]
    first, second = (kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"] for _ in range(2))
    with pytest.raises(OperationError, match="all have the tags of one: delete those that are not in use"):
        finders.find("aws_kms_key", {"tags_all": TAGS})
    kms.schedule_key_deletion(KeyId=first, PendingWindowInDays=7)
    assert finders.find("aws_kms_key", {"tags_all": TAGS | {"Owner": "others"}}) == second
    assert finders.find("aws_kms_key", {"tags_all": TAGS | {"Environment": "prod"}}) is None


def test_a_log_group_whose_name_only_begins_so_is_another_one(session: Any) -> None:
    session.client("logs").create_log_group(logGroupName="/aws/sagemaker/TrainingJobs2")
    assert Finders(session).find("aws_cloudwatch_log_group", {"name": "/aws/sagemaker/TrainingJobs"}) is None


def test_what_has_no_name_yet_is_not_looked_for(session: Any) -> None:
    assert Finders(session).find("aws_sagemaker_model", {"execution_role_arn": "arn"}) is None


def test_only_configurations_with_a_generated_name_of_that_prefix_are_taken_for_ours(session: Any) -> None:
    sagemaker = session.client("sagemaker")
    variants = [{"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}]
    sagemaker.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/any-role-of-ours")
    for name in ("linear-learner-by-hand", f"linear-learner-{1:026}", f"linear-learner-{2:026}", f"x-linear-{3:026}"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    found = Finders(session).generated_configurations("linear-learner-")
    assert found == [f"linear-learner-{2:026}", f"linear-learner-{1:026}"]
