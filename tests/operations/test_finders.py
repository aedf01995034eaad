"""What recover can find again; the finding itself is tested by killing deploys: tests/integration/test_faults.py."""

from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from operations.finders import REPEATABLE, Finders
from operations.recover import failed, in_the_way, made_twice, tainted
from stacks.synthesized_stack import OperationError
from tests.support.synthesis import environment, synthesized_platform

CONFIGURATIONS = [f"linear-learner-{number:026}" for number in (1, 2, 4)]
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


@pytest.fixture
def sagemaker(session: Any) -> Any:
    """An endpoint that serves the second of three configurations, and one configuration of another name."""
    client = session.client("sagemaker")
    for name in ("m1", "m2"):
        client.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/any-role-of-ours")
    for index, name in enumerate((*CONFIGURATIONS, "linear-learner-by-hand", f"x-linear-{3:026}")):
        variant = {"VariantName": "a", "ModelName": f"m{index % 2 + 1}", "InstanceType": "ml.m5.large"}
        client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
    client.create_endpoint(EndpointName="linear-learner", EndpointConfigName=CONFIGURATIONS[1])
    return client


def test_only_configurations_with_a_generated_name_of_that_prefix_are_taken_for_ours(
    sagemaker: Any, session: Any
) -> None:
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert Finders(session).generated_configurations("linear-learner-") == CONFIGURATIONS[::-1]


def test_of_several_configurations_the_one_that_is_served_is_taken_over(sagemaker: Any, session: Any) -> None:
    values = {"name_prefix": "linear-learner-"}
    assert Finders(session).find("aws_sagemaker_endpoint_configuration", values) == CONFIGURATIONS[1]
    sagemaker.delete_endpoint(EndpointName="linear-learner")
    assert Finders(session).find("aws_sagemaker_endpoint_configuration", values) == CONFIGURATIONS[2]


def test_what_nothing_can_take_over_is_to_be_deleted_unless_it_is_served(sagemaker: Any, session: Any) -> None:
    """The state knows the first configuration; a replacement of both models died after making them anew."""
    assert sagemaker.list_models()["Models"]
    known = {"type": "aws_sagemaker_endpoint_configuration", "values": {"name": CONFIGURATIONS[0]}}
    replaced = [
        {
            "address": name,
            "type": "aws_sagemaker_model",
            "change": {"actions": ["create", "delete"], "after": {"name": name}},
        }
        for name in ("m1", "m2")
    ]
    plan = {
        "prior_state": {"values": {"root_module": {"resources": [known]}}},
        "resource_changes": replaced,
    }
    assert in_the_way(plan, Finders(session)) == [
        "aws sagemaker delete-model --model-name m1",
        f"aws sagemaker delete-endpoint-config --endpoint-config-name {CONFIGURATIONS[2]}",
    ]


def test_a_key_that_was_made_twice_is_told_and_nothing_else(session: Any) -> None:
    kms = session.client("kms")
    tags = [{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]
    first, second = (kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_key(Tags=[tag for tag in tags if tag["TagKey"] != "Project"])
    known = {"type": "aws_kms_key", "values": {"key_id": first, "tags_all": TAGS}}
    plan = {"prior_state": {"values": {"root_module": {"resources": [known]}}}}
    [line] = made_twice(plan, Finders(session))
    assert f"aws kms schedule-key-deletion --key-id {second} --pending-window-in-days 30" in line
    assert "If nothing was encrypted with it" in line
    kms.schedule_key_deletion(KeyId=second, PendingWindowInDays=30)
    assert list(made_twice(plan, Finders(session))) == []


def test_what_is_marked_to_be_replaced_because_aws_failed_to_answer_is_told_from_other_replacements(
    session: Any,
) -> None:
    def change(address: str, actions: list[str], reason: str) -> dict[str, Any]:
        return {
            "address": address,
            "type": "aws_iam_role",
            "change": {"actions": actions, "before": {}, "after": {}},
            "action_reason": reason,
        }

    plan = {
        "resource_changes": [
            change("a", ["create", "delete"], "replace_because_tainted"),
            change("b", ["delete", "create"], "replace_because_tainted"),  # destroyed first: no name is in the way
            change("c", ["create", "delete"], "replace_because_cannot_update"),
        ]
    }
    assert tainted(plan, Finders(session)) == ["a"]


def test_what_sagemaker_failed_to_make_is_neither_kept_nor_taken_over_but_deleted(sagemaker: Any, session: Any) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html"""
    assert sagemaker.list_endpoints()["Endpoints"]
    values = {"name": "linear-learner"}
    lost = {
        "address": "a",
        "type": "aws_sagemaker_endpoint",
        "change": {"actions": ["create"], "before": None, "after": values},
    }
    marked = lost | {
        "change": {"actions": ["create", "delete"], "before": values, "after": values},
        "action_reason": "replace_because_tainted",
    }
    plans = [{"resource_changes": [change]} for change in (lost, marked)]
    finders = Finders(session)
    assert [failed(plan, finders) for plan in plans] == [[], []]
    assert tainted(plans[1], finders) == ["a"]
    sagemaker_backends["123456789012"]["us-east-1"].endpoints["linear-learner"].endpoint_status = "Failed"
    command = "aws sagemaker delete-endpoint --endpoint-name linear-learner"
    assert [failed(plan, finders) for plan in plans] == [[command], [command]]
    assert tainted(plans[1], finders) == []
