"""The alarms on the difference between a shadow variant and the production variant."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from constructs.serving.endpoint_alarms import MICROSECONDS_PER_MS, NAMESPACE

# The shadow is compared, not guarded: longer than the endpoint's own alarms, and calmer.
PERIOD_SECONDS = 300


class ShadowAlarms(Construct):
    """The shadow's value less production's, over five minutes: at least `invocation_5xx_errors` more, or a p99 of the
    model's latency higher by more than `model_latency_p99_ms`. Both serve the same requests.

    `arns` are those of both. They notify and roll nothing back: what the shadow does reaches no user.
    https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-view-monitor-edit.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        endpoint_name: str,
        production_name: str,
        shadow_name: str,
        invocation_5xx_errors: int,
        model_latency_p99_ms: int,
        topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)

        def difference(
            alarm_id: str, *, name: str, description: str, metric: str, statistic: str, operator: str, threshold: int
        ) -> CloudwatchMetricAlarm:
            variants = {"production": production_name, "shadow": shadow_name}
            metrics = [
                CloudwatchMetricAlarmMetricQuery(
                    id=query_id,
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=NAMESPACE,
                        metric_name=metric,
                        dimensions={"EndpointName": endpoint_name, "VariantName": variant_name},
                        stat=statistic,
                        period=PERIOD_SECONDS,
                    ),
                )
                for query_id, variant_name in variants.items()
            ]
            return CloudwatchMetricAlarm(
                self,
                alarm_id,
                alarm_name=name,
                alarm_description=description,
                metric_query=[
                    CloudwatchMetricAlarmMetricQuery(
                        id="difference", expression="shadow - production", label="shadow - production", return_data=True
                    ),
                    *metrics,
                ],
                evaluation_periods=1,
                comparison_operator=operator,
                threshold=threshold,
                treat_missing_data="notBreaching",
                alarm_actions=[topic_arn],
                ok_actions=[topic_arn],
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),  # as the endpoint's own alarms
            )

        errors = difference(
            "errors",
            name=f"{name_prefix}-shadow-5xx-errors",
            description=f"{endpoint_name}: shadow with {invocation_5xx_errors} or more 5XX errors more than production",
            metric="Invocation5XXErrors",
            statistic="Sum",
            operator="GreaterThanOrEqualToThreshold",
            threshold=invocation_5xx_errors,
        )
        latency = difference(
            "latency",
            name=f"{name_prefix}-shadow-model-latency",
            description=f"{endpoint_name}: shadow's p99 latency more than {model_latency_p99_ms} ms above production's",
            metric="ModelLatency",
            statistic="p99",
            operator="GreaterThanThreshold",
            threshold=model_latency_p99_ms * MICROSECONDS_PER_MS,
        )
        self.arns = [errors.arn, latency.arn]
