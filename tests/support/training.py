"""A training of dev as SageMaker plays it: the definition that is deployed, executions, jobs, versions."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.response import StreamingBody

from tests.support.played import ACCOUNT, Answers, refusal

NAME = "ml-platform-dev-breast-cancer"
REGION = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
PIPELINE = f"{REGION}:pipeline/{NAME}"
BUCKET = f"ml-platform-dev-sagemaker-{ACCOUNT}-us-east-1"
EXECUTION = f"{PIPELINE}/execution/abcdefghijkl"
JOB = f"{NAME}-abcdefghijkl-0123456789-0"
METRIC = "validation:accuracy"
BEGAN = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ARTIFACT = f"s3://{BUCKET}/training-output/{JOB}/output/model.tar.gz"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
VARIABLES = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
BELOW = f"breast-cancer: {METRIC} is 0.91: must be at least 0.95 to be registered"


def definition(code: str = "c0de", data: str = "da7a", condition: str = "GreaterThanOrEqualTo") -> str:
    """As constructs/training/ writes it: what the commands read of it."""

    def channel(name: str, prefix: str) -> dict[str, Any]:
        return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3Uri": f"s3://{BUCKET}/{prefix}/"}}}

    training = {
        "AlgorithmSpecification": {"MetricDefinitions": [{"Name": METRIC, "Regex": f"{METRIC}=([0-9.]+)"}]},
        "InputDataConfig": [
            channel("train", f"training-data/breast-cancer/{data}/train"),
            channel("validation", f"training-data/breast-cancer/{data}/validation"),
            channel("code", f"training-code/breast-cancer/{code}"),
        ],
    }
    judged = {"Get": f"Steps.Train.FinalMetricDataList['{METRIC}'].Value"}
    judge = {
        "Conditions": [{"Type": condition, "LeftValue": judged, "RightValue": 0.95}],
        "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": {}}],
        "ElseSteps": [{"Name": "Fail", "Type": "Fail", "Arguments": {}}],
    }
    steps = [
        {"Name": "Train", "Type": "Training", "Arguments": training},
        {"Name": "Judge", "Type": "Condition", "Arguments": judge},
    ]
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps})


def step(name: str, status: str, *, seconds: int | None = None, **others: Any) -> dict[str, Any]:
    """One as ListPipelineExecutionSteps has it; with `seconds` it has ended."""
    ended = {} if seconds is None else {"EndTime": BEGAN + timedelta(seconds=seconds)}
    return {"StepName": name, "StepStatus": status, "StartTime": BEGAN, **ended, **others}


TRAINING_JOB = {"TrainingJob": {"Arn": f"{REGION}:training-job/{JOB}"}}
PACKAGE = f"{REGION}:model-package/{NAME}/3"
TRAINED = step("Train", "Succeeded", seconds=192, Metadata=TRAINING_JOB)
REGISTERED = [
    TRAINED,
    step("Judge", "Succeeded", seconds=193, Metadata={"Condition": {"Outcome": "True"}}),
    step("Register", "Succeeded", seconds=195, Metadata={"RegisterModel": {"Arn": PACKAGE}}),
]
REFUSED = [
    TRAINED,
    step("Judge", "Succeeded", seconds=193, Metadata={"Condition": {"Outcome": "False"}}),
    step("Fail", "Failed", seconds=194, Metadata={"Fail": {"ErrorMessage": BELOW}}),
]


def execution(status: str, **others: Any) -> dict[str, Any]:
    return {"PipelineExecutionArn": EXECUTION, "PipelineArn": PIPELINE, "PipelineExecutionStatus": status, **others}


def job(status: str, secondary: str, value: float | None = None, **others: Any) -> dict[str, Any]:
    """As DescribeTrainingJob has it, whose metrics are of single precision."""
    metrics = [] if value is None else [{"MetricName": METRIC, "Value": value, "Timestamp": BEGAN}]
    return {
        "TrainingJobName": JOB,
        "TrainingJobArn": f"{REGION}:training-job/{JOB}",
        "ModelArtifacts": {"S3ModelArtifacts": ARTIFACT},
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 10},
        "StoppingCondition": {},
        "CreationTime": BEGAN,
        "FinalMetricDataList": metrics,
        **others,
    }


def events(lines: Sequence[str], token: str) -> dict[str, Any]:
    return {"events": [{"timestamp": 0, "message": line} for line in lines], "nextForwardToken": token}


def package(number: int, approval: str = "PendingManualApproval", **others: Any) -> dict[str, Any]:
    """As DescribeModelPackage has it."""
    return {
        "ModelPackageName": NAME,
        "ModelPackageGroupName": NAME,
        "ModelPackageVersion": number,
        "ModelPackageArn": f"{REGION}:model-package/{NAME}/{number}",
        "CreationTime": BEGAN,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": ARTIFACT, "Environment": VARIABLES}]
        },
        "CustomerMetadataProperties": {
            "training_job": JOB,
            "pipeline_execution": EXECUTION,
            "metric": METRIC,
            "value": "0.9860140085220337",
        },
        **others,
    }


def registry(*packages: dict[str, Any]) -> Answers:
    """A group of these versions, which are listed two at a time."""
    newest_first = sorted(packages, key=lambda item: -item["ModelPackageVersion"])
    summary = ("ModelPackageArn", "CreationTime", "ModelPackageStatus")

    def listed(*, NextToken: str = "0", **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's
        begin = int(NextToken)
        page = [{key: item[key] for key in summary} for item in newest_first[begin : begin + 2]]
        more = {"NextToken": str(begin + 2)} if begin + 2 < len(newest_first) else {}
        return {"ModelPackageSummaryList": page, **more}

    def group(*, ModelPackageGroupName: str) -> dict[str, Any]:  # noqa: N803
        return {
            "ModelPackageGroupName": ModelPackageGroupName,
            "ModelPackageGroupArn": f"{REGION}:model-package-group/{ModelPackageGroupName}",
            "CreationTime": BEGAN,
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        }

    def described(*, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        for item in packages:
            if item["ModelPackageArn"] == ModelPackageName:
                return item
        raise refusal("ValidationException", "does not exist")

    return {"DescribeModelPackageGroup": group, "ListModelPackages": listed, "DescribeModelPackage": described}


def objects(contents: Mapping[str, bytes]) -> Answers:
    """S3 with these, by their URLs."""

    def found(bucket: str, key: str, absent: str) -> bytes:
        url = f"s3://{bucket}/{key}"
        if url not in contents:
            raise refusal(absent, status=404)
        return contents[url]

    def head(*, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return {"ContentLength": len(found(Bucket, Key, "404"))}

    def get(*, Bucket: str, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803
        content = found(Bucket, Key, "NoSuchKey")
        return {"Body": StreamingBody(io.BytesIO(content), len(content)), "ContentLength": len(content)}

    return {"HeadObject": head, "GetObject": get}


def endpoints(shadows: Mapping[str, dict[str, Any]] | None = None, /, **containers: dict[str, Any]) -> Answers:
    """Each serves one model of its own, and those that `shadows` has one beside it."""
    of_models = {**containers, **{f"{name}-shadow": container for name, container in (shadows or {}).items()}}

    def endpoint(*, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        if EndpointName not in containers:
            raise refusal("ValidationException", "Could not find endpoint")
        return {
            "EndpointName": EndpointName,
            "EndpointArn": f"{REGION}:endpoint/{EndpointName}",
            "EndpointConfigName": f"{EndpointName}-1",
            "EndpointStatus": "InService",
            "CreationTime": BEGAN,
            "LastModifiedTime": BEGAN,
        }

    def configuration(*, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        name = EndpointConfigName.removesuffix("-1")
        shadow = {"VariantName": "shadow", "ModelName": f"ml-platform-dev-{name}-shadow"}
        return {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": f"{REGION}:endpoint-config/{EndpointConfigName}",
            "CreationTime": BEGAN,
            "ProductionVariants": [{"VariantName": "production", "ModelName": f"ml-platform-dev-{name}"}],
            **({"ShadowProductionVariants": [shadow]} if name in (shadows or {}) else {}),
        }

    def model(*, ModelName: str) -> dict[str, Any]:  # noqa: N803
        return {
            "ModelName": ModelName,
            "ModelArn": f"{REGION}:model/{ModelName}",
            "CreationTime": BEGAN,
            "PrimaryContainer": of_models[ModelName.removeprefix("ml-platform-dev-")],
        }

    return {"DescribeEndpoint": endpoint, "DescribeEndpointConfig": configuration, "DescribeModel": model}
