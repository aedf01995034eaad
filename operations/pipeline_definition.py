"""What the definition of a training's pipeline says, as SageMaker has it: constructs/training/ writes it.

Read is the deployed definition, and of an execution the one that it ran with: neither needs to be what the settings
would make of it today. https://docs.aws.amazon.com/sagemaker/latest/dg/define-pipeline.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Of a Condition step, in a person's words.
WORDS = {"GreaterThanOrEqualTo": "at least", "LessThanOrEqualTo": "at most"}
METRIC = re.compile(r"Steps\.[^.]+\.FinalMetricDataList\['(.+)'\]\.Value")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a model must reach to be registered. `regex` is empty where the algorithm is AWS's own."""

    metric: str
    words: str
    threshold: float
    regex: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    text: str

    @property
    def _steps(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = json.loads(self.text).get("Steps", [])
        return found

    def _of_type(self, step_type: str) -> Iterator[Mapping[str, Any]]:
        yield from (step["Arguments"] for step in self._steps if step["Type"] == step_type)

    @property
    def expected_steps(self) -> Sequence[str]:
        """Of a training that goes well, in their order."""
        names = [step["Name"] for step in self._steps]
        return [*names, *(step["Name"] for found in self._of_type("Condition") for step in found["IfSteps"])]

    @property
    def channels(self) -> Mapping[str, str]:
        """The S3 prefix of each."""
        return {
            channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
            for training in self._of_type("Training")
            for channel in training["InputDataConfig"]
        }

    @property
    def judgement(self) -> Judgement | None:
        regexes = {
            metric["Name"]: metric["Regex"]
            for training in self._of_type("Training")
            for metric in training["AlgorithmSpecification"].get("MetricDefinitions", [])
        }
        for condition in (item for found in self._of_type("Condition") for item in found["Conditions"]):
            metric = METRIC.fullmatch(condition.get("LeftValue", {}).get("Get", ""))
            if metric and condition["Type"] in WORDS:
                return Judgement(
                    metric=metric[1],
                    words=WORDS[condition["Type"]],
                    threshold=condition["RightValue"],
                    regex=regexes.get(metric[1], ""),
                )
        return None

    def reads(self, digest: str) -> bool:
        """Whether one of its channels is read from below a folder of that name."""
        return any(f"/{digest}/" in prefix for prefix in self.channels.values())
