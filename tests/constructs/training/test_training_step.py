"""The arguments of the training job that a pipeline starts."""

import json
from dataclasses import replace
from typing import Any

import pytest

from constructs.training.definition_text import canonical
from constructs.training.training_step import TrainingStep
from settings.spot import SpotSettings
from tests.support import parts
from tests.support.pipelines import BUILT_IN, SCRIPT


def arguments(step: TrainingStep, **training: Any) -> dict[str, Any]:
    changed = replace(step, training=step.training.model_copy(update=training).checked())
    made: dict[str, Any] = json.loads(canonical(changed.json))["Arguments"]
    return made


def test_a_script_comes_by_a_channel_of_its_own_and_is_told_to_the_image() -> None:
    made = arguments(SCRIPT, hyperparameters={"columns": "means"})
    channels = {item["ChannelName"]: item for item in made["InputDataConfig"]}
    uris = {name: item["DataSource"]["S3DataSource"]["S3Uri"] for name, item in channels.items()}
    assert uris == {
        "train": "s3://acme-data/training-data/a/train/",
        "validation": "s3://acme-data/training-data/a/validation/",
        "code": "s3://acme-data/training-code/breast-cancer/0123456789ab/",
    }
    assert "ContentType" not in channels["code"]
    assert channels["train"]["ContentType"] == "text/csv"
    assert made["HyperParameters"] == {
        "columns": "means",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code",
    }
    assert made["AlgorithmSpecification"]["MetricDefinitions"] == [
        {"Name": "validation:accuracy", "Regex": "validation:accuracy=([0-9.]+)"}
    ]


def test_awss_own_algorithm_has_neither_a_script_nor_expressions_for_its_metrics() -> None:
    made = arguments(BUILT_IN)
    assert [item["ChannelName"] for item in made["InputDataConfig"]] == ["train", "validation"]
    assert made["HyperParameters"] == {"predictor_type": "binary_classifier"}
    assert "MetricDefinitions" not in made["AlgorithmSpecification"]
    assert BUILT_IN.metric() == {
        "Get": "Steps.Train.FinalMetricDataList['validation:binary_classification_accuracy'].Value"
    }


def test_it_is_isolated_and_in_the_network_where_there_is_one() -> None:
    made = arguments(SCRIPT)
    assert made["EnableNetworkIsolation"] is True
    assert made["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    without = arguments(replace(SCRIPT, placement=None))
    assert without["EnableNetworkIsolation"] is True
    assert "VpcConfig" not in without


@pytest.mark.parametrize(
    ("instance_type", "key_arn", "volume", "output"),
    [
        ("ml.m5.large", parts.KEY_ARN, parts.KEY_ARN, parts.KEY_ARN),
        ("ml.g5.xlarge", parts.KEY_ARN, None, parts.KEY_ARN),  # disks of its own
        ("ml.m5.large", None, None, None),
    ],
)
def test_volume_and_output_are_encrypted_with_the_environments_key(
    instance_type: str, key_arn: str | None, volume: str | None, output: str | None
) -> None:
    made = arguments(replace(SCRIPT, key_arn=key_arn), instance_type=instance_type)
    assert made["ResourceConfig"].get("VolumeKmsKeyId") == volume
    assert made["OutputDataConfig"].get("KmsKeyId") == output
    assert made["OutputDataConfig"]["S3OutputPath"] == "s3://acme-data/training-output/"


def test_what_several_instances_tell_each_other_is_encrypted() -> None:
    assert arguments(SCRIPT, instance_count=2)["EnableInterContainerTrafficEncryption"] is True
    assert "EnableInterContainerTrafficEncryption" not in arguments(SCRIPT)


def test_spot_instances_wait_and_a_script_has_checkpoints_of_its_own_execution() -> None:
    spot = SpotSettings(max_wait_seconds=3600)
    made = arguments(SCRIPT, spot=spot, max_runtime_seconds=1800)
    assert made["EnableManagedSpotTraining"] is True
    assert made["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600}
    place = "s3://acme-data/training-output/checkpoints/acme-prod-breast-cancer"
    assert made["CheckpointConfig"] == {
        "S3Uri": {"Std:Join": {"On": "/", "Values": [place, {"Get": "Execution.PipelineExecutionId"}]}}
    }
    assert "CheckpointConfig" not in arguments(BUILT_IN, spot=spot)
    on_demand = arguments(SCRIPT)
    assert on_demand["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert {"EnableManagedSpotTraining", "CheckpointConfig"}.isdisjoint(on_demand)


def test_jobs_have_the_tags_that_terraform_gives_to_what_it_makes() -> None:
    assert arguments(SCRIPT)["Tags"] == [{"Key": "Project", "Value": "acme"}, {"Key": "Owner", "Value": "ann"}]
