import pytest
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup

from constructs.monitoring.log_groups import LogGroups
from settings.endpoint import ServerlessEndpointSettings
from settings.logs import LogSettings
from tests.support import parts
from tests.support.synthesis import environment, synthesized, synthesized_platform


def test_the_owner_has_the_three_groups_with_retention() -> None:
    resources = synthesized(
        lambda stack: LogGroups(
            stack,
            "log_groups",
            names=parts.names(),
            logs=LogSettings(owns_account_wide=True).checked(),
            has_studio=False,
            storage=parts.LOG_STORAGE,
        )
    )

    groups = resources[CloudwatchLogGroup.TF_RESOURCE_TYPE].values()
    assert [(group["name"], group["retention_in_days"], group["kms_key_id"]) for group in groups] == [
        ("/aws/sagemaker/Endpoints/linear-learner", 30, parts.KEY_ARN),
        ("/aws/sagemaker/NotebookInstances", 30, parts.KEY_ARN),
        ("/aws/sagemaker/TrainingJobs", 30, parts.KEY_ARN),
    ]


def test_an_environment_that_does_not_own_the_account_wide_groups_leaves_them_alone() -> None:
    resources = synthesized(
        lambda stack: LogGroups(
            stack,
            "log_groups",
            names=parts.names(),
            logs=LogSettings(owns_account_wide=False).checked(),
            has_studio=False,
            storage=parts.LOG_STORAGE,
        )
    )

    groups = resources[CloudwatchLogGroup.TF_RESOURCE_TYPE].values()
    assert [group["name"] for group in groups] == ["/aws/sagemaker/Endpoints/linear-learner"]


def test_an_environment_in_a_shared_account_has_an_endpoint_and_a_group_of_its_own_name() -> None:
    shared = environment("staging", shares_account=True)
    resources = synthesized_platform(shared)["resource"]

    assert resources["aws_sagemaker_endpoint"]["linear_learner"]["name"] == "linear-learner-staging"
    names = [group["name"] for group in resources[CloudwatchLogGroup.TF_RESOURCE_TYPE].values()]
    assert "/aws/sagemaker/Endpoints/linear-learner-staging" in names


def test_a_groups_address_is_made_of_the_endpoints_name_in_aws() -> None:
    """It is permanent: another address would destroy the group with its logs, and make another one of the same name."""
    endpoints = [ServerlessEndpointSettings(name=name, name_carries_hosting=True) for name in ("first", "a--b")]
    shared = environment("dev", shares_account=True, endpoints=endpoints)
    groups = synthesized_platform(shared)["resource"][CloudwatchLogGroup.TF_RESOURCE_TYPE]
    assert {address: group["name"] for address, group in groups.items() if "Endpoints" in address} == {
        "log_groups_Endpoints_first_serverless_dev": "/aws/sagemaker/Endpoints/first-serverless-dev",
        "log_groups_Endpoints_a_b_serverless_dev": "/aws/sagemaker/Endpoints/a--b-serverless-dev",
    }


@pytest.mark.parametrize("protected", [True, False])
def test_every_log_group_of_a_protected_environment_stays_when_no_setting_names_it(protected: bool) -> None:
    of = environment("staging", protected=protected)
    groups = synthesized_platform(of)["resource"][CloudwatchLogGroup.TF_RESOURCE_TYPE]
    assert {"flow_log_log_group", "log_groups_TrainingJobs", "log_groups_Endpoints_linear_learner"} <= groups.keys()
    assert {group.get("skip_destroy") for group in groups.values()} == {True if protected else None}
    assert {group["retention_in_days"] for group in groups.values()} == {of.settings.logs.retention_days}


@pytest.mark.parametrize("kept", [True, False])
def test_what_the_account_has_once_stays_at_a_destroy_where_a_setting_says_so(kept: bool) -> None:
    resources = synthesized(
        lambda stack: LogGroups(
            stack,
            "log_groups",
            names=parts.names(),
            logs=LogSettings(keeps_account_wide=kept).checked(),
            has_studio=False,
            storage=parts.LOG_STORAGE,
        )
    )
    groups = resources[CloudwatchLogGroup.TF_RESOURCE_TYPE].values()
    staying = [group for group in groups if group.get("skip_destroy")]
    assert {group["name"] for group in staying} == (
        {"/aws/sagemaker/NotebookInstances", "/aws/sagemaker/TrainingJobs"} if kept else set()
    )
    for group in staying:  # what is older is neither cut short nor locked with a key that a destroy deletes
        assert group["lifecycle"] == {"ignore_changes": ["kms_key_id", "retention_in_days"]}
        assert not group.keys() & {"kms_key_id", "retention_in_days"}


@pytest.mark.parametrize(("owns", "found"), [(True, 1), (False, 0)])
def test_studios_group_is_made_where_there_is_studio_and_the_accounts_groups_are_its_own(
    owns: bool, found: int
) -> None:
    resources = synthesized(
        lambda stack: LogGroups(
            stack,
            "log_groups",
            names=parts.names(),
            logs=LogSettings(owns_account_wide=owns).checked(),
            has_studio=True,
            storage=parts.LOG_STORAGE,
        )
    )
    made = [item["name"] for item in resources["aws_cloudwatch_log_group"].values()]
    assert made.count("/aws/sagemaker/studio") == found
