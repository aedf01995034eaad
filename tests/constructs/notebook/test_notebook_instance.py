import base64
import re
from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import SagemakerNotebookInstance
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)

from constructs.notebook.notebook_instance import NotebookInstance
from settings.notebook import NotebookSettings
from stacks.environments import ROOT
from tests.support.parts import PLACEMENT
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

AWKWARD_SCRIPT = b"#!/bin/bash\necho \"${HOME} %{x} \\n 'quoted' @BUCKET@\" # caf\xc3\xa9\n"


def notebook(stack: TerraformStack, **changes: Any) -> NotebookInstance:
    values: dict[str, Any] = {
        "name": "lab",
        "notebook": NotebookSettings().checked(),
        "role_arn": "arn:aws:iam::111111111111:role/lab",
        "on_create": AWKWARD_SCRIPT,
        "on_start": b"#!/bin/bash\n",
        "placeholders": {"@BUCKET@": "acme-data"},
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
    [encoded] = re.findall(r'base64decode\("([A-Za-z0-9+/=]+)"\)', expression)
    return base64.b64decode(encoded, validate=True)


def test_the_metadata_service_answers_version_2_only() -> None:
    assert instance()["instance_metadata_service_configuration"] == {"minimum_instance_metadata_service_version": "2"}


@pytest.mark.parametrize(("root_access", "value"), [(False, "Disabled"), (True, "Enabled")])
def test_root_access_is_as_set(root_access: bool, value: str) -> None:
    assert instance(notebook=NotebookSettings(root_access=root_access).checked())["root_access"] == value


def test_root_access_is_off_in_dev() -> None:
    platform = synthesized_platform(environment("dev"))
    assert only(platform["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)["root_access"] == "Disabled"


def test_a_script_stands_in_the_json_as_base64_of_its_own_bytes() -> None:
    resources = synthesized(notebook)
    lifecycle = only(resources, SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE)
    assert embedded(lifecycle["on_create"]) == AWKWARD_SCRIPT


def test_terraform_puts_the_buckets_name_into_the_script() -> None:
    resources = synthesized(notebook)
    lifecycle = only(resources, SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE)
    assert re.fullmatch(r'\$\{base64encode\(replace\(.*, "@BUCKET@", "acme-data"\)\)\}', lifecycle["on_create"])


def test_dev_ships_the_scripts_of_lifecycle_scripts() -> None:
    lifecycle = only(
        synthesized_platform(environment("dev"))["resource"],
        SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE,
    )
    for hook in ("on_create", "on_start"):
        assert embedded(lifecycle[hook]) == (ROOT / f"lifecycle_scripts/{hook}.sh").read_bytes()
        assert '"@DATA_BUCKET@", aws_s3_bucket.data_bucket.bucket)' in lifecycle[hook]
        assert '"@TRAINING_ROLE_ARN@", format("arn:%s:iam::%s:role/%s", ' in lifecycle[hook]
        assert lifecycle[hook].endswith('"@REGION@", "us-east-1"))}')


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


@pytest.mark.parametrize(("protected", "lifecycle"), [(True, {"prevent_destroy": True}), (False, None)])
def test_a_protected_environments_volume_is_not_replaced(protected: bool, lifecycle: dict[str, bool] | None) -> None:
    of = environment("staging", protected=protected, notebook=NotebookSettings())
    found = only(synthesized_platform(of)["resource"], SagemakerNotebookInstance.TF_RESOURCE_TYPE)
    assert found.get("lifecycle") == lifecycle
