"""The parts of a CloudWatch dashboard's body.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")
GRID_COLUMNS = 24
HEIGHT = 6
PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Metric:
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    label: str

    def line(self) -> list[object]:
        dimensions = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.name, *dimensions, {"stat": self.statistic, "label": self.label}]


@dataclass(frozen=True, kw_only=True)
class Search:
    """All metrics that fit, those of things made later too.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """

    query: str
    statistic: str

    def line(self) -> list[object]:
        expression = f"SEARCH('{self.query}', '{self.statistic}', {PERIOD_SECONDS})"
        return [{"expression": expression, "label": ""}]


@dataclass(frozen=True, kw_only=True)
class MetricWidget:
    title: str
    lines: Sequence[Metric | Search]

    def properties(self, region: str) -> dict[str, object]:
        return {
            "title": self.title,
            "view": "timeSeries",
            "stacked": False,
            "region": region,
            "period": PERIOD_SECONDS,
            "metrics": [line.line() for line in self.lines],
        }

    type: str = field(default="metric", init=False)


@dataclass(frozen=True, kw_only=True)
class LogWidget:
    """What a CloudWatch Logs Insights query finds."""

    title: str
    log_group_names: Sequence[str]
    query: str

    def properties(self, region: str) -> dict[str, object]:
        sources = "".join(f"SOURCE '{name}' | " for name in self.log_group_names)
        return {"title": self.title, "view": "table", "region": region, "query": f"{sources}{self.query}"}

    type: str = field(default="log", init=False)


@dataclass(frozen=True, kw_only=True)
class AlarmWidget:
    title: str
    alarm_arns: Sequence[str]

    def properties(self, region: str) -> dict[str, object]:  # noqa: ARG002 - an arn names its region
        return {"title": self.title, "alarms": [*self.alarm_arns]}

    type: str = field(default="alarm", init=False)


Widget = MetricWidget | LogWidget | AlarmWidget


def in_batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """The items in order, so many in each but the last."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def body(rows: Sequence[Sequence[Widget]], region: str) -> str:
    """The widgets of a row share its width."""
    placed = []
    for number, row in enumerate(rows):
        width = GRID_COLUMNS // len(row)
        for column, widget in enumerate(row):
            placed.append(
                {
                    "type": widget.type,
                    "x": column * width,
                    "y": number * HEIGHT,
                    "width": width,
                    "height": HEIGHT,
                    "properties": widget.properties(region),
                }
            )
    return json.dumps({"widgets": placed})
