"""The construct's JSON and its script; that a destroy of all deletes a group with versions: tests/integration."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_model_package_group import SagemakerModelPackageGroup
from moto import mock_aws

from constructs.training.model_package_group import ModelPackageGroup
from operations.delete_model_packages import delete_versions
from settings.bucket import BucketSettings
from stacks.environments import ROOT
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform

SCRIPT = ROOT / "operations/delete_model_packages.py"
VERSIONS = "training_breast_cancer_model_package_group_versions"


def made(script: Path | None, *, prevent_destroy: bool) -> Resources:
    def build(stack: TerraformStack) -> None:
        ModelPackageGroup(
            stack,
            "models",
            name="acme-prod-breast-cancer",
            region="eu-west-1",
            delete_script=script,
            prevent_destroy=prevent_destroy,
        )

    return synthesized(build)


def test_a_destroy_deletes_its_versions_before_it(tmp_path: Path) -> None:
    (tmp_path / "delete.py").touch()
    resources = made(tmp_path / "delete.py", prevent_destroy=False)
    group = only(resources, SagemakerModelPackageGroup.TF_RESOURCE_TYPE)
    assert group == {"model_package_group_name": "acme-prod-breast-cancer"}
    versions = only(resources, "terraform_data")
    assert versions["input"] == {"group": "acme-prod-breast-cancer", "region": "eu-west-1"}
    assert versions["depends_on"] == ["aws_sagemaker_model_package_group.models"]
    [provisioner] = versions["provisioner"]
    assert provisioner["local-exec"]["when"] == "destroy"
    assert provisioner["local-exec"]["command"].endswith('/delete.py" "${self.output.group}" "${self.output.region}"')


def test_what_is_registered_outlives_mistakes_where_it_is_protected() -> None:
    resources = made(None, prevent_destroy=True)
    assert only(resources, SagemakerModelPackageGroup.TF_RESOURCE_TYPE)["lifecycle"] == {"prevent_destroy": True}
    assert "terraform_data" not in resources


@pytest.mark.parametrize(
    ("name", "changes", "deletes", "kept"),
    [
        ("dev", {}, True, False),
        ("dev", {"bucket": BucketSettings(force_destroy=False)}, False, False),
        ("dev", {"rollback_guard": False}, False, False),  # no Python where Terraform runs
        ("prod", {}, False, True),
    ],
)
def test_versions_go_with_the_group_only_where_the_data_goes_with_the_bucket(
    name: str, changes: dict[str, Any], deletes: bool, kept: bool
) -> None:
    resources = synthesized_platform(environment(name, **changes))["resource"]
    assert (VERSIONS in resources["terraform_data"]) is deletes
    assert ("lifecycle" in only(resources, SagemakerModelPackageGroup.TF_RESOURCE_TYPE)) is kept


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.Session().client("sagemaker", region_name="us-east-1")


def test_the_script_deletes_every_version_of_that_group_and_no_other(
    sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for group, count in (("a", 3), ("b", 1)):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
        for _ in range(count):
            sagemaker.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    there = [item["ModelPackageArn"] for item in _versions(sagemaker, "a")]
    deleted: list[str] = []
    # moto has no such operation; tests/local_aws/server has the local AWS's.
    monkeypatch.setattr(sagemaker, "delete_model_package", lambda **asked: deleted.append(asked["ModelPackageName"]))
    assert sorted(delete_versions(sagemaker, "a")) == sorted(deleted) == sorted(there)
    assert len(deleted) == 3


def _versions(sagemaker: Any, group: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    return found


def test_the_script_ends_with_one_line_where_aws_cannot_be_asked() -> None:
    finished = subprocess.run(
        [sys.executable, SCRIPT, "ml-platform-dev-breast-cancer", "us-east-1"],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"},
    )
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "registered in ml-platform-dev-breast-cancer cannot be deleted" in finished.stderr
