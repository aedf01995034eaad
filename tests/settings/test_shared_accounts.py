from typing import Any

from settings import shared_accounts
from settings.bucket import BucketSettings
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.logs import LogSettings
from stacks.environments import read_environments
from tests.support.script_training import script_training

PAGE = "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/dg/"


def environments(**changes: dict[str, Any]) -> dict[str, EnvironmentSettings]:
    """dev, staging and prod, each with its changes."""
    return {
        name: EnvironmentSettings(
            **{"name": name, "region": "us-east-1", "protected": False, "endpoints": [ServerlessEndpointSettings()]}
            | changes.get(name, {})
        ).checked()
        for name in ("dev", "staging", "prod")
    }


def account_problems(of: dict[str, EnvironmentSettings]) -> list[str]:
    return [str(problem) for problem in shared_accounts.account_problems(of)]


SHARED = {"shares_account": True}
NOT_OWNER = {"logs": LogSettings(owns_account_wide=False)}


def test_accounts_of_their_own_need_no_rule() -> None:
    assert account_problems(environments()) == []


def test_the_committed_environments_are_sound() -> None:
    assert account_problems({item.settings.name: item.settings for item in read_environments({})}) == []


def test_one_owner_in_a_shared_account_is_sound() -> None:
    assert account_problems(environments(dev=SHARED, staging=SHARED | NOT_OWNER, prod=SHARED | NOT_OWNER)) == []


def test_rejects_a_second_owner_of_the_account_wide_log_groups() -> None:
    assert account_problems(environments(dev=SHARED, staging=SHARED, prod=SHARED | NOT_OWNER)) == [
        "staging: logs.owns_account_wide: True: must be True in exactly one environment of an account and region: "
        f"dev has it {PAGE}logging-cloudwatch.html)"
    ]


def test_rejects_account_wide_log_groups_without_an_owner() -> None:
    shared = SHARED | NOT_OWNER
    assert account_problems(environments(dev=shared, staging=shared, prod=shared)) == [
        "dev: logs.owns_account_wide: False: must be True in exactly one environment of an account and region: "
        f"no other one has it {PAGE}logging-cloudwatch.html)"
    ]


def test_rejects_two_trainings_of_one_name_in_a_shared_account() -> None:
    """Where a project's and an environment's name make another's."""
    of: dict[str, dict[str, Any]] = {
        "dev": SHARED | {"trainings": [script_training(name="a-b")], "project": "p"},
        "staging": SHARED | NOT_OWNER | {"trainings": [script_training(name="b")], "project": "p", "name": "dev-a"},
    }
    assert account_problems(environments(**of)) == [
        "dev-a: trainings.0.name: 'p-dev-a-b': must differ from that of dev"
    ]
    assert account_problems(environments(dev=of["dev"], staging=of["staging"] | {"project": "q"})) == []


def test_two_regions_of_an_account_have_an_owner_each() -> None:
    assert account_problems(environments(dev=SHARED, staging=SHARED | {"region": "eu-west-1"})) == []


def test_rejects_one_endpoint_name_twice_in_an_account() -> None:
    same = {"account_id": "123456789012"}
    assert account_problems(environments(dev=same, staging=same | NOT_OWNER)) == [
        "staging: endpoints.0.name: 'linear-learner': must differ from that of dev; set shares_account=True in both"
    ]
    assert account_problems(environments(dev=same | SHARED, staging=same | SHARED | NOT_OWNER)) == []


def test_counts_every_serverless_endpoint_of_an_environment() -> None:
    endpoints = [ServerlessEndpointSettings(name=name, max_concurrency=200) for name in ("a", "b", "c")]
    [line] = account_problems(environments(dev={"endpoints": endpoints}))
    assert line.startswith(
        "dev: endpoints.max_concurrency: 600: must be at most 500 in sum in an account and region "
        "(dev a 200, dev b 200, dev c 200)"
    )


def test_rejects_one_bucket_name_twice_even_in_two_accounts() -> None:
    named = {"bucket": BucketSettings(name="acme-data")}
    assert account_problems(environments(dev=named, prod=named)) == [
        "prod: bucket.name: 'acme-data': must differ from that of dev"
    ]


def test_the_sum_of_serverless_concurrency_has_an_account_wide_limit() -> None:
    def shared(prod: int) -> dict[str, EnvironmentSettings]:
        each = {"dev": 200, "staging": 200, "prod": prod}
        return environments(
            **{
                name: SHARED
                | (NOT_OWNER if name != "dev" else {})
                | {"endpoints": [ServerlessEndpointSettings(max_concurrency=value)]}
                for name, value in each.items()
            }
        )

    assert account_problems(shared(100)) == []
    assert account_problems(shared(101)) == [
        "dev: endpoints.max_concurrency: 501: must be at most 500 in sum in an account and region "
        "(dev linear-learner 200, staging linear-learner 200, prod linear-learner 101) "
        f"{PAGE}serverless-endpoints.html)"
    ]


def test_rejects_a_data_bucket_for_the_state_of_any_environment() -> None:
    data = {"bucket": BucketSettings(name="acme-data")}
    assert account_problems(environments(dev=data, prod={"state_bucket": "acme-data"})) == [
        "prod: state_bucket: 'acme-data': must differ from the data bucket of dev, which is called acme-data"
    ]
    assert account_problems(environments(dev=data | {"state_bucket": "acme-data"})) == [
        "dev: state_bucket: 'acme-data': must differ from the data bucket of dev, which is called acme-data"
    ]
    assert account_problems(environments(dev=data, prod={"state_bucket": "acme-state"})) == []


def test_rejects_a_data_buckets_generated_name_for_the_state_where_the_account_may_be_that_one() -> None:
    name = "ml-platform-dev-sagemaker-123456789012-us-east-1"
    for account_id, shown in ((None, "<account>"), ("123456789012", "123456789012")):
        assert account_problems(environments(dev={"account_id": account_id}, staging={"state_bucket": name})) == [
            f"staging: state_bucket: {name!r}: must differ from the data bucket of dev, which is called "
            f"ml-platform-dev-sagemaker-{shown}-us-east-1"
        ]
    other = environments(dev={"account_id": "999999999999"}, staging={"state_bucket": name})
    assert account_problems(other) == []
    own = {"state_bucket": name, "bucket": BucketSettings(name="acme-data")}
    assert account_problems(environments(dev=own)) == []


def test_environments_may_share_the_bucket_of_their_states() -> None:
    same = {"state_bucket": "acme-state"}
    assert account_problems(environments(dev=same, staging=same, prod=same)) == []
