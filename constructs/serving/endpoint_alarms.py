"""The alarms on what an endpoint's production variant answers."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from constructs.monitoring.dashboard import NAMESPACE
from settings.names import PRODUCTION, EndpointNames
from settings.thresholds import AlarmSettings

MICROSECONDS_PER_MS = 1000
# An update is watched for minutes only, so that an alarm must not take longer.
PERIOD_SECONDS = 60


class EndpointAlarms(Construct):
    """Errors: at least as many as the threshold in a minute. Latency: the slowest hundredth of a minute's requests
    above the threshold in three of five minutes. A minute without requests sets off no alarm.

    `names` and `arns` are those of both.
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """

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
        # An endpoint of another name gets alarms of other names; the old ones go last, as the old endpoint needs them.
        renamed = TerraformResourceLifecycle(create_before_destroy=True)
        dimensions = {"EndpointName": names.name, "VariantName": PRODUCTION}
        errors = CloudwatchMetricAlarm(
            self,
            "errors",
            alarm_name=names.errors_alarm,
            alarm_description=f"{names.name}: {thresholds.invocation_5xx_errors} or more 5XX errors in a minute",
            namespace=NAMESPACE,
            metric_name="Invocation5XXErrors",
            dimensions=dimensions,
            statistic="Sum",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=thresholds.invocation_5xx_errors,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            lifecycle=renamed,
        )
        latency = CloudwatchMetricAlarm(
            self,
            "latency",
            alarm_name=names.latency_alarm,
            alarm_description=f"{names.name}: the model's p99 latency is above {thresholds.model_latency_p99_ms} ms",
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
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            lifecycle=renamed,
        )
        self.names = [errors.alarm_name, latency.alarm_name]
        self.arns = [errors.arn, latency.arn]
