from pathlib import Path
from typing import Any

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import SagemakerNotebookInstance

from constructs.network.placement import Placement
from constructs.notebook.notebook import Notebook
from settings.notebook import NotebookSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized


def notebook(folder: Path, *names: str, placement: Placement | None = None) -> Resources:
    samples = [folder / name for name in names]
    for path in samples:
        path.touch()

    def build(stack: TerraformStack) -> None:
        Notebook(
            stack,
            "(notebook)",
            account=parts.account(stack),
            names=parts.names(),
            notebook=NotebookSettings().checked(),
            has_studio=False,
            sagemaker_full_access=False,
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
            training_role_arn="arn:aws:iam::111111111111:role/training",
            placement=placement,
            on_create=b"#!/bin/bash\n",
            on_start=b"#!/bin/bash\n",
            samples=samples,
            prevent_destroy=False,
            depends_on=[],
        )

    return synthesized(build)


def sample_keys(resources: Resources) -> set[str]:
    return {item["key"] for item in resources["aws_s3_object"].values() if "source" in item}


def instance(resources: Resources) -> dict[str, Any]:
    return only(resources, SagemakerNotebookInstance.TF_RESOURCE_TYPE)


def test_the_instance_waits_until_its_role_has_its_policy_and_has_settled_and_for_every_sample(tmp_path: Path) -> None:
    resources = notebook(tmp_path, "Lab1.ipynb", "PythonCheatSheet.ipynb")
    assert sample_keys(resources) == {"notebooks/Lab1.ipynb", "notebooks/PythonCheatSheet.ipynb"}
    kinds = [address.split(".")[0] for address in instance(resources)["depends_on"]]
    assert kinds == ["aws_iam_role_policy", "terraform_data", "aws_s3_object", "aws_s3_object"]


def test_a_sample_may_be_called_as_a_part_of_the_notebook_and_with_any_characters(tmp_path: Path) -> None:
    resources = notebook(tmp_path, "role.ipynb", "a file (1).ipynb")
    assert sample_keys(resources) == {"notebooks/role.ipynb", "notebooks/a file (1).ipynb"}


def test_instance_and_role_are_in_the_placement(tmp_path: Path) -> None:
    resources = notebook(tmp_path, placement=parts.PLACEMENT)
    assert instance(resources)["subnet_id"] == "subnet-1"
    assert instance(resources)["name"] == "acme-prod"
