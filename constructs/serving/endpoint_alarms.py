"""The alarms on what an endpoint's production variant answers."""

from collections.abc import Mapping, Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from constructs.monitoring.endpoint_rows import NAMESPACE
from settings.names import PRODUCTION, EndpointNames
from settings.thresholds import AlarmSettings

MICROSECONDS_PER_MS = 1000
# An update is watched for minutes only, so that an alarm must not take longer.
PERIOD_SECONDS = 60


class EndpointAlarms(Construct):
    """They notify the topic of what the endpoint does, whichever fleet answers. `arns` are those of both."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        thresholds: AlarmSettings,
        topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        made = answer_alarms(
            self,
            names=(names.errors_alarm, names.latency_alarm),
            of=names.name,
            dimensions={"EndpointName": names.name, "VariantName": PRODUCTION},
            thresholds=thresholds,
            actions=[topic_arn],
        )
        self.arns = [alarm.arn for alarm in made]


def answer_alarms(
    scope: Construct,
    *,
    names: Sequence[str],
    of: str,
    dimensions: Mapping[str, str],
    thresholds: AlarmSettings,
    actions: Sequence[str],
) -> tuple[CloudwatchMetricAlarm, CloudwatchMetricAlarm]:
    """Errors: at least as many as the threshold in a minute. Latency: the slowest hundredth of a minute's requests
    above the threshold in three of five minutes. A minute without requests sets off no alarm.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    errors_name, latency_name = names
    # Under another name, and the old ones go last: the endpoint's last update needs them until then.
    renamed = TerraformResourceLifecycle(create_before_destroy=True)
    errors = CloudwatchMetricAlarm(
        scope,
        "errors",
        alarm_name=errors_name,
        alarm_description=f"{of}: {thresholds.invocation_5xx_errors} or more 5XX errors in a minute",
        namespace=NAMESPACE,
        metric_name="Invocation5XXErrors",
        dimensions=dimensions,
        statistic="Sum",
        period=PERIOD_SECONDS,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=thresholds.invocation_5xx_errors,
        treat_missing_data="notBreaching",
        alarm_actions=[*actions] or None,
        ok_actions=[*actions] or None,
        lifecycle=renamed,
    )
    latency = CloudwatchMetricAlarm(
        scope,
        "latency",
        alarm_name=latency_name,
        alarm_description=f"{of}: the model's p99 latency is above {thresholds.model_latency_p99_ms} ms",
        namespace=NAMESPACE,
        metric_name="ModelLatency",
        dimensions=dimensions,
        extended_statistic="p99",
        period=PERIOD_SECONDS,
        evaluation_periods=5,
        datapoints_to_alarm=3,
        comparison_operator="GreaterThanThreshold",
        threshold=thresholds.model_latency_p99_ms * MICROSECONDS_PER_MS,
        treat_missing_data="notBreaching",
        alarm_actions=[*actions] or None,
        ok_actions=[*actions] or None,
        lifecycle=renamed,
    )
    return errors, latency
