"""docs/first-deploy.md: what is generated in it is fresh, and what it shows of preflight is what preflight says."""

import json
import re

import pytest

from local_aws.server.gaps.service_quotas import SAGEMAKER
from operations.deployer_policy import DeployerPolicy
from operations.preflight import lines, quota_row
from operations.quotas import Quota, needs
from pages.first_deploy_page import ACCOUNT_ID, PAGE, idle_costs, place, policy
from tests.support.synthesis import environment

TEXT = PAGE.read_text()


def shown(name: str) -> str:
    [found] = place(name).findall(TEXT)
    return str(found)


def test_the_policy_is_what_the_command_prints_for_dev() -> None:
    assert shown("policy") == policy("dev"), "stale: make docs"
    documents = json.loads(re.sub("^```.*$", "", shown("policy"), flags=re.MULTILINE))
    assert documents == DeployerPolicy(settings=environment("dev").settings, account_id=ACCOUNT_ID).documents


def test_what_is_paid_while_idle_is_that_of_the_committed_settings() -> None:
    assert shown("idle") == idle_costs(), "stale: make docs"


def test_the_example_of_a_preflight_is_prods_in_a_new_account() -> None:
    prod = environment("prod")
    defaults = {name: Quota(code=code, value=value, adjustable=True) for code, name, value in SAGEMAKER}
    rows = [quota_row(need, defaults[need.quota], prod.settings.region) for need in needs(prod)]
    for line in lines("prod", rows):
        assert f"{line}\n" in TEXT
    policy = DeployerPolicy(settings=prod.settings, account_id=ACCOUNT_ID)
    actions = {action for statement in policy.statements for action in statement.actions}
    assert f"all {len(actions)} actions" in TEXT


@pytest.mark.parametrize("verdict", ["fine", "ask for", "exists", "refused", "cannot be asked"])
def test_every_verdict_is_explained(verdict: str) -> None:
    assert re.search(rf"^\| {verdict} \|", TEXT, re.MULTILINE)
