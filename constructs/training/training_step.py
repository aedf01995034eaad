"""The step of a pipeline that trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from constructs.network.placement import Placement
from constructs.training.definition_text import Reference
from settings.limits import has_instance_storage
from settings.trained_artifact import TRAINING_OUTPUT
from settings.training import CODE, ScriptTraining, TrainingSettings
from settings.training_files import SCRIPT

STEP = "Train"
# Where SageMaker puts a channel: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
CODE_FOLDER = f"/opt/ml/input/data/{CODE}"


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """A training job, whose name begins with `name`: SageMaker adds the execution's id, a token and a number.

    It is isolated from the network, and in the environment's where there is one: SageMaker itself brings the data, and
    the script by a channel of its own, whose folder AWS's images copy it from. Instances with disks of their own take
    no key, and what several instances tell each other is encrypted: their security groups must let UDP 500 and ESP
    through, which those of a network that exists have to be asked for.
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
    https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/files.py
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html

    `tags` are those of all that is the platform's: Terraform's provider gives them to what it makes, and makes no job.
    """

    name: str
    training: TrainingSettings
    image: Reference
    role_arn: str
    bucket_name: str
    data: Mapping[str, str]  # by channel, the prefix of its objects
    code: str | None  # the script's prefix
    key_arn: str | None
    placement: Placement | None
    tags: Mapping[str, str]

    @property
    def json(self) -> dict[str, Any]:
        return {"Name": STEP, "Type": "Training", "Arguments": self._arguments()}

    def metric(self) -> dict[str, str]:
        """The value of the one that judges, as SageMaker found it last."""
        return {"Get": f"Steps.{STEP}.FinalMetricDataList['{self.training.metric.name}'].Value"}

    def _arguments(self) -> dict[str, Any]:
        training, stops = self.training, {"MaxRuntimeInSeconds": self.training.max_runtime_seconds}
        arguments: dict[str, Any] = {
            "TrainingJobName": self.name,
            "RoleArn": Reference(to=self.role_arn),
            "InputDataConfig": [self._channel(channel, prefix, "text/csv") for channel, prefix in self.data.items()],
            "OutputDataConfig": {"S3OutputPath": self._uri(TRAINING_OUTPUT), **self._key("KmsKeyId")},
            "ResourceConfig": {
                "InstanceType": training.instance_type,
                "InstanceCount": training.instance_count,
                "VolumeSizeInGB": training.volume_size_gb,
                **({} if has_instance_storage(training.instance_type) else self._key("VolumeKmsKeyId")),
            },
            "StoppingCondition": stops,
            "HyperParameters": {**training.hyperparameters},
            "EnableNetworkIsolation": True,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }
        algorithm: dict[str, Any] = {"TrainingImage": self.image, "TrainingInputMode": "File"}
        if isinstance(training, ScriptTraining):
            algorithm["MetricDefinitions"] = [{"Name": training.metric.name, "Regex": training.metric.regex}]
        if self.code is not None:
            arguments["InputDataConfig"].append(self._channel(CODE, self.code))
            arguments["HyperParameters"] |= {
                "sagemaker_program": SCRIPT,
                "sagemaker_submit_directory": CODE_FOLDER,
            }
        if training.instance_count > 1:
            arguments["EnableInterContainerTrafficEncryption"] = True
        if training.spot is not None:
            stops["MaxWaitTimeInSeconds"] = training.spot.max_wait_seconds
            arguments["EnableManagedSpotTraining"] = True
            if isinstance(training, ScriptTraining):
                arguments["CheckpointConfig"] = {"S3Uri": self._checkpoints()}
        if self.placement is not None:
            arguments["VpcConfig"] = {
                "Subnets": [Reference(to=subnet) for subnet in self.placement.subnet_ids],
                "SecurityGroupIds": [Reference(to=group) for group in self.placement.security_group_ids],
            }
        return {**arguments, "AlgorithmSpecification": algorithm}

    def _channel(self, name: str, prefix: str, content_type: str | None = None) -> dict[str, Any]:
        return {
            "ChannelName": name,
            "InputMode": "File",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3Uri": self._uri(prefix),
                }
            },
            **({} if content_type is None else {"ContentType": content_type}),
        }

    def _checkpoints(self) -> dict[str, Any]:
        """Of this execution alone: another one must not go on where this one was interrupted."""
        place = self._uri(f"{TRAINING_OUTPUT}checkpoints/{self.name}")
        return {"Std:Join": {"On": "/", "Values": [place, {"Get": "Execution.PipelineExecutionId"}]}}

    def _key(self, field: str) -> dict[str, Reference]:
        return {} if self.key_arn is None else {field: Reference(to=self.key_arn)}

    def _uri(self, key: str) -> Reference:
        return Reference(to=f"s3://{self.bucket_name}/", text=key)
