import base64
import re
from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.data_aws_resourcegroupstaggingapi_resources import (
    DataAwsResourcegroupstaggingapiResources,
)
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import SagemakerNotebookInstance
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)

from constructs.notebook.lifecycle_script import Delivery
from constructs.notebook.notebook_instance import NotebookInstance
from settings.lifecycle_scripts import read_lifecycle_scripts
from settings.notebook import NotebookSettings
from stacks.environments import ROOT
from tests.support import parts
from tests.support.parts import PLACEMENT
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

DELIVERY = Delivery(bucket="acme-data", region="eu-west-1", patterns=["a.ipynb"], placeholders={"<B>": "acme-data"})


def notebook(stack: TerraformStack, **changes: Any) -> NotebookInstance:
    values: dict[str, Any] = {
        "account": parts.account(stack),
        "name": "lab",
        "notebook": NotebookSettings().checked(),
        "role_arn": "arn:aws:iam::111111111111:role/lab",
        "script": b"#!/bin/bash\n",
        "delivery": DELIVERY,
        "key_arn": None,
        "placement": None,
        "prevent_destroy": False,
        "depends_on": [],
    }
    return NotebookInstance(stack, "notebook", **values | changes)


def instance(**changes: Any) -> dict[str, Any]:
    resources = synthesized(lambda stack: notebook(stack, **changes))
    return only(resources, SagemakerNotebookInstance.TF_RESOURCE_TYPE)


def embedded(expression: str) -> bytes:
    """The script that stands as base64 in a Terraform expression."""
    encoded = re.findall(r'replace\(base64decode\("([A-Za-z0-9+/=]+)"\)', expression)[0]
    return base64.b64decode(encoded, validate=True)


def test_the_metadata_service_answers_version_2_only() -> None:
    assert instance()["instance_metadata_service_configuration"] == {"minimum_instance_metadata_service_version": "2"}


@pytest.mark.parametrize(("root_access", "value"), [(False, "Disabled"), (True, "Enabled")])
def test_root_access_is_as_set(root_access: bool, value: str) -> None:
    assert instance(notebook=NotebookSettings(root_access=root_access).checked())["root_access"] == value


def test_root_access_is_off_in_dev() -> None:
    platform = synthesized_platform(environment("dev"))
    assert only(platform["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)["root_access"] == "Disabled"


def test_both_hooks_are_the_same_script() -> None:
    """Terraform's provider cannot take an OnCreate away again."""
    resources = synthesized(notebook)
    lifecycle = only(resources, SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE)
    assert lifecycle["on_create"] == lifecycle["on_start"]
    assert embedded(lifecycle["on_start"]) == b"#!/bin/bash\n"
    assert '"notebook" = "lab"' in lifecycle["on_start"]


def test_the_script_is_told_after_how_many_minutes_the_instance_stops() -> None:
    settings = NotebookSettings(idle_stop_minutes=45).checked()
    resources = synthesized(lambda stack: notebook(stack, notebook=settings))
    lifecycle = only(resources, SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE)
    assert '"idle_stop_minutes" = 45' in lifecycle["on_start"]


def test_dev_ships_the_script_of_lifecycle_scripts() -> None:
    lifecycle = only(
        synthesized_platform(environment("dev"))["resource"],
        SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE,
    )
    scripts, _ = read_lifecycle_scripts(ROOT / "lifecycle_scripts")
    assert embedded(lifecycle["on_start"]) == scripts.notebook
    assert '"bucket" = aws_s3_bucket.data_bucket.bucket' in lifecycle["on_start"]


def test_the_notebook_waits_for_the_policies_its_log_group_and_the_sample_notebooks() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    waits_for = only(resources, SagemakerNotebookInstance.TF_RESOURCE_TYPE)["depends_on"]
    assert "aws_iam_role_policy.notebook_role_policy" in waits_for
    assert "aws_cloudwatch_log_group.log_groups_NotebookInstances" in waits_for
    assert "aws_s3_object.notebook_PythonCheatSheet" in waits_for


def test_without_a_subnet_the_way_to_the_internet_is_said_and_not_left_to_a_default() -> None:
    assert instance()["direct_internet_access"] == "Enabled"
    assert not instance().keys() & {"subnet_id", "security_groups", "kms_key_id"}


def test_in_a_subnet_there_is_no_direct_way_to_the_internet() -> None:
    private = instance(placement=PLACEMENT)
    assert private["direct_internet_access"] == "Disabled"
    assert (private["subnet_id"], private["security_groups"]) == ("subnet-1", ["sg-1"])


def test_the_volume_is_encrypted_with_the_environments_key() -> None:
    platform = synthesized_platform(environment("dev"))
    found = only(platform["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)
    assert found["kms_key_id"] == "${aws_kms_key.encryption_key.arn}"


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_staging_and_prod_have_no_notebook(name: str) -> None:
    platform = synthesized_platform(environment(name))
    assert SagemakerNotebookInstance.TF_RESOURCE_TYPE not in platform["resource"]
    assert "notebook_name" not in platform["output"]


@pytest.mark.parametrize(("protected", "kept"), [(True, True), (False, None)])
def test_a_protected_environments_volume_is_not_replaced(protected: bool, kept: bool | None) -> None:
    of = environment("staging", protected=protected, notebook=NotebookSettings())
    found = only(synthesized_platform(of)["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)
    assert found["lifecycle"].get("prevent_destroy") == kept


def test_every_plan_asks_for_the_size_of_the_volume_that_is_there() -> None:
    """That a smaller one is refused: tests/integration/test_notebook.py."""
    platform = synthesized_platform(environment("dev"))
    kind = DataAwsResourcegroupstaggingapiResources.TF_RESOURCE_TYPE
    there = platform["data"][kind]["notebook_there"]
    [arn] = there.pop("resource_arn_list")
    assert arn.endswith(":notebook-instance/ml-platform-dev")
    assert there == {}, "what waits for something is not known in the plan"
    [condition] = only(platform["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)["lifecycle"]["precondition"]
    assert condition["condition"].startswith(f"${{5 >= max(0, [for item in data.{kind}.notebook_there.")


def test_repositories_are_text_and_the_first_is_the_default() -> None:
    assert not instance().keys() & {"default_code_repository", "additional_code_repositories", "platform_identifier"}
    names = ["https://git.example.com/${a}.git", "b", "c", "d"]
    found = instance(notebook=NotebookSettings(git_repositories=names).checked())
    assert found["default_code_repository"] == "https://git.example.com/$${a}.git"
    assert found["additional_code_repositories"] == ["b", "c", "d"]


def test_the_platform_is_as_set() -> None:
    found = instance(notebook=NotebookSettings(platform="notebook-al2023-v1").checked())
    assert found["platform_identifier"] == "notebook-al2023-v1"


def test_tags_of_ones_own_stand_beside_the_volumes_size() -> None:
    found = instance(notebook=NotebookSettings(volume_size_gb=7, tags={"CostCenter": "a b"}).checked())
    assert found["tags"] == {"CostCenter": "a b", "VolumeSizeGb": "7"}
