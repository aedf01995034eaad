"""The settings of one training: what trains, on what, on which instances, and the metric that judges the model.

What SageMaker does not let be combined has no field here: its own algorithms take no script, no image and no regular
expressions for their metrics.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from settings import limits, linear_learner
from settings.base import Rules, Settings, kind_of
from settings.limits import (
    ChannelName,
    DataPrefix,
    HyperparameterName,
    HyperparameterValue,
    ImageTag,
    MaxRuntimeSeconds,
    Name,
    ProjectFolder,
    TrainingInstanceCount,
    TrainingInstanceType,
    TrainingVolumeSizeGb,
)
from settings.problems import Problem
from settings.schedule import ScheduleSettings
from settings.spot import SpotSettings
from settings.suggestions import one_of
from settings.training_metric import BuiltInMetricSettings, ScriptMetricSettings

# The channel that a script comes by, which needs one of SageMaker's twenty: isolated from the network, a container
# cannot fetch it from S3 itself.
CODE = "code"
NAME = "its name, as `<project>-<environment>-<name>` that of its pipeline and of the group of its models"
HYPERPARAMETERS = "what the algorithm is told, as text; "
Hyperparameters = Mapping[HyperparameterName, HyperparameterValue]


class _TrainingSettings(Settings):
    own_hyperparameters: ClassVar[int] = 0  # how many the platform may add

    name: Name = Field(description=NAME)
    hyperparameters: Hyperparameters = Field(description=HYPERPARAMETERS)
    instance_type: TrainingInstanceType = Field(default="ml.m5.large", description="instance type")
    instance_count: TrainingInstanceCount = Field(default=1, description="number of instances")
    volume_size_gb: TrainingVolumeSizeGb = Field(
        default=10, description="size of each instance's volume, in GB, which holds data and model"
    )
    max_runtime_seconds: MaxRuntimeSeconds = Field(
        default=3600, description="seconds of training after which SageMaker stops it"
    )
    spot: SpotSettings | None = Field(
        default=None,
        description="spot instances, where a script finds /opt/ml/checkpoints again as it left it; left out: on demand",
    )
    channels: Sequence[ChannelName] = Field(
        default=("train", "validation"),
        min_length=1,
        max_length=limits.CHANNELS_MAX_COUNT,
        description="channels: the parts of the data, each a folder",
    )
    data_prefix: DataPrefix | None = Field(
        default=None,
        description="where the data is in the data bucket: `training-data/<data_prefix>/<channel>/`; left out: the "
        "training's name",
    )
    sample_data: ProjectFolder | None = Field(
        default=None,
        description="a folder of the project, with one folder for each channel. A deploy uploads it below "
        "`training-data/<data_prefix>/<digest of the files>/`, and what was put at the prefix by hand is not read. "
        "Left out: no data comes with a deploy",
    )
    schedule: ScheduleSettings | None = Field(default=None, description="when it runs by itself; left out: never")

    @property
    def takes_a_key(self) -> bool:
        """Whether SageMaker lets a KMS key be named for the instances' storage."""
        return not limits.has_instance_storage(self.instance_type)

    @property
    def data_folder(self) -> str:
        """Below `training-data/`."""
        return self.name if self.data_prefix is None else self.data_prefix

    def rules(self) -> Rules:
        return self._waits_as_long_as_it_runs(), self._channels_differ(), self._hyperparameters_fit()

    def _waits_as_long_as_it_runs(self) -> Iterator[Problem]:
        if self.spot is not None and self.spot.max_wait_seconds < self.max_runtime_seconds:
            yield Problem(
                path="spot.max_wait_seconds",
                value=self.spot.max_wait_seconds,
                allowed=f"must be at least max_runtime_seconds, {self.max_runtime_seconds}",
                page=limits.STOPPING,
            )

    def _channels_differ(self) -> Iterator[Problem]:
        """A script finds each by a variable, SM_CHANNEL_TRAIN, in upper case."""
        if len({channel.upper() for channel in self.channels}) < len(self.channels):
            allowed = "must differ, and in more than upper and lower case"
            yield Problem(path="channels", value=[*self.channels], allowed=allowed)

    def _hyperparameters_fit(self) -> Iterator[Problem]:
        most = limits.HYPERPARAMETERS_MAX_COUNT - self.own_hyperparameters
        if len(self.hyperparameters) > most:
            yield Problem(
                path="hyperparameters",
                value=f"{len(self.hyperparameters)} hyperparameters",
                allowed=f"must be at most {most}",
                page=limits.TRAINING_JOB,
            )
        size = limits.size_in_json(self.hyperparameters)
        if size > limits.HYPERPARAMETERS_MAX_CHARACTERS:
            yield Problem(
                path="hyperparameters",
                value=f"{size} characters",
                allowed=f"must be at most {limits.HYPERPARAMETERS_MAX_CHARACTERS} in JSON, for a script to get them "
                "all in one variable, SM_TRAINING_ENV",
                page=limits.EXECVE,
            )


class ScriptTraining(_TrainingSettings):
    """A script of the project, train.py, run by one of AWS's framework images."""

    # Named sagemaker_*, which is theirs: what the script is and where it lies.
    # https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/params.py
    own_hyperparameters: ClassVar[int] = 5
    own_prefix: ClassVar[str] = "sagemaker_"

    kind: Literal["script"] = "script"
    source: ProjectFolder = Field(
        description="a folder of the project: train.py and what it needs; not what is in data/, what is hidden, "
        "__pycache__, *.csv and *.tar.gz",
    )
    image_repository: limits.ScriptImageRepository = Field(
        default="sagemaker-scikit-learn", description="AWS's image repository"
    )
    image_tag: ImageTag = Field(default="1.2-1-cpu-py3", description="tag of the image")
    hyperparameters: Hyperparameters = Field(
        default_factory=dict,
        description=f"{HYPERPARAMETERS}the script gets each as an argument, `--<name> <value>`",
    )
    metric: ScriptMetricSettings = Field(description="the metric that decides whether the model is registered")

    def rules(self) -> Rules:
        return *super().rules(), self._code_is_taken(), self._own_names_are_taken()

    def _code_is_taken(self) -> Iterator[Problem]:
        for number, channel in enumerate(self.channels):
            if channel.lower() == CODE:
                allowed = f"must not be {CODE}, the channel that the script comes by"
                yield Problem(path=f"channels.{number}", value=channel, allowed=allowed)

    def _own_names_are_taken(self) -> Iterator[Problem]:
        for name in self.hyperparameters:
            if name.startswith(self.own_prefix):
                allowed = f"must not begin with {self.own_prefix}, which tells the image what to run"
                yield Problem(path="hyperparameters", value=name, allowed=allowed)


class BuiltInTraining(_TrainingSettings):
    """One of AWS's own algorithms, which take the data as CSV, the label first and no header."""

    image_tag: ClassVar[str] = (
        "1"  # https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
    )

    kind: Literal["built-in"] = "built-in"
    algorithm: Literal["linear-learner"] = Field(default="linear-learner", description="the algorithm")
    hyperparameters: Hyperparameters = Field(description=f"{HYPERPARAMETERS}predictor_type must be given")
    metric: BuiltInMetricSettings = Field(description="the metric that decides whether the model is registered")

    @property
    def image_repository(self) -> str:
        return self.algorithm

    def rules(self) -> Rules:
        return (
            *super().rules(),
            self._waits_an_hour_at_most(),
            self._hyperparameters_are_the_algorithms(),
            self._channels_are_the_algorithms(),
            self._metric_is_computed(),
        )

    def _waits_an_hour_at_most(self) -> Iterator[Problem]:
        """As none of the algorithms here has checkpoints."""
        if self.spot is not None and self.spot.max_wait_seconds > limits.WAIT_WITHOUT_CHECKPOINTS_MAX_SECONDS:
            yield Problem(
                path="spot.max_wait_seconds",
                value=self.spot.max_wait_seconds,
                allowed=f"must be at most {limits.WAIT_WITHOUT_CHECKPOINTS_MAX_SECONDS} for an algorithm without "
                "checkpoints",
                page=limits.SPOT,
            )

    def _hyperparameters_are_the_algorithms(self) -> Iterator[Problem]:
        page = linear_learner.HYPERPARAMETERS_PAGE
        for name in self.hyperparameters:
            if name not in linear_learner.HYPERPARAMETERS:
                allowed = one_of(name, linear_learner.HYPERPARAMETERS)
                yield Problem(path="hyperparameters", value=name, allowed=allowed, page=page)
        for name, value in self.hyperparameters.items():
            must_be = linear_learner.broken_count(name, value)
            if must_be is not None:
                yield Problem(path=f"hyperparameters.{name}", value=value, allowed=must_be, page=page)
        predictor = self.hyperparameters.get(linear_learner.PREDICTOR_TYPE)
        path = f"hyperparameters.{linear_learner.PREDICTOR_TYPE}"
        if predictor is None:
            yield Problem(path=path, allowed="missing: must be given", page=page)
        elif predictor not in linear_learner.PREDICTOR_TYPES:
            allowed = one_of(predictor, linear_learner.PREDICTOR_TYPES)
            yield Problem(path=path, value=predictor, allowed=allowed, page=page)
        elif predictor == linear_learner.MULTICLASS and linear_learner.CLASS_COUNT not in self.hyperparameters:
            path = f"hyperparameters.{linear_learner.CLASS_COUNT}"
            allowed = f"missing: must be given where {linear_learner.PREDICTOR_TYPE} is {predictor}"
            yield Problem(path=path, allowed=allowed, page=page)

    def _channels_are_the_algorithms(self) -> Iterator[Problem]:
        page = linear_learner.CHANNELS_PAGE
        for number, channel in enumerate(self.channels):
            if channel not in linear_learner.CHANNELS:
                allowed = one_of(channel, linear_learner.CHANNELS)
                yield Problem(path=f"channels.{number}", value=channel, allowed=allowed, page=page)
        if linear_learner.TRAIN not in self.channels:
            allowed = f"must have {linear_learner.TRAIN} among them"
            yield Problem(path="channels", value=[*self.channels], allowed=allowed, page=page)

    def _metric_is_computed(self) -> Iterator[Problem]:
        """By the predictor, of a channel that there is."""
        predictor, metric = self.hyperparameters.get(linear_learner.PREDICTOR_TYPE), self.metric.name
        predictors = linear_learner.METRICS[metric].predictor_types
        channel = metric.partition(":")[0]
        if predictor in linear_learner.PREDICTOR_TYPES and predictor not in predictors:
            allowed = f"must be a metric of {predictor}: this one is of {', '.join(predictors)} only"
            yield Problem(path="metric.name", value=metric, allowed=allowed, page=linear_learner.TUNING)
        if channel not in self.channels:
            allowed = f"must be a metric of one of channels, which has no {channel}"
            yield Problem(path="metric.name", value=metric, allowed=allowed, page=linear_learner.TUNING)


# What each environment trains that says nothing else: the model that this project ships.
BREAST_CANCER = ScriptTraining(
    name="breast-cancer",
    source="models/breast_cancer",
    hyperparameters={"columns": "all"},
    sample_data="models/breast_cancer/data",
    metric=ScriptMetricSettings(name="validation:accuracy", regex="validation:accuracy=([0-9.]+)", threshold=0.95),
)

TrainingSettings = ScriptTraining | BuiltInTraining
AnyTraining = Annotated[
    Annotated[ScriptTraining, Tag("script")] | Annotated[BuiltInTraining, Tag("built-in")],
    Discriminator(
        kind_of,
        custom_error_type="training_kind",
        custom_error_message="must be ScriptTraining(...) or BuiltInTraining(...)",
    ),
]
