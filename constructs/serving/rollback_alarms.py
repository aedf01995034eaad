"""The alarms that make SageMaker roll an endpoint's update back."""

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.serving.endpoint_alarms import answer_alarms
from settings.names import PRODUCTION, EndpointNames
from settings.thresholds import AlarmSettings


class RollbackAlarms(Construct):
    """As the endpoint's alarms, on the fleet of one configuration alone: SageMaker ends an update while one of its
    alarms is in ALARM, so that a failing old fleet, seen too, would keep its own repair from being deployed.

    A configuration has alarms of its own, under its generated name: one that is changed keeps its state until it is
    evaluated again, and a new one begins without any. They notify nobody, as the endpoint's alarms see the same.
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        configuration_name: str,
        thresholds: AlarmSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        made = answer_alarms(
            self,
            names=names.rollback_alarms_of(configuration_name),
            of=configuration_name,
            dimensions={
                "EndpointName": names.name,
                "VariantName": PRODUCTION,
                "EndpointConfigName": configuration_name,
            },
            thresholds=thresholds,
            actions=[],
        )
        self.names = [alarm.alarm_name for alarm in made]
        self.resources: list[ITerraformDependable] = [*made]
