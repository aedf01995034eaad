"""The alarms on the difference between a shadow variant and the production variant."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from constructs.monitoring.endpoint_rows import NAMESPACE
from constructs.serving.endpoint_alarms import MICROSECONDS_PER_MS
from settings.names import PRODUCTION, SHADOW, EndpointNames
from settings.thresholds import ShadowAlarmSettings

# The shadow is compared, not guarded: longer than the endpoint's own alarms, and calmer.
PERIOD_SECONDS = 300


class ShadowAlarms(Construct):
    """The shadow's value less production's, over five minutes: at least as many errors more as the threshold
    says, or a p99 of the model's latency higher by more than the threshold. Both serve the same requests.

    `arns` are those of both. They notify and roll nothing back: what the shadow does reaches no user.
    https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-view-monitor-edit.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        thresholds: ShadowAlarmSettings,
        topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)

        def difference(
            alarm_id: str, *, name: str, description: str, metric: str, statistic: str, operator: str, threshold: int
        ) -> CloudwatchMetricAlarm:
            metrics = [
                CloudwatchMetricAlarmMetricQuery(
                    id=variant,
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=NAMESPACE,
                        metric_name=metric,
                        dimensions={"EndpointName": names.name, "VariantName": variant},
                        stat=statistic,
                        period=PERIOD_SECONDS,
                    ),
                )
                for variant in (PRODUCTION, SHADOW)
            ]
            return CloudwatchMetricAlarm(
                self,
                alarm_id,
                alarm_name=name,
                alarm_description=description,
                metric_query=[
                    CloudwatchMetricAlarmMetricQuery(
                        id="difference",
                        expression=f"{SHADOW} - {PRODUCTION}",
                        label=f"{SHADOW} - {PRODUCTION}",
                        return_data=True,
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
            name=names.shadow_errors_alarm,
            description=f"{names.name}: shadow with {thresholds.invocation_5xx_errors} or more 5XX errors more than "
            "production",
            metric="Invocation5XXErrors",
            statistic="Sum",
            operator="GreaterThanOrEqualToThreshold",
            threshold=thresholds.invocation_5xx_errors,
        )
        latency = difference(
            "latency",
            name=names.shadow_latency_alarm,
            description=f"{names.name}: shadow's p99 latency more than {thresholds.model_latency_p99_ms} ms above "
            "production's",
            metric="ModelLatency",
            statistic="p99",
            operator="GreaterThanThreshold",
            threshold=thresholds.model_latency_p99_ms * MICROSECONDS_PER_MS,
        )
        self.arns = [errors.arn, latency.arn]
