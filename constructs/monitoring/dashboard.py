"""The CloudWatch dashboard of an environment."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from constructs.monitoring.endpoint_rows import ServedEndpoint, rows_of
from constructs.monitoring.widgets import LogWidget, MetricWidget, Search, body, in_batches
from settings.limits import ENDPOINTS_PER_PAGE
from settings.names import NOTEBOOK_INSTANCES, TRAINING_JOBS, Names

ERRORS = "fields @timestamp, @log, @message | filter @message like /(?i)(error|exception|traceback)/"
MESSAGES = "fields @timestamp, @logStream, @message"
NEWEST = "sort @timestamp desc | limit 50"
# The console of each partition: https://docs.aws.amazon.com/general/latest/gr/rande.html
CONSOLE, GOV_CONSOLE = "console.aws.amazon.com", "console.amazonaws-us-gov.com"


# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
QUERY_LOG_GROUPS_MAX_COUNT = 50


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
        rows = rows_of(first)
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
                dashboard_body=body(rows_of(some), names.region),
            )
        region = names.region
        console = GOV_CONSOLE if region.startswith("us-gov-") else CONSOLE
        url = f"https://{region}.{console}/cloudwatch/home?region={region}#dashboards/dashboard/{names.dashboard(1)}"
        self.outputs = {"dashboard_url": url}
