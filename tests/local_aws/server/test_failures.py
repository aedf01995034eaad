"""The local AWS's failure switch, seen by boto3."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local_aws import credentials
from local_aws.server import failures
from local_aws.server import process as server_process
from local_aws.server.failures import Failures
from local_aws.server.process import LocalAwsError


@pytest.fixture
def server(server: server_process.Server) -> Iterator[server_process.Server]:
    yield server
    failures.put(server, Failures())


def client(server: server_process.Server, service: str, attempts: int = 1) -> Any:
    return credentials.root_session(server).client(
        service,
        endpoint_url=server.url,
        config=Config(retries={"total_max_attempts": attempts}),
    )


CALLS = {
    "s3": "list_buckets",
    "ec2": "describe_vpcs",
    "iam": "list_roles",
    "kms": "list_keys",
    "logs": "describe_log_groups",
}
THROTTLED = {
    "s3": "SlowDown",
    "ec2": "RequestLimitExceeded",
    "iam": "Throttling",
    "kms": "ThrottlingException",
    "logs": "ThrottlingException",
}


@pytest.mark.parametrize("service", CALLS)
def test_an_error_is_one_that_the_sdk_takes_for_the_services_own(server: server_process.Server, service: str) -> None:
    failures.put(server, Failures(errors=1))
    with pytest.raises(ClientError) as raised:
        getattr(client(server, service), CALLS[service])()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert raised.value.response["Error"]["Message"] == "injected by the local AWS"


@pytest.mark.parametrize("service", CALLS)
def test_a_throttled_call_is_refused_in_the_services_own_words(server: server_process.Server, service: str) -> None:
    failures.put(server, Failures(throttles=1))
    with pytest.raises(ClientError) as raised:
        getattr(client(server, service), CALLS[service])()
    assert raised.value.response["Error"]["Code"] == THROTTLED[service]


def test_a_call_whose_reply_is_lost_was_done(server: server_process.Server) -> None:
    failures.put(server, Failures(lost_replies=1))
    with pytest.raises(ConnectionClosedError):
        client(server, "logs").create_log_group(logGroupName="/lost/reply")
    failures.put(server, Failures())
    groups = client(server, "logs").describe_log_groups(logGroupNamePrefix="/lost/")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/lost/reply"]


def test_an_sdk_that_sends_such_a_call_again_is_told_that_it_exists(server: server_process.Server) -> None:
    """The replay of answers heals what the network loses, and not what this switch loses."""
    failures.put(server, Failures(lost_replies=0.5, seed=4))
    logs, told = client(server, "logs", attempts=3), []
    for index in range(20):
        try:
            logs.create_log_group(logGroupName=f"/lost/again/{index}")
        except ClientError as error:
            told.append(error.response["Error"]["Code"])
        except ConnectionClosedError:  # lost every time
            continue
    assert set(told) == {"ResourceAlreadyExistsException"}


def test_a_slow_answer_is_the_right_one(server: server_process.Server) -> None:
    failures.put(server, Failures(delay_seconds=0.3))
    began = time.monotonic()
    assert client(server, "s3").list_buckets()["Buckets"] == []
    assert time.monotonic() - began >= 0.3


def test_the_same_seed_draws_the_same_faults(server: server_process.Server) -> None:
    def outcomes() -> list[bool]:
        failures.put(server, Failures(errors=0.5, seed=7))
        found = []
        for _ in range(20):
            try:
                client(server, "s3").list_buckets()
                found.append(True)
            except ClientError:
                found.append(False)
        return found

    first = outcomes()
    assert first == outcomes()
    assert len(set(first)) == 2


def test_after_so_many_creations_the_last_is_done_and_unanswered_and_no_other_is_begun(
    server: server_process.Server,
) -> None:
    failures.put(server, Failures(hold_after=1))
    names = [f"/held/{index}" for index in range(2)]

    def make(name: str) -> None:
        with pytest.raises(ConnectionClosedError):
            client(server, "logs").create_log_group(logGroupName=name)

    callers = [threading.Thread(target=make, args=[name]) for name in names]
    for caller in callers:
        caller.start()
        while failures.counts(server)["held"] < callers.index(caller) + 1:
            time.sleep(0.01)
    made = client(server, "logs").describe_log_groups(logGroupNamePrefix="/held/")["logGroups"]
    assert [group["logGroupName"] for group in made] == names[:1]
    failures.put(server, Failures())
    for caller in callers:
        caller.join(timeout=10)
        assert not caller.is_alive()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["error=1"], "failure 'error': must be one of errors, throttles, lost_replies, "),
        (["errors=many"], "errors: 'many': must be a number"),
        (["errors=nan"], "errors: 'nan': must be a number"),
        (["endpoint_seconds=-1"], "endpoint_seconds: -1.0: must not be below 0"),
        (["errors=1.1"], "must be from 0 to 1"),
        (["errors=0.6", "throttles=0.6"], "and so must their sum"),
        (["throttles=-1"], "must be from 0 to 1"),
        (["delay_seconds=-1"], "must not be below 0"),
        (["delay_seconds=86401"], "delay_seconds: 86401.0: must not be below 0 or above 86400"),
        (["errors=-inf"], "errors: '-inf': must be a number"),
        (["errors=1e999"], "errors: '1e999': must be a number"),
        (["hold_after=-2"], "hold_after: -2: must not be below -1"),
        (["hold_after=1.5"], "hold_after: '1.5': must be a whole number"),
        (["seed=nan"], "seed: 'nan': must be a whole number"),
        (["failed_endpoints=2"], "failed_endpoints: 2.0: must be from 0 to 1"),
        (["rollbacks=0.6", "failed_rollbacks=0.6"], "rollbacks, failed_rollbacks: must be from 0 to 1, and so must"),
        (["failing_model"], "failing_model: must be failing_model=..."),
        (["errors=0.1", "errors=0.2"], "errors: must be given once"),
    ],
)
def test_rejects_what_is_no_fault(values: list[str], said: str) -> None:
    with pytest.raises(LocalAwsError) as raised:
        failures.parse(values)
    [line] = str(raised.value).splitlines()
    assert said in line


def test_every_problem_is_a_line_and_nothing_is_switched(
    server: server_process.Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures.put(server, Failures(delay_seconds=0.001))
    values = ["errors=nan", "throttles=2", "nonsense=1", "settling_seconds=-1", "hold_after=-9"]
    monkeypatch.setattr("sys.argv", ["failures", *values, "--folder", str(folder)])
    with pytest.raises(SystemExit) as raised:
        failures.main()
    lines = str(raised.value).splitlines()
    assert len(lines) == len(values)
    assert all(line.startswith("local AWS: ") for line in lines)
    assert server.ask(failures.PATH)["delay_seconds"] == 0.001
    failures.put(server, Failures())


@pytest.mark.parametrize(
    "body",
    [
        '{"errors": NaN}',
        '{"errors": Infinity}',
        '{"errors": "1"}',
        '{"errors": true}',
        '{"seed": 0.5}',
        '{"more": 1}',
        '{"hold_after": -2}',
        f'{{"delay_seconds": 1{"0" * 400}}}',
        '{"failing_model": null}',
        "[]",
        "1",
        "",
        "{",
        "\0",
    ],
)
def test_rejects_a_switch_that_is_none(server: server_process.Server, body: str) -> None:
    failures.put(server, Failures(delay_seconds=0.001))
    answer = server.ask(failures.PATH, method="PUT", body=body)
    assert len(answer["problems"]) == 1
    assert server.ask(failures.PATH)["delay_seconds"] == 0.001


def test_without_a_running_local_aws_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["failures", "errors=0.1", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit, match="local AWS: not running: make local"):
        failures.main()
