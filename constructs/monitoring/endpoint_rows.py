"""What a dashboard shows of an endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from constructs.monitoring.widgets import AlarmWidget, Metric, MetricWidget, Widget, in_batches

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
WIDGET_ALARMS_MAX_COUNT = 100


@dataclass(frozen=True, kw_only=True)
class Use:
    """The metrics, namespace and name, of what carries an endpoint's variants, and the unit of all of them."""

    unit: str
    metrics: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class ServedEndpoint:
    name: str
    variant_names: Sequence[str]
    use: Use
    alarm_arns: Sequence[str]


# Of SageMaker's metrics of invocations: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
NAMESPACE = "AWS/SageMaker"
INSTANCE_USE = Use(
    unit="percent, of all CPUs together",
    metrics=(("/aws/sagemaker/Endpoints", "CPUUtilization"), ("/aws/sagemaker/Endpoints", "MemoryUtilization")),
)
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-monitoring.html
CONCURRENCY_USE = Use(
    unit="share, from 0 to 1",
    metrics=(
        (NAMESPACE, "ServerlessConcurrentExecutionsUtilization"),
        (NAMESPACE, "ServerlessProvisionedConcurrencyUtilization"),
    ),
)


def rows_of(endpoints: Sequence[ServedEndpoint]) -> list[list[Widget]]:
    """Of their alarms, and two of each."""
    alarm_arns = [arn for endpoint in endpoints for arn in endpoint.alarm_arns]
    rows: list[list[Widget]] = [
        [AlarmWidget(title="Alarms", alarm_arns=some)] for some in in_batches(alarm_arns, WIDGET_ALARMS_MAX_COUNT)
    ]
    return rows + [row for endpoint in endpoints for row in _endpoint_rows(endpoint)]


def _endpoint_rows(endpoint: ServedEndpoint) -> list[list[Widget]]:
    def lines(metrics: Sequence[tuple[str, str, str, str]]) -> list[Metric]:
        return [
            Metric(
                namespace=namespace,
                name=metric,
                dimensions={"EndpointName": endpoint.name, "VariantName": variant},
                statistic=statistic,
                label=f"{variant} {label}",
            )
            for variant in endpoint.variant_names
            for namespace, metric, statistic, label in metrics
        ]

    latency = [(NAMESPACE, "ModelLatency", statistic, statistic) for statistic in ("p50", "p99")]
    errors = [(NAMESPACE, f"Invocation{kind}Errors", "Sum", kind) for kind in ("4XX", "5XX")]
    use = [(namespace, metric, "Average", metric) for namespace, metric in endpoint.use.metrics]
    return [
        [
            MetricWidget(
                title=f"{endpoint.name}: invocations", lines=lines([(NAMESPACE, "Invocations", "Sum", "invocations")])
            ),
            MetricWidget(title=f"{endpoint.name}: model latency, microseconds", lines=lines(latency)),
        ],
        [
            MetricWidget(title=f"{endpoint.name}: errors", lines=lines(errors)),
            MetricWidget(title=f"{endpoint.name}: use, {endpoint.use.unit}", lines=lines(use)),
        ],
    ]
