"""The alarms on what an endpoint's production variant answers."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

NAMESPACE = "AWS/SageMaker"
MICROSECONDS_PER_MS = 1000
# An update is watched for minutes only, so that an alarm must not take longer.
PERIOD_SECONDS = 60


class EndpointAlarms(Construct):
    """Errors: at least `invocation_5xx_errors` of them in a minute. Latency: the slowest hundredth of a minute's
    requests above `model_latency_p99_ms` in three of five minutes. No requests set off nothing.

    `names` and `arns` are those of both.
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        endpoint_name: str,
        variant_name: str,
        invocation_5xx_errors: int,
        model_latency_p99_ms: int,
        topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        # An endpoint of another name gets alarms of other names; the old ones go last, as the old endpoint needs them.
        renamed = TerraformResourceLifecycle(create_before_destroy=True)
        dimensions = {"EndpointName": endpoint_name, "VariantName": variant_name}
        errors = CloudwatchMetricAlarm(
            self,
            "errors",
            alarm_name=f"{name_prefix}-5xx-errors",
            alarm_description=f"{endpoint_name}: {invocation_5xx_errors} or more 5XX errors in a minute",
            namespace=NAMESPACE,
            metric_name="Invocation5XXErrors",
            dimensions=dimensions,
            statistic="Sum",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=invocation_5xx_errors,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            lifecycle=renamed,
        )
        latency = CloudwatchMetricAlarm(
            self,
            "latency",
            alarm_name=f"{name_prefix}-model-latency",
            alarm_description=f"{endpoint_name}: the model's p99 latency is above {model_latency_p99_ms} ms",
            namespace=NAMESPACE,
            metric_name="ModelLatency",
            dimensions=dimensions,
            extended_statistic="p99",
            period=PERIOD_SECONDS,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            comparison_operator="GreaterThanThreshold",
            threshold=model_latency_p99_ms * MICROSECONDS_PER_MS,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            lifecycle=renamed,
        )
        self.names = [errors.alarm_name, latency.alarm_name]
        self.arns = [errors.arn, latency.arn]
