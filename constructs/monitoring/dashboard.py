"""The CloudWatch dashboard of an environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs.monitoring.widgets import AlarmWidget, LogWidget, Metric, MetricWidget, Search, Widget, body, in_batches
from settings.names import NOTEBOOK_INSTANCES, TRAINING_JOBS, Names

ERRORS = "fields @timestamp, @log, @message | filter @message like /(?i)(error|exception|traceback)/"
MESSAGES = "fields @timestamp, @logStream, @message"
NEWEST = "sort @timestamp desc | limit 50"
# The console of each partition: https://docs.aws.amazon.com/general/latest/gr/rande.html
CONSOLE, GOV_CONSOLE = "console.aws.amazon.com", "console.amazonaws-us-gov.com"


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


# A page has 500 widgets and 2,500 metrics at most, an endpoint 4 and up to 14:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
ENDPOINTS_PER_PAGE = 50
WIDGET_ALARMS_MAX_COUNT = 100
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
QUERY_LOG_GROUPS_MAX_COUNT = 50
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


class Dashboard(Construct):
    """A row for the alarms, two for each endpoint with its variants side by side, one for training jobs and the
    notebook, one for errors in the logs. `url` opens it in AWS's console.

    Of more endpoints than fit, the others have dashboards of their own, with their alarms: pages 2, 3 and so on.
    SageMaker has no metric for a notebook instance's state: its log tells of starts, scripts and failures.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        endpoints: Sequence[ServedEndpoint],
        has_notebook: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        # In quotes they would have to be the whole of a job's name.
        words = names.training_job_prefix.replace("-", " ").strip()
        first, *further = in_batches(endpoints, ENDPOINTS_PER_PAGE) or [()]
        rows = _rows(first)
        rows.append(
            [
                MetricWidget(
                    title="Training jobs: CPU and memory, percent",
                    lines=[
                        Search(
                            query=f'{{"/aws/sagemaker/TrainingJobs",Host}} MetricName="{metric}" {words}',
                            statistic="Average",
                        )
                        for metric in ("CPUUtilization", "MemoryUtilization")
                    ],
                ),
                LogWidget(
                    title="Training jobs: newest messages",
                    log_group_names=[TRAINING_JOBS],
                    query=f"{MESSAGES} | filter @logStream like /^{names.training_job_prefix}/ | {NEWEST}",
                ),
            ]
        )
        if has_notebook:
            rows[-1].append(
                LogWidget(
                    title="Notebook instance: starts, scripts, failures",
                    log_group_names=[NOTEBOOK_INSTANCES],
                    query=f"{MESSAGES} | filter @logStream like /^{names.notebook}\\// | {NEWEST}",
                )
            )
        rows += [
            [LogWidget(title="Errors in the logs", log_group_names=groups, query=f"{ERRORS} | {NEWEST}")]
            for groups in in_batches([*names.endpoint_log_groups, TRAINING_JOBS], QUERY_LOG_GROUPS_MAX_COUNT)
        ]
        CloudwatchDashboard(self, "Default", dashboard_name=names.dashboard(1), dashboard_body=body(rows, names.region))
        for page, some in enumerate(further, start=2):
            CloudwatchDashboard(
                self,
                f"page_{page}",
                dashboard_name=names.dashboard(page),
                dashboard_body=body(_rows(some), names.region),
            )
        region = names.region
        console = GOV_CONSOLE if region.startswith("us-gov-") else CONSOLE
        self.url = (
            f"https://{region}.{console}/cloudwatch/home?region={region}#dashboards/dashboard/{names.dashboard(1)}"
        )


def _rows(endpoints: Sequence[ServedEndpoint]) -> list[list[Widget]]:
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
