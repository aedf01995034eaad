from constructs.monitoring.endpoint_rows import CONCURRENCY_USE, INSTANCE_USE, ServedEndpoint, Use, rows_of
from constructs.monitoring.widgets import AlarmWidget, Metric, MetricWidget


def served(name: str, use: Use, alarms: int = 2) -> ServedEndpoint:
    arns = [f"arn:{name}:{number}" for number in range(alarms)]
    return ServedEndpoint(name=name, variant_names=["production"], use=use, alarm_arns=arns)


def test_an_endpoint_has_two_rows_below_that_of_all_alarms() -> None:
    rows = rows_of([served("one", INSTANCE_USE), served("two", CONCURRENCY_USE)])
    assert [len(row) for row in rows] == [1, 2, 2, 2, 2]
    [alarms] = rows[0]
    assert isinstance(alarms, AlarmWidget)
    assert alarms.alarm_arns == ["arn:one:0", "arn:one:1", "arn:two:0", "arn:two:1"]


def test_more_alarms_than_a_widget_holds_are_several() -> None:
    rows = rows_of([served("one", INSTANCE_USE, alarms=201)])
    counts = [len(item.alarm_arns) for row in rows for item in row if isinstance(item, AlarmWidget)]
    assert counts == [100, 100, 1]


def test_the_use_of_instances_is_in_percent_and_that_of_concurrency_a_share() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-monitoring.html"""
    titles = [
        widget.title
        for use in (INSTANCE_USE, CONCURRENCY_USE)
        for row in rows_of([served("one", use)])
        for widget in row
        if isinstance(widget, MetricWidget)
        and any(isinstance(line, Metric) and "Utilization" in line.name for line in widget.lines)
    ]
    assert titles == ["one: use, percent, of all CPUs together", "one: use, share, from 0 to 1"]
