"""The metric that decides whether a trained model is registered."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import BuiltInMetricName, MetricName, MetricRegex, MetricThreshold
from settings.linear_learner import METRICS, TUNING
from settings.problems import Problem

# SageMaker's own words: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningJobObjective.html
Objective = Literal["Maximize", "Minimize"]
THRESHOLD = "where it must be for the model to be registered: at least this where it is maximized, else at most"
OBJECTIVE = "whether more or less of it is better"


class ScriptMetricSettings(Settings):
    """A metric that the script prints, read from its log by SageMaker."""

    name: MetricName = Field(description="its name")
    regex: MetricRegex = Field(
        description="the regular expression that finds it in the log, where its one group is the number"
    )
    threshold: MetricThreshold = Field(description=THRESHOLD)
    objective: Objective = Field(default="Maximize", description=OBJECTIVE)


class BuiltInMetricSettings(Settings):
    """A metric that AWS's algorithm computes. SageMaker takes no regular expressions for its own algorithms."""

    name: BuiltInMetricName = Field(description="its name")
    threshold: MetricThreshold = Field(description=THRESHOLD)
    objective: Objective = Field(default="Maximize", description=OBJECTIVE)

    def rules(self) -> Rules:
        return (self._direction_is_the_metrics(),)

    def _direction_is_the_metrics(self) -> Iterator[Problem]:
        objective = METRICS[self.name].objective
        if self.objective != objective:
            allowed = f"must be {objective} for {self.name}"
            yield Problem(path="objective", value=self.objective, allowed=allowed, page=TUNING)
