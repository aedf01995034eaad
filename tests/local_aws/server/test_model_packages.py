"""The model registry of the local AWS: what moto forgets, replaces and cannot delete."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.support.answers import hold
from tests.support.synthesis import environment

CONTAINER = {
    "Image": "1.dkr.ecr.eu-west-1.amazonaws.com/a:1",
    "ModelDataUrl": "s3://acme/model.tar.gz",
    "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
}
INFERENCE = {
    "Containers": [CONTAINER],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
PROPERTIES = {"training": "breast-cancer", "value": "0.98"}
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html: a version has no name of its own.
NAMELESS = ("DescribeModelPackage.ModelPackageName: missing",)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    log = (folder / "server.log").read_text()
    assert "NotImplementedError" not in log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def client(server: Server) -> Any:
    """One that holds every answer against the service model."""
    variables = credentials.account_variables(server, environment("dev").settings)
    session = credentials.session(variables)
    s3: Any = session.client("s3", endpoint_url=server.url)
    s3.create_bucket(Bucket="acme")
    s3.put_object(Bucket="acme", Key="model.tar.gz", Body=b"")
    made = session.client("sagemaker", endpoint_url=server.url)
    hold(made, left_out=NAMELESS)
    return made


@pytest.fixture
def registry(client: Any) -> Iterator[Any]:
    """The group `cancer` is there and empty."""
    client.create_model_package_group(
        ModelPackageGroupName="cancer", ModelPackageGroupDescription="of a test", Tags=[{"Key": "Owner", "Value": "a"}]
    )
    yield client
    for package in client.list_model_packages(ModelPackageType="Both")["ModelPackageSummaryList"]:
        client.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    for group in client.list_model_package_groups()["ModelPackageGroupSummaryList"]:
        client.delete_model_package_group(ModelPackageGroupName=group["ModelPackageGroupName"])


def registered(registry: Any, **changes: Any) -> str:
    request = {
        "ModelPackageGroupName": "cancer",
        "InferenceSpecification": INFERENCE,
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": PROPERTIES,
    }
    arn: str = registry.create_model_package(**request | changes)["ModelPackageArn"]
    return arn


def versions(registry: Any, **filters: Any) -> list[int]:
    listed = registry.list_model_packages(ModelPackageGroupName="cancer", **filters)["ModelPackageSummaryList"]
    return [item["ModelPackageVersion"] for item in listed]


def refusal(operation: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as raised:
        operation(**parameters)
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


def test_a_version_is_described_as_it_was_made(registry: Any) -> None:
    arn = registered(registry, ModelPackageDescription="the first", SkipModelValidation="All")
    described = registry.describe_model_package(ModelPackageName=arn)
    assert described["InferenceSpecification"] == INFERENCE
    assert described["CustomerMetadataProperties"] == PROPERTIES
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("cancer", 1)
    assert (described["ModelPackageDescription"], described["SkipModelValidation"]) == ("the first", "All")
    assert (described["ModelPackageStatus"], described["ModelApprovalStatus"]) == ("Completed", "PendingManualApproval")
    assert "ModelPackageName" not in described
    assert "LastModifiedBy" not in described


def test_who_made_a_version_and_who_approved_it_are_told(registry: Any) -> None:
    arn = registered(registry)
    registry.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    described = registry.describe_model_package(ModelPackageName=arn)
    for by in ("CreatedBy", "LastModifiedBy"):
        assert described[by]["IamIdentity"]["Arn"] == "arn:aws:sts::111111111111:assumed-role/local/dev"
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_an_update_changes_what_it_gives_and_nothing_else(registry: Any) -> None:
    arn = registered(registry)
    registry.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="ann: good on the held-out rows"
    )
    registry.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"ticket": "7"},
        CustomerMetadataPropertiesToRemove=["training", "unknown"],
    )
    described = registry.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == "ann: good on the held-out rows"
    assert described["CustomerMetadataProperties"] == {"value": "0.98", "ticket": "7"}
    assert described["InferenceSpecification"] == INFERENCE


def test_an_update_may_take_the_last_property_away(registry: Any) -> None:
    arn = registered(registry)
    registry.update_model_package(ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=[*PROPERTIES])
    assert "CustomerMetadataProperties" not in registry.describe_model_package(ModelPackageName=arn)


def test_versions_are_counted_and_no_number_is_given_twice(registry: Any) -> None:
    arns = [registered(registry) for _ in range(3)]
    assert [arn.rpartition("model-package/")[2] for arn in arns] == ["cancer/1", "cancer/2", "cancer/3"]
    registry.delete_model_package(ModelPackageName=arns[2])
    assert registered(registry).endswith("/4")
    assert versions(registry) == [1, 2, 4]


def test_a_group_that_is_made_again_begins_anew(registry: Any) -> None:
    registry.delete_model_package(ModelPackageName=registered(registry))
    registry.delete_model_package_group(ModelPackageGroupName="cancer")
    registry.create_model_package_group(ModelPackageGroupName="cancer")
    assert registered(registry).endswith("/1")


def test_versions_are_listed_by_status_time_order_and_page(registry: Any) -> None:
    first, second, third = (registered(registry) for _ in range(3))
    registry.update_model_package(ModelPackageArn=second, ModelApprovalStatus="Approved")
    created, hour = registry.describe_model_package(ModelPackageName=second)["CreationTime"], timedelta(hours=1)
    assert versions(registry) == [1, 2, 3]
    assert versions(registry, SortOrder="Descending", SortBy="CreationTime") == [3, 2, 1]
    assert versions(registry, ModelApprovalStatus="Approved") == [2]
    assert versions(registry, CreationTimeAfter=created - hour, CreationTimeBefore=created + hour) == [1, 2, 3]
    assert versions(registry, CreationTimeAfter=created + hour) == []
    assert versions(registry, CreationTimeBefore=created - hour) == []
    assert versions(registry, NameContains="ance") == [1, 2, 3]
    assert versions(registry, NameContains="other") == []
    pages = registry.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="cancer", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    assert [[item["ModelPackageArn"] for item in page["ModelPackageSummaryList"]] for page in pages] == [
        [third, second],
        [first],
    ]


def test_a_package_in_no_group_has_a_name_and_is_listed_apart(registry: Any) -> None:
    versioned = registered(registry)
    alone = registry.create_model_package(
        ModelPackageName="Alone", InferenceSpecification=INFERENCE, Tags=[{"Key": "Owner", "Value": "b"}]
    )["ModelPackageArn"]
    assert registry.describe_model_package(ModelPackageName="Alone")["ModelPackageArn"] == alone

    def listed(**filters: Any) -> set[str]:
        return {item["ModelPackageArn"] for item in registry.list_model_packages(**filters)["ModelPackageSummaryList"]}

    assert listed() == {alone}
    assert listed(ModelPackageType="Versioned") == {versioned}
    assert listed(ModelPackageType="Both") == {alone, versioned}
    assert registry.list_tags(ResourceArn=alone)["Tags"] == [{"Key": "Owner", "Value": "b"}]


def test_a_group_is_described_and_listed(registry: Any) -> None:
    registry.create_model_package_group(ModelPackageGroupName="another")
    described = registry.describe_model_package_group(ModelPackageGroupName="cancer")
    assert described["ModelPackageGroupDescription"] == "of a test"
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith("assumed-role/local/dev")
    by_arn = registry.describe_model_package_group(ModelPackageGroupName=described["ModelPackageGroupArn"])
    assert by_arn["CreationTime"] == described["CreationTime"]

    def listed(**filters: Any) -> list[str]:
        groups = registry.list_model_package_groups(**filters)["ModelPackageGroupSummaryList"]
        return [item["ModelPackageGroupName"] for item in groups]

    assert listed() == ["cancer", "another"]
    assert listed(SortBy="Name") == ["another", "cancer"]
    assert listed(NameContains="canc") == ["cancer"]


def test_a_version_has_its_groups_tags_and_a_new_value_replaces_the_old_one(registry: Any) -> None:
    arn = registered(registry)
    group = registry.describe_model_package_group(ModelPackageGroupName="cancer")["ModelPackageGroupArn"]
    registry.add_tags(ResourceArn=group, Tags=[{"Key": "Owner", "Value": "c"}, {"Key": "Project", "Value": "d"}])
    expected = [{"Key": "Owner", "Value": "c"}, {"Key": "Project", "Value": "d"}]
    assert registry.list_tags(ResourceArn=group)["Tags"] == expected
    assert registry.list_tags(ResourceArn=arn)["Tags"] == expected
    registry.delete_tags(ResourceArn=group, TagKeys=["Owner"])
    assert registry.list_tags(ResourceArn=arn)["Tags"] == expected[1:]


def test_rejects_a_group_that_exists_already(registry: Any) -> None:
    said = refusal(registry.create_model_package_group, ModelPackageGroupName="cancer")
    assert said.startswith("ValidationException: Model Package Group already exists: arn:aws:sagemaker:")
    assert registry.describe_model_package_group(ModelPackageGroupName="cancer")["ModelPackageGroupDescription"]


def test_rejects_the_deletion_of_a_group_that_has_versions(registry: Any) -> None:
    arn = registered(registry)
    said = refusal(registry.delete_model_package_group, ModelPackageGroupName="cancer")
    assert "model-package-group/cancer cannot be deleted because it still contains Model Packages" in said
    registry.delete_model_package(ModelPackageName=arn)
    registry.delete_model_package_group(ModelPackageGroupName="cancer")
    assert registry.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


@pytest.mark.parametrize("operation", ["describe_model_package_group", "delete_model_package_group"])
def test_rejects_a_group_that_is_not_there(registry: Any, operation: str) -> None:
    said = refusal(getattr(registry, operation), ModelPackageGroupName="nobody")
    assert said.startswith("ValidationException: ModelPackageGroup arn:aws:sagemaker:")
    assert said.endswith(":model-package-group/nobody does not exist.")


def test_rejects_a_version_in_a_group_that_is_not_there(registry: Any) -> None:
    with pytest.raises(ClientError, match="model-package-group/nobody does not exist"):
        registered(registry, ModelPackageGroupName="nobody")


@pytest.mark.parametrize("uri", ["s3://acme/gone.tar.gz", "s3://nobodys/model.tar.gz"])
def test_rejects_a_version_whose_artifact_is_not_there(registry: Any, uri: str) -> None:
    specification = INFERENCE | {"Containers": [CONTAINER, CONTAINER | {"ModelDataUrl": uri}]}
    with pytest.raises(ClientError) as raised:
        registered(registry, InferenceSpecification=specification)
    assert raised.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"Could not find model data at {uri}.",
    }
    assert versions(registry) == []
    assert registered(registry).endswith("/1")


def test_rejects_a_package_that_is_not_there(registry: Any) -> None:
    arn = registered(registry)[:-1] + "9"
    for operation in (registry.describe_model_package, registry.delete_model_package):
        assert refusal(operation, ModelPackageName=arn) == f"ValidationException: ModelPackage {arn} does not exist."
    said = refusal(registry.update_model_package, ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert said == f"ValidationException: ModelPackage {arn} does not exist."
    assert "Could not find" in refusal(registry.list_tags, ResourceArn=arn)


def test_rejects_a_package_of_a_name_and_a_group_at_once_and_one_of_neither(registry: Any) -> None:
    for names in ({"ModelPackageName": "a", "ModelPackageGroupName": "cancer"}, {}):
        said = refusal(registry.create_model_package, InferenceSpecification=INFERENCE, **names)
        assert "ModelPackageGroupName or ModelPackageName must be given, and not both" in said


def test_rejects_a_package_in_no_group_twice_and_its_update(registry: Any) -> None:
    arn = registry.create_model_package(ModelPackageName="alone", InferenceSpecification=INFERENCE)["ModelPackageArn"]
    said = refusal(registry.create_model_package, ModelPackageName="alone", InferenceSpecification=INFERENCE)
    assert "already exists" in said
    said = refusal(registry.update_model_package, ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert "only versions can be updated" in said


def test_rejects_tags_of_a_version(registry: Any) -> None:
    with pytest.raises(ClientError, match="Tags: a version has its group's"):
        registered(registry, Tags=[{"Key": "Owner", "Value": "b"}])


def test_two_accounts_know_nothing_of_each_others_groups(server: Server, registry: Any) -> None:
    registered(registry)
    variables = credentials.account_variables(server, environment("staging").settings)
    other = credentials.session(variables).client("sagemaker", endpoint_url=server.url)
    assert other.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert other.list_model_packages(ModelPackageType="Both")["ModelPackageSummaryList"] == []
