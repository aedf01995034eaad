"""The definition of a pipeline that trains, judges and registers, as constructs/training/ writes it."""

from typing import Any

METRIC = {"Get": "Steps.Train.FinalMetricDataList['validation:accuracy'].Value"}
ARTIFACT = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
TRAINING: dict[str, Any] = {
    "Version": "2020-12-01",
    "Metadata": {},
    "Parameters": [],
    "Steps": [
        {
            "Name": "Train",
            "Type": "Training",
            "Arguments": {
                "TrainingJobName": "ml-platform-dev-breast-cancer",
                "AlgorithmSpecification": {
                    "TrainingImage": "1.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "validation:accuracy", "Regex": "validation:accuracy=([0-9.]+)"}],
                },
                "RoleArn": "arn:aws:iam::111111111111:role/training",
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "ContentType": "text/csv",
                        "InputMode": "File",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3DataDistributionType": "FullyReplicated",
                                "S3Uri": "s3://acme/training-data/breast-cancer/train/",
                            }
                        },
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://acme/training-output/", "KmsKeyId": "key"},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 10,
                    "VolumeKmsKeyId": "key",
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                "HyperParameters": {"columns": "all", "sagemaker_program": "train.py"},
                "EnableNetworkIsolation": True,
                "EnableManagedSpotTraining": True,
                "CheckpointConfig": {
                    "S3Uri": {
                        "Std:Join": {
                            "On": "/",
                            "Values": ["s3://acme/training-output", {"Get": "Execution.PipelineExecutionId"}],
                        }
                    }
                },
            },
        },
        {
            "Name": "Judge",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": METRIC, "RightValue": 0.95}],
                "IfSteps": [
                    {
                        "Name": "Register",
                        "Type": "RegisterModel",
                        "Arguments": {
                            "ModelPackageGroupName": "ml-platform-dev-breast-cancer",
                            "ModelApprovalStatus": "PendingManualApproval",
                            "InferenceSpecification": {
                                "Containers": [{"Image": "image", "ModelDataUrl": ARTIFACT, "Environment": {"A": "b"}}],
                                "SupportedContentTypes": ["text/csv"],
                                "SupportedResponseMIMETypes": ["text/csv"],
                            },
                            "CustomerMetadataProperties": {
                                "training_job": {"Get": "Steps.Train.TrainingJobName"},
                                "pipeline_execution": {"Get": "Execution.PipelineExecutionArn"},
                                "value": {"Std:Join": {"On": "", "Values": [METRIC]}},
                            },
                        },
                    }
                ],
                "ElseSteps": [
                    {
                        "Name": "Fail",
                        "Type": "Fail",
                        "Arguments": {"ErrorMessage": {"Std:Join": {"On": "", "Values": ["accuracy is ", METRIC]}}},
                    }
                ],
            },
        },
    ],
}


def step(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The step of that name in a copy of TRAINING."""
    train, judge = document["Steps"]
    branches = judge["Arguments"]
    found: dict[str, Any] = {
        item["Name"]: item for item in (train, judge, *branches["IfSteps"], *branches["ElseSteps"])
    }[name]
    return found
