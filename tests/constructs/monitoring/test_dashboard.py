import json
from typing import Any

import pytest
from pydantic import ValidationError

from constructs.monitoring.dashboard import Dashboard
from constructs.monitoring.endpoint_rows import INSTANCE_USE, ServedEndpoint
from settings.notebook import NotebookSettings
from settings.releases import Release
from tests.support import parts
from tests.support.dashboard_structure import Body
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def test_a_dashboard_alone_shows_the_alarms_and_variants_that_it_is_given() -> None:
    served = ServedEndpoint(
        name="linear-learner", variant_names=["production"], use=INSTANCE_USE, alarm_arns=["arn:errors"]
    )
    resources = synthesized(
        lambda stack: Dashboard(stack, "dashboard", names=parts.names(), endpoints=[served], has_notebook=False)
    )
    dashboard = only(resources, "aws_cloudwatch_dashboard")
    assert dashboard["dashboard_name"] == "acme-prod"
    shown = json.loads(dashboard["dashboard_body"])
    Body.model_validate(shown)
    assert shown["widgets"][0]["properties"]["alarms"] == ["arn:errors"]


def body(name: str, **changes: Any) -> dict[str, Any]:
    resources = synthesized_platform(environment(name, **changes))["resource"]
    found: dict[str, Any] = json.loads(only(resources, "aws_cloudwatch_dashboard")["dashboard_body"])
    return found


def metrics(name: str, **changes: Any) -> set[tuple[str, ...]]:
    """Metric, statistic and, last, the variant of every line."""
    widgets = [item for item in body(name, **changes)["widgets"] if item["type"] == "metric"]
    lines = [line for item in widgets for line in item["properties"]["metrics"] if len(line) > 1]
    return {(line[1], line[-1]["stat"], line[5]) for line in lines}


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_body_has_the_documented_structure(name: str) -> None:
    Body.model_validate(body(name))


def test_the_structure_is_one_that_can_be_departed_from() -> None:
    for widget, key, value in ((0, "x", 24), (0, "type", "video"), (1, "width", 0), (1, "properties", {})):
        broken = body("dev")
        broken["widgets"][widget][key] = value
        with pytest.raises(ValidationError):
            Body.model_validate(broken)


def test_an_endpoint_is_shown_by_invocations_latency_errors_and_its_instances_use() -> None:
    assert metrics("dev") == {
        (metric, statistic, "production")
        for metric, statistic in (
            ("Invocations", "Sum"),
            ("ModelLatency", "p50"),
            ("ModelLatency", "p99"),
            ("Invocation4XXErrors", "Sum"),
            ("Invocation5XXErrors", "Sum"),
            ("CPUUtilization", "Average"),
            ("MemoryUtilization", "Average"),
        )
    }


def test_a_serverless_endpoint_is_shown_by_the_use_of_its_concurrency() -> None:
    shown = {metric for metric, _, _ in metrics("prod")}
    assert {"ServerlessConcurrentExecutionsUtilization", "ServerlessProvisionedConcurrencyUtilization"} < shown
    assert "CPUUtilization" not in shown


def test_the_shadow_is_drawn_beside_production_in_every_widget_of_the_endpoint() -> None:
    shown = metrics("staging")
    assert {line[:2] for line in shown if line[2] == "shadow"} == {
        line[:2] for line in shown if line[2] == "production"
    }
    for widget in body("staging")["widgets"]:
        if widget["type"] == "metric" and widget["properties"]["title"].startswith("linear-learner"):
            assert {line[5] for line in widget["properties"]["metrics"]} == {"production", "shadow"}


def test_every_alarm_that_notifies_is_on_the_dashboard() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    [alarms] = [item for item in body("staging")["widgets"] if item["type"] == "alarm"]
    assert sorted(alarms["properties"]["alarms"]) == sorted(
        f"${{aws_cloudwatch_metric_alarm.{name}.arn}}"
        for name, alarm in resources["aws_cloudwatch_metric_alarm"].items()
        if "alarm_actions" in alarm
    )


def test_training_jobs_are_found_by_the_words_that_their_names_begin_with() -> None:
    [jobs] = [item["properties"] for item in body("dev")["widgets"] if "CPU and memory" in item["properties"]["title"]]
    assert jobs["metrics"][0][0]["expression"] == (
        "SEARCH('{\"/aws/sagemaker/TrainingJobs\",Host} MetricName=\"CPUUtilization\" ml platform dev', 'Average', 60)"
    )


def queries(name: str, **changes: Any) -> dict[str, str]:
    widgets = [item["properties"] for item in body(name, **changes)["widgets"] if item["type"] == "log"]
    return {item["title"]: item["query"] for item in widgets}


def test_the_logs_of_training_notebook_and_errors_are_read_from_their_groups() -> None:
    found = queries("dev")
    assert found["Training jobs: newest messages"].startswith("SOURCE '/aws/sagemaker/TrainingJobs' | ")
    assert "like /^ml-platform-dev-/" in found["Training jobs: newest messages"]
    notebook = found["Notebook instance: starts, scripts, failures"]
    assert notebook.startswith("SOURCE '/aws/sagemaker/NotebookInstances' | ")
    assert r"like /^ml-platform-dev\//" in notebook
    assert found["Errors in the logs"].startswith(
        "SOURCE '/aws/sagemaker/Endpoints/linear-learner' | SOURCE '/aws/sagemaker/TrainingJobs' | "
    )


def test_the_notebook_is_shown_where_there_is_one() -> None:
    assert "Notebook instance: starts, scripts, failures" not in queries("prod")
    assert "Notebook instance: starts, scripts, failures" in queries("prod", notebook=NotebookSettings())


def test_without_a_release_there_is_a_dashboard_of_the_rest() -> None:
    found = body("prod", release=Release())
    Body.model_validate(found)
    assert not [item for item in found["widgets"] if item["type"] == "alarm"]


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_url_opens_the_dashboard_in_the_console_of_its_partition(region: str, console: str) -> None:
    platform = synthesized_platform(environment("dev", region=region))
    assert platform["output"]["dashboard_url"]["value"] == (
        f"https://{console}/cloudwatch/home?region={region}#dashboards/dashboard/ml-platform-dev"
    )
