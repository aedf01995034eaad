"""Schedules of the local AWS: described as AWS does, with a role that EventBridge Scheduler can assume."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import failures
from local_aws.server.failures import Failures
from local_aws.server.process import Server
from tests.support.answers import hold
from tests.support.synthesis import environment

ACCOUNT = "111111111111"
TARGET = {
    "Arn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:pipeline/lab",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
}
REQUEST: dict[str, Any] = {
    "Name": "lab",
    "ScheduleExpression": "cron(0 6 ? * MON *)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": TARGET,
}


@pytest.fixture(scope="module")
def session(server: Server) -> Any:
    made = credentials.session(credentials.account_variables(server, environment("dev").settings))
    iam = made.client("iam", endpoint_url=server.url)
    for name in ("scheduler", "sagemaker"):
        principal = {"Service": f"{name}.amazonaws.com"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return made


@pytest.fixture
def scheduler(session: Any, server: Server) -> Iterator[Any]:
    """A client that holds every answer against the service model; it ends with no schedules."""
    client = session.client("scheduler", endpoint_url=server.url)
    hold(client)
    yield client
    for schedule in client.list_schedules()["Schedules"]:
        client.delete_schedule(Name=schedule["Name"])


def test_a_schedule_is_described_as_it_was_made_without_what_it_has_not(scheduler: Any) -> None:
    scheduler.create_schedule(**REQUEST)
    described = scheduler.get_schedule(Name="lab")
    assert {key: described[key] for key in REQUEST if key != "Target"} == {
        key: value for key, value in REQUEST.items() if key != "Target"
    }
    assert described["Target"].items() >= TARGET.items()
    assert (described["State"], described["GroupName"]) == ("ENABLED", "default")
    assert "Description" not in described
    [listed] = scheduler.list_schedules(NamePrefix="la")["Schedules"]
    assert listed["Target"] == {"Arn": TARGET["Arn"]}


def test_a_schedule_can_be_switched_off(scheduler: Any) -> None:
    scheduler.create_schedule(**REQUEST)
    scheduler.update_schedule(**REQUEST, State="DISABLED", Description="not in December")
    described = scheduler.get_schedule(Name="lab")
    assert (described["State"], described["Description"]) == ("DISABLED", "not in December")


@pytest.mark.parametrize("name", ["sagemaker", "nobody"])
def test_rejects_a_role_that_eventbridge_scheduler_cannot_assume(scheduler: Any, name: str) -> None:
    target = TARGET | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role") as raised:
        scheduler.create_schedule(**REQUEST | {"Target": target})
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert scheduler.list_schedules()["Schedules"] == []


def test_rejects_a_role_that_is_newer_than_iam_takes_to_settle(server: Server, scheduler: Any) -> None:
    failures.put(server, Failures(settling_seconds=3600))
    try:
        with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
            scheduler.create_schedule(**REQUEST)
    finally:
        failures.put(server, Failures())
    scheduler.create_schedule(**REQUEST)


def test_rejects_a_group_and_a_schedule_that_are_not_there(scheduler: Any) -> None:
    with pytest.raises(ClientError, match="Schedule group nobody does not exist") as raised:
        scheduler.create_schedule(**REQUEST | {"GroupName": "nobody"})
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="Schedule nobody does not exist"):
        scheduler.get_schedule(Name="nobody")


def test_rejects_a_schedule_that_exists_already(scheduler: Any) -> None:
    scheduler.create_schedule(**REQUEST)
    with pytest.raises(ClientError, match="ConflictException"):
        scheduler.create_schedule(**REQUEST)
