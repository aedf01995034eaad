"""The documented structure of a CloudWatch dashboard's body; what departs from it raises pydantic.ValidationError.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ARN = r"^(arn:|\$\{aws_cloudwatch_metric_alarm\.\w+\.arn\}$)"
STATISTIC = r"^(SampleCount|Average|Sum|Minimum|Maximum|p\d{1,2}(\.\d+)?)$"
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Rendering(Strict):
    """The last entry of a metric's array; with an expression it is the only one."""

    expression: str | None = None
    id: Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9_]*$")] | None = None
    label: str | None = None
    stat: Annotated[str, Field(pattern=STATISTIC)] | None = None
    period: int | None = None


def metric(line: list[Any]) -> None:
    """A namespace, a metric's name, pairs of dimensions, how to draw it."""
    *text, last = line
    rendering = Rendering.model_validate(last)
    if rendering.expression is not None:
        assert text == [], line
        return
    assert all(isinstance(part, str) and part for part in text), line
    assert len(text) >= 2, line
    assert len(text) % 2 == 0, line
    assert (len(text) - 2) / 2 <= 30, line


class MetricProperties(Strict):
    title: str
    view: Literal["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]
    stacked: bool
    region: Region
    period: Annotated[int, Field(ge=1)]
    metrics: Annotated[list[list[Any]], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def every_metric_is_one(self) -> Self:
        for line in self.metrics:
            metric(line)
        return self


class LogProperties(Strict):
    title: str
    view: Literal["table", "timeSeries", "bar", "pie"]
    region: Region
    query: Annotated[str, Field(pattern=r"^(SOURCE '[\.\-_/#A-Za-z0-9]+' \| )+fields ", max_length=10_000)]


class AlarmProperties(Strict):
    title: str
    alarms: Annotated[list[Annotated[str, Field(pattern=ARN)]], Field(min_length=1, max_length=100)]


class Placed(Strict):
    x: Annotated[int, Field(ge=0, le=23)]
    y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1, le=24)]
    height: Annotated[int, Field(ge=1, le=1000)]

    @model_validator(mode="after")
    def fits_the_grid(self) -> Self:
        assert self.x + self.width <= 24
        return self


class MetricWidget(Placed):
    type: Literal["metric"]
    properties: MetricProperties


class LogWidget(Placed):
    type: Literal["log"]
    properties: LogProperties


class AlarmWidget(Placed):
    type: Literal["alarm"]
    properties: AlarmProperties


class Body(Strict):
    widgets: Annotated[
        list[Annotated[MetricWidget | LogWidget | AlarmWidget, Field(discriminator="type")]],
        Field(min_length=1, max_length=500),
    ]

    @model_validator(mode="after")
    def no_widget_covers_another(self) -> Self:
        taken = [
            (x, y)
            for item in self.widgets
            for x in range(item.x, item.x + item.width)
            for y in range(item.y, item.y + item.height)
        ]
        assert len(taken) == len(set(taken))
        return self
