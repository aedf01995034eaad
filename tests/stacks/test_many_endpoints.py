"""What grows with the number of endpoints stays within AWS's limits, as the JSON shows; a deploy of 100 is in
tests/integration/test_many_endpoints.py.
"""

import json
import re
from collections import defaultdict
from typing import Any

import pytest
from pydantic import ValidationError

from settings.environment import EnvironmentSettings
from settings.problems import problems_of
from settings.studio import StudioSettings
from tests.support.many import endpoints, many
from tests.support.policies import ACCOUNT, Policy, Request, decisions, policies_of
from tests.support.synthesis import synthesized_platform

# IAM's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE, MANAGED, MANAGED_COUNT = 10_240, 6_144, 10
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints"


@pytest.fixture(scope="module")
def platform() -> dict[str, Any]:
    """100 endpoints with the longest names that fit."""
    return synthesized_platform(many(100, name_length=36))


@pytest.fixture(scope="module")
def documents(platform: dict[str, Any]) -> dict[str, Policy]:
    return policies_of(platform)


def characters(document: Policy) -> int:
    return len(json.dumps(document, separators=(",", ":")))


@pytest.mark.parametrize("role", ["notebook_role", "hosting_role"])
def test_a_roles_policies_fit_into_what_iam_allows(
    documents: dict[str, Policy], platform: dict[str, Any], role: str
) -> None:
    assert characters(documents[f"{role}_policy_document"]) < INLINE
    further = [document for address, document in documents.items() if address.startswith(f"{role}_policy_document_")]
    assert 1 <= len(further) < MANAGED_COUNT
    assert all(characters(document) < MANAGED for document in further)
    attached = [item for item in platform["resource"]["aws_iam_role_policy_attachment"] if item.startswith(role)]
    assert len(attached) == len(further)


def test_the_notebook_may_call_every_endpoint_and_no_other(documents: dict[str, Policy]) -> None:
    allowed = [document for address, document in documents.items() if address.startswith("notebook_role_policy")]
    names = [endpoint.name for endpoint in endpoints(100, 36)]
    for action, prefix, end in (
        ("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/", ""),
        ("logs:GetLogEvents", f"{LOGS}/", ":log-stream:a"),
    ):
        for name, expected in ((names[0], "Allowed"), (names[-1], "Allowed"), (f"{names[-1]}y", "ImplicitlyDenied")):
            asked = [Request(action=action, resource=f"{prefix}{name}{end}", policy=policy) for policy in allowed]
            assert ("Allowed" in decisions(asked)) is (expected == "Allowed"), (action, name)


def test_the_keys_policy_does_not_grow_with_them(documents: dict[str, Policy]) -> None:
    assert (
        documents["encryption_key_policy_document"]
        == policies_of(synthesized_platform(many(1)))["encryption_key_policy_document"]
    )


def test_the_dashboards_pages_fit_into_what_cloudwatch_allows(platform: dict[str, Any]) -> None:
    pages = platform["resource"]["aws_cloudwatch_dashboard"]
    assert {page["dashboard_name"] for page in pages.values()} == {"ml-platform-dev", "ml-platform-dev-2"}
    shown: defaultdict[str, set[str]] = defaultdict(set)
    groups: list[str] = []
    for page in pages.values():
        widgets = json.loads(page["dashboard_body"])["widgets"]
        assert len(widgets) <= 500
        assert sum(len(item["properties"].get("metrics", [])) for item in widgets) <= 2_500
        assert all(len(item["properties"].get("alarms", [])) <= 100 for item in widgets)
        queries = [item["properties"].get("query", "") for item in widgets]
        assert all(query.count("SOURCE '") <= 50 for query in queries)
        groups += [query for query in queries if "Endpoints/" in query]
        for item in widgets:
            shown[item["type"]] |= {str(line) for line in item["properties"].get("alarms", [])}
            shown[item["properties"]["title"].partition(":")[0]].add(item["properties"]["title"])
    for endpoint in endpoints(100, 36):
        assert len(shown[endpoint.name]) == 4
        assert any(f"Endpoints/{endpoint.name}'" in query for query in groups)
    assert len(shown["alarm"]) == 200


def refusals(count: int, page: str, **settings: Any) -> list[str]:
    """What is said of so many endpoints, with names of 20 characters, that cites the page."""
    try:
        many(count, **settings)
    except ValidationError as error:
        return [str(item) for item in problems_of("dev", EnvironmentSettings, error) if page in str(item)]
    return []


def test_more_endpoints_than_the_policies_hold_are_refused_with_the_limit() -> None:
    page = "reference_iam-quotas.html"
    assert refusals(300, page, encryption_key=None) == []
    [said] = refusals(340, page, encryption_key=None)
    most = int(re.findall(r"endpoints: '340 endpoints': must be at most (\d+) with names as long as these", said)[0])
    assert refusals(most, page, encryption_key=None) == []
    assert len(refusals(most + 1, page, encryption_key=None)) == 1


def test_studio_takes_one_of_the_policies_that_a_role_has() -> None:
    def most(**settings: Any) -> int:
        [said] = refusals(340, "reference_iam-quotas.html", encryption_key=None, **settings)
        return int(re.findall(r"must be at most (\d+) with names", said)[0])

    studio = StudioSettings(user_profiles=["ann"])
    groups = many(most(studio=studio), encryption_key=None).settings.names.endpoint_groups
    assert most(studio=studio) < most()
    # Those of endpoints, but the first, which is in the role's own; Studio's; AWS's for full access.
    assert len(groups) - 1 + 1 + 1 == MANAGED_COUNT


def test_an_endpoint_more_leaves_the_policies_of_the_others_as_they_are() -> None:
    """Groups are filled in order, so that only the last policy changes."""
    before, after = (many(count).settings.names.endpoint_groups for count in (70, 71))
    assert [[item.name for item in group] for group in before[:-1]] == [
        [item.name for item in group] for group in after[: len(before) - 1]
    ]
