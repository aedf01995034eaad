"""Gap: moto's endpoints publish no metrics, and its alarms are never evaluated.

Each answer of an endpoint is published as SageMaker does, for the variant and for the variant of its configuration,
which tells two fleets apart while an update runs.
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

from datetime import timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.core.utils import utcnow

NAMESPACE = "AWS/SageMaker"
COMPARED = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
}


def publish(
    account_id: str, region: str, *, endpoint: str, configuration: str, variant: str, status: int, count: int = 1
) -> None:
    """So many answers with that HTTP status, just now."""
    of_variant = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    of_fleet = [*of_variant, {"Name": "EndpointConfigName", "Value": configuration}]
    metrics = {
        "Invocations": count,
        "Invocation4XXErrors": count if 400 <= status < 500 else 0,
        "Invocation5XXErrors": count if status >= 500 else 0,
    }
    cloudwatch_backends[account_id][region].put_metric_data(
        NAMESPACE,
        [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Timestamp": utcnow()}
            for dimensions in (of_variant, of_fleet)
            for name, value in metrics.items()
        ],
    )


def in_alarm(account_id: str, region: str, alarm_name: str) -> bool:
    """Whether the newest period breaches the threshold; the state is set by it, as CloudWatch does every minute.

    A metric that has no data is not breaching, as every alarm of the platform says.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """
    backend: CloudWatchBackend = cloudwatch_backends[account_id][region]
    alarm: Any = backend.alarms[alarm_name]
    now = utcnow()
    found = [
        point
        for point in backend.get_all_metrics()
        if (point.namespace, point.name) == (alarm.namespace, alarm.metric_name)
        and _as_pairs(point.dimensions) == _as_pairs(alarm.dimensions)
        and now - point.timestamp <= timedelta(seconds=int(alarm.period))
    ]
    breaching = bool(found) and COMPARED[alarm.comparison_operator](
        sum(point.value for point in found), float(alarm.threshold)
    )
    backend.set_alarm_state(
        alarm_name, "the newest period was judged by the local AWS", "{}", "ALARM" if breaching else "OK"
    )
    return breaching


def _as_pairs(dimensions: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - moto's own
    return {(dimension.name, dimension.value) for dimension in dimensions}
