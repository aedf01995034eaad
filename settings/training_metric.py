"""The metric that decides whether a trained model is registered."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import BuiltInMetricName, MetricName, MetricRegex, MetricThreshold, in_32_bits
from settings.linear_learner import METRICS, TUNING
from settings.problems import Problem

# SageMaker's own words: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningJobObjective.html
Objective = Literal["Maximize", "Minimize"]
THRESHOLD = "where it must be for the model to be registered: at least this where it is maximized, else at most"
OBJECTIVE = "whether more or less of it is better"


class _MetricSettings(Settings):
    name: str
    threshold: MetricThreshold = Field(description=THRESHOLD)
    objective: Objective = Field(default="Maximize", description=OBJECTIVE)

    @property
    def compared_with(self) -> float:
        """The threshold as a metric that is printed as the same number reaches it, be it kept in 32 bits, as
        DescribeTrainingJob tells it, or whole: which of them a pipeline compares is documented nowhere.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetricData.html
        """
        easier = min if self.objective == "Maximize" else max
        return easier(self.threshold, in_32_bits(self.threshold))


class ScriptMetricSettings(_MetricSettings):
    """A metric that the script prints, read from its log by SageMaker."""

    name: MetricName = Field(description="its name")
    regex: MetricRegex = Field(
        description="the regular expression that finds it in the log, where its one group is the number"
    )


class BuiltInMetricSettings(_MetricSettings):
    """A metric that AWS's algorithm computes. SageMaker takes no regular expressions for its own algorithms."""

    name: BuiltInMetricName = Field(description="its name")

    def rules(self) -> Rules:
        return (self._direction_is_the_metrics(),)

    def _direction_is_the_metrics(self) -> Iterator[Problem]:
        objective = METRICS[self.name].objective
        if self.objective != objective:
            allowed = f"must be {objective} for {self.name}"
            yield Problem(path="objective", value=self.objective, allowed=allowed, page=TUNING)
