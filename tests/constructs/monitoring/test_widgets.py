import json

from constructs.monitoring.widgets import AlarmWidget, LogWidget, Metric, MetricWidget, Search, body

METRIC = Metric(namespace="AWS/SageMaker", name="Invocations", dimensions={"A": "b"}, statistic="Sum", label="all")


def test_the_widgets_of_a_row_share_its_width_and_rows_lie_below_each_other() -> None:
    alarm = AlarmWidget(title="a", alarm_arns=["arn"])
    placed = json.loads(body([[alarm], [alarm, alarm, alarm]], "us-east-1"))["widgets"]
    assert [(item["x"], item["y"], item["width"]) for item in placed] == [(0, 0, 24), (0, 6, 8), (8, 6, 8), (16, 6, 8)]


def test_a_metric_is_a_line_of_namespace_name_dimensions_and_how_to_draw_it() -> None:
    [placed] = json.loads(body([[MetricWidget(title="m", lines=[METRIC])]], "eu-west-1"))["widgets"]
    assert placed["properties"]["metrics"] == [
        ["AWS/SageMaker", "Invocations", "A", "b", {"stat": "Sum", "label": "all"}]
    ]
    assert placed["properties"]["region"] == "eu-west-1"


def test_a_search_finds_what_is_made_later() -> None:
    widget = MetricWidget(title="m", lines=[Search(query='{N,D} MetricName="CPU"', statistic="Average")])
    [placed] = json.loads(body([[widget]], "us-east-1"))["widgets"]
    assert placed["properties"]["metrics"][0][0]["expression"] == "SEARCH('{N,D} MetricName=\"CPU\"', 'Average', 60)"


def test_a_log_query_names_its_groups() -> None:
    widget = LogWidget(title="l", log_group_names=["/a", "/b"], query="fields @message")
    [placed] = json.loads(body([[widget]], "us-east-1"))["widgets"]
    assert placed["properties"]["query"] == "SOURCE '/a' | SOURCE '/b' | fields @message"
