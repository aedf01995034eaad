from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import received_models
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.received_models import reader_account_ids, sources
from settings.variant import VariantSettings
from stacks.environments import read_environments

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
SHIPPED: dict[str, dict[str, Any]] = {
    "dev": {},
    "staging": {"receives_from": "dev"},
    "prod": {"receives_from": "staging"},
}
ENDPOINTS = [ProvisionedEndpointSettings(production=VariantSettings())]
IDS = {"dev": ONE, "staging": TWO, "prod": THREE}


def environments(changes: dict[str, dict[str, Any]]) -> dict[str, EnvironmentSettings]:
    """dev, staging and prod in their chain, each with its changes."""
    return {
        name: EnvironmentSettings(
            **{"name": name, "region": "us-east-1", "protected": False, "endpoints": ENDPOINTS, **SHIPPED[name]}
            | changes.get(name, {})
        ).checked()
        for name in SHIPPED
    }


def with_accounts(**account_ids: str | None) -> dict[str, EnvironmentSettings]:
    return environments({name: {"account_id": account_id} for name, account_id in account_ids.items()})


def problems(of: dict[str, EnvironmentSettings]) -> list[str]:
    return [str(problem) for problem in received_models.receiving_problems(of)]


def test_the_shipped_environments_are_a_chain_from_dev_to_prod() -> None:
    shipped = {item.settings.name: item.settings for item in read_environments({})}
    assert [sources(shipped, name) for name in ("dev", "staging", "prod")] == [[], ["dev"], ["staging", "dev"]]
    assert problems(shipped) == []
    assert {item.settings.name: item.reader_account_ids for item in read_environments({})} == {
        name: [] for name in ("dev", "staging", "prod")
    }


def test_the_accounts_of_all_further_on_may_read() -> None:
    of = with_accounts(**IDS)
    assert problems(of) == []
    assert [reader_account_ids(of, name) for name in of] == [[TWO, THREE], [THREE], []]
    variables = {f"ML_PLATFORM_{name.upper()}_ACCOUNT_ID": account_id for name, account_id in IDS.items()}
    assert [item.reader_account_ids for item in read_environments(variables)] == [[TWO, THREE], [THREE], []]


def test_an_account_is_named_once_in_order_and_never_to_itself() -> None:
    assert reader_account_ids(with_accounts(dev=THREE, staging=TWO, prod=TWO), "dev") == [TWO]
    assert reader_account_ids(with_accounts(dev=THREE, staging=TWO, prod=ONE), "dev") == [ONE, TWO]
    assert reader_account_ids(with_accounts(dev=ONE, staging=TWO, prod=ONE), "dev") == [TWO]
    one = with_accounts(dev=ONE, staging=ONE, prod=ONE)
    assert [reader_account_ids(one, name) for name in one] == [[], [], []]


@pytest.mark.parametrize(
    ("dev", "prod", "shared"),
    [
        ({"account_id": ONE}, {"account_id": ONE}, True),
        ({"account_id": ONE}, {"account_id": TWO}, False),
        ({"account_id": ONE, "shares_account": True}, {"account_id": TWO, "shares_account": True}, False),
        ({"account_id": ONE, "shares_account": True}, {"shares_account": True}, False),
        ({"shares_account": True}, {"shares_account": True}, True),
        ({"shares_account": True}, {}, False),
        ({}, {}, False),
    ],
)
def test_two_environments_share_an_account_where_the_settings_say_so(
    dev: dict[str, Any], prod: dict[str, Any], shared: bool
) -> None:
    of = environments({"dev": dev, "prod": prod})
    assert received_models.share_account(of["dev"], of["prod"]) is shared
    assert received_models.share_account(of["prod"], of["dev"]) is shared


def test_rejects_an_environment_that_is_not_there_and_suggests_one() -> None:
    assert problems(environments({"staging": {"receives_from": "devv"}})) == [
        "staging: receives_from: 'devv': must be one of dev, prod (did you mean dev?)"
    ]


def test_rejects_what_receives_from_itself() -> None:
    assert problems(environments({"dev": {"receives_from": "dev"}})) == [
        "dev: receives_from: 'dev': must be another environment"
    ]


def test_rejects_a_circle_once_with_all_of_it() -> None:
    assert problems(environments({"dev": {"receives_from": "prod"}})) == [
        "dev: receives_from: 'prod': must not lead back: dev from prod from staging from dev"
    ]
    assert problems(environments({"dev": {"receives_from": "staging"}})) == [
        "dev: receives_from: 'staging': must not lead back: dev from staging from dev"
    ]


def test_rejects_a_source_in_a_partition_that_lets_nobody_read() -> None:
    assert problems(environments({"prod": {"region": "us-gov-west-1"}})) == [
        "prod: receives_from: 'staging': must be an environment in aws-us-gov: nothing in aws can let accounts of "
        "aws-us-gov read anything"
    ]
    assert problems(environments({"prod": {"region": "eu-west-1"}})) == []
    two = environments({"staging": {"region": "us-gov-west-1"}, "prod": {"region": "us-gov-east-1"}})
    assert [problem.split(":")[0] for problem in problems(two)] == ["staging"]


@pytest.mark.parametrize("account_ids", [{}, {"dev": ONE}, {"prod": ONE}, {"dev": ONE, "prod": ONE}])
def test_nothing_is_wrong_where_no_two_accounts_are_known(account_ids: dict[str, str]) -> None:
    assert problems(with_accounts(**account_ids)) == []


@pytest.mark.parametrize("missing", IDS)
def test_rejects_a_missing_account_id_where_accounts_differ(missing: str) -> None:
    others = " and ".join(f"{name} is in {IDS[name]}" for name in ("prod", "staging", "dev") if name != missing)
    given: dict[str, str | None] = {**IDS, missing: None}
    assert problems(with_accounts(**given)) == [
        f"{missing}: account_id: None: must be given, here or by ML_PLATFORM_{missing.upper()}_ACCOUNT_ID: models go "
        f"from one of these environments to another, and {others}"
    ]


def test_an_environment_outside_the_chain_needs_no_account_id() -> None:
    apart: dict[str, dict[str, Any]] = {
        "dev": {"account_id": ONE},
        "staging": {"account_id": TWO},
        "prod": {"receives_from": None},
    }
    assert problems(environments(apart)) == []


NAMES = ("dev", "staging", "prod")
CHAINS = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries(
            {
                "receives_from": st.sampled_from((None, *NAMES, "qa")),
                "account_id": st.sampled_from((None, ONE, TWO)),
                "shares_account": st.booleans(),
            }
        )
        for name in NAMES
    }
)


@given(CHAINS)
def test_any_chain_ends_and_names_each_source_once(changes: dict[str, dict[str, Any]]) -> None:
    of = environments(changes)
    for name in of:
        found = sources(of, name)
        assert len({name, *found}) == len(found) + 1
        assert of[name].account_id not in reader_account_ids(of, name) or of[name].account_id is None
    froms = {name: settings.receives_from for name, settings in of.items()}
    walked = {name: [froms[name]] for name in of}
    for steps in walked.values():
        while steps[-1] in froms and len(steps) < 9:
            steps.append(froms[steps[-1]])
    endless = any(len(steps) == 9 for steps in walked.values())
    told = [problem for problem in problems(of) if "must not lead back" in problem or "another env" in problem]
    assert bool(told) is endless
