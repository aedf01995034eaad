"""The training job that Lab1 starts, as its own cell asks SageMaker for it: held against botocore's service model."""

import json
import runpy
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from stacks.environments import ROOT
from tests.support.policies import KEY

VOLUME = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
ROLE = "arn:aws:iam::111111111111:role/training"
OUTPUT = {"S3OutputPath": "s3://acme/training-output/lab1/"}


def training_job(described: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the cell that starts the job asks for, in a notebook instance that is described so."""
    [cell] = [
        "".join(cell["source"])
        for cell in json.loads((ROOT / "notebooks/Lab1-train-a-linear-learner.ipynb").read_text())["cells"]
        if "create_training_job" in "".join(cell["source"])
    ]
    metadata, program = folder / "resource-metadata.json", folder / "cell.py"
    metadata.write_text(json.dumps({"ResourceName": "ml-platform-dev"}))
    program.write_text(cell.replace("<TRAINING_ROLE_ARN>", ROLE))
    client, asked = boto3.Session().client("sagemaker", region_name="us-east-1"), dict[str, Any]()
    client.meta.events.register(
        "provide-client-params.sagemaker.CreateTrainingJob", lambda params, **_: asked.update(params)
    )
    with Stubber(client) as stubber:
        stubber.add_response("describe_notebook_instance", described, {"NotebookInstanceName": "ml-platform-dev"})
        stubber.add_response("create_training_job", {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:111111111111:x"})
        known = {"json": json, "time": time, "Path": lambda _: metadata, "sagemaker": client}
        runpy.run_path(str(program), known | {"bucket": "acme", "region": "us-east-1"})
    return asked


@pytest.fixture(autouse=True)
def sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the SageMaker Python SDK, of which the lab takes the image's address."""
    module = ModuleType("sagemaker")
    module.image_uris = SimpleNamespace(retrieve=lambda *_: "image")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sagemaker", module)


def test_the_model_and_the_volume_are_encrypted_with_the_notebooks_key(tmp_path: Path) -> None:
    """Without a KmsKeyId SageMaker takes the account's key for S3, not the bucket's:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    """
    asked = training_job({"KmsKeyId": KEY}, tmp_path)
    assert asked["OutputDataConfig"] == OUTPUT | {"KmsKeyId": KEY}
    assert asked["ResourceConfig"] == VOLUME | {"VolumeKmsKeyId": KEY}


def test_without_a_key_none_is_named(tmp_path: Path) -> None:
    asked = training_job({}, tmp_path)
    assert (asked["OutputDataConfig"], asked["ResourceConfig"]) == (OUTPUT, VOLUME)


def test_the_job_runs_in_the_notebooks_network(tmp_path: Path) -> None:
    asked = training_job({"SubnetId": "subnet-1", "SecurityGroups": ["sg-1"]}, tmp_path)
    assert asked["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
