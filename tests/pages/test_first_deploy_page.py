"""docs/first-deploy.md: what it shows of preflight is what preflight says."""

import re

import pytest

from local_aws.server.gaps.service_quotas import SAGEMAKER
from operations.deployer_policy import DeployerPolicy
from operations.preflight import lines, quota_row
from operations.quotas import Quota, needs
from pages.first_deploy_page import ACCOUNT_ID, PAGE, place
from tests.support.synthesis import environment

TEXT = PAGE.read_text()


@pytest.mark.parametrize("name", ["policy", "idle"])
def test_what_is_generated_has_its_place(name: str) -> None:
    """That it is fresh: tests/test_snapshots.py."""
    assert len(place(name).findall(TEXT)) == 1


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
