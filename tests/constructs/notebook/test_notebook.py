import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance import SagemakerNotebookInstance
from cdktf_cdktf_provider_aws.sagemaker_notebook_instance_lifecycle_configuration import (
    SagemakerNotebookInstanceLifecycleConfiguration,
)

from constructs.notebook.notebook import Notebook
from settings.network import ExistingNetworkSettings, NetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized

NETWORK = ExistingNetworkSettings(
    subnet_ids=["subnet-00000000000000001", "subnet-00000000000000002"], security_group_ids=["sg-00000000000000001"]
).checked()


def notebook(
    folder: Path,
    *names: str,
    network: NetworkSettings | None = None,
    image_repositories: Sequence[str] = ("linear-learner",),
    key_arn: str | None = parts.KEY_ARN,
) -> Resources:
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
            key_arn=key_arn,
            training_role_arn="arn:aws:iam::111111111111:role/training",
            network=parts.network(stack, network),
            image_repositories=image_repositories,
            script=b"#!/bin/bash\n",
            notebook_delivery=NotebookDeliverySettings().checked(),
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
    resources = notebook(tmp_path, network=NETWORK)
    assert instance(resources)["subnet_id"] == NETWORK.subnet_ids[0]
    assert instance(resources)["name"] == "acme-prod"


def placeholders(resources: Resources) -> dict[str, str]:
    """What is filled in, as it stands in the script's expression: references, text in quotes, and lists joined."""
    expression = only(resources, SagemakerNotebookInstanceLifecycleConfiguration.TF_RESOURCE_TYPE)["on_start"]
    [(encoded, values)] = re.findall(r'zipmap\(jsondecode\(base64decode\("([^"]+)"\)\), \[(.*)\]\)', expression)
    names = json.loads(base64.b64decode(encoded))
    return dict(zip(names, re.findall(r'join\(.*?\]\)|"[^"]*"|[^", ]+', values), strict=True))


def test_what_a_notebook_needs_is_filled_in(tmp_path: Path) -> None:
    bucket = "aws_s3_bucket.data_bucket.bucket"
    filled_in = placeholders(notebook(tmp_path, network=NETWORK))
    image = filled_in.pop("<LINEAR_LEARNER_IMAGE>")
    assert re.fullmatch(r"data\.aws_sagemaker_prebuilt_ecr_image\.\w*linear_learner_image\w*\.registry_path", image)
    assert filled_in == {
        "<DATA_BUCKET>": bucket,
        "<LabBucketName>": bucket,
        "ml-pipeline-bucket": bucket,
        "<TRAINING_ROLE_ARN>": '"arn:aws:iam::111111111111:role/training"',
        "<TRAINING_JOB_PREFIX>": '"acme-prod-"',
        "<KMS_KEY_ARN>": f'"{parts.KEY_ARN}"',
        "<SUBNET_IDS>": f'join(",", {json.dumps(NETWORK.subnet_ids)})',
        "<SECURITY_GROUP_IDS>": f'join(",", {json.dumps(NETWORK.security_group_ids)})',
        "<ENDPOINT_NAME>": '"linear-learner"',
        "<ENVIRONMENT>": '"prod"',
    }


def test_subnets_and_groups_that_terraform_makes_are_joined_by_terraform(tmp_path: Path) -> None:
    """What is joined here would be a text with references in it, which CDKTF cannot put into a function."""
    filled_in = placeholders(notebook(tmp_path, network=NewNetworkSettings(cidr_block="10.0.16.0/20").checked()))
    assert re.fullmatch(r'join\(",", \[aws_subnet\.\w+\.id, aws_subnet\.\w+\.id\]\)', filled_in["<SUBNET_IDS>"])
    assert "aws_security_group." in filled_in["<SECURITY_GROUP_IDS>"]


def test_what_an_environment_has_not_is_filled_in_as_nothing(tmp_path: Path) -> None:
    filled_in = placeholders(notebook(tmp_path, image_repositories=["sagemaker-xgboost"], key_arn=None))
    for name in ("<LINEAR_LEARNER_IMAGE>", "<KMS_KEY_ARN>", "<SUBNET_IDS>", "<SECURITY_GROUP_IDS>"):
        assert filled_in[name] == '""'
