"""The construct's JSON and its script; that a destroy of all deletes a group with versions: tests/integration."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_model_package_group import SagemakerModelPackageGroup

from constructs.training.model_package_group import ModelPackageGroup
from operations.delete_model_packages import delete_versions
from settings.bucket import BucketSettings
from stacks.environments import ROOT
from tests.support.played import Played
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


def test_the_script_deletes_every_version_of_that_group_and_waits_until_none_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SageMaker lists what it has deleted for a little while."""
    arns = [f"arn:aws:sagemaker:us-east-1:111111111111:model-package/a/{number}" for number in (1, 2, 3)]
    listed, deleted, waited = [arns, arns, arns[2:], []], list[str](), list[float]()

    def versions(**_: object) -> dict[str, Any]:
        told = {"ModelPackageGroupName": "a", "ModelPackageStatus": "Completed", "CreationTime": datetime.now(UTC)}
        return {"ModelPackageSummaryList": [told | {"ModelPackageArn": arn} for arn in listed.pop(0)]}

    def delete(**asked: Any) -> dict[str, Any]:
        deleted.append(asked["ModelPackageName"])
        return {}

    played = Played(sagemaker={"ListModelPackages": versions, "DeleteModelPackage": delete})
    monkeypatch.setattr("operations.delete_model_packages.time.sleep", waited.append)
    assert delete_versions(played.client("sagemaker"), "a") == deleted == arns
    assert len(waited) == 2
    assert {asked.get("ModelPackageGroupName", "a") for _, asked in played.asked} == {"a"}


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
