"""A SageMaker endpoint with the alarms and the guard of its updates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdktf import ITerraformDependable, Precondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from constructs import Construct

from constructs.serving.deployment import deployment_config
from constructs.serving.endpoint_alarms import EndpointAlarms
from constructs.serving.rollback_alarms import RollbackAlarms
from constructs.serving.rollback_guard import RollbackGuard
from constructs.terraform_data import TerraformData
from settings.names import EndpointNames
from settings.thresholds import AlarmSettings
from settings.update import UpdateSettings


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the endpoints of an environment have in common.

    What they capture goes below `capture_s3_uri`, their alarms notify the topic. `verify_script` asks SageMaker which
    configuration an endpoint serves; None: nobody asks.
    """

    region: str
    key_arn: str | None
    capture_s3_uri: str
    topic_arn: str
    verify_script: Path | None


class Endpoint(Construct):
    """Serves what its configuration says; another configuration updates it in place, without a gap in service.

    SageMaker cannot move an endpoint between instances and serverless in place. `hosting`, one of the two, is kept in
    the state from the first apply under a name: where it has changed and the name has not, the plan fails. A new name
    is a new endpoint, made before the old one goes.
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html

    An update's alarms are named in it from the first apply on: Terraform's provider replaces an endpoint that gets its
    first ones later, or loses them. That is refused by the plan too.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        hosting: str,
        configuration_name: str,
        update: UpdateSettings | None,
        thresholds: AlarmSettings,
        surroundings: Surroundings,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        alarms = EndpointAlarms(self, "alarms", names=names, thresholds=thresholds, topic_arn=surroundings.topic_arn)
        guarded, rollback_alarms = None, []
        if update is not None:
            rollback = RollbackAlarms(
                self,
                "rollback_alarms",
                names=names,
                configuration_name=configuration_name,
                thresholds=thresholds,
            )
            guarded, rollback_alarms = deployment_config(update, rollback.names), rollback.resources
        is_guarded = "no" if update is None else "yes"
        first = TerraformData(
            self,
            "hosting",
            values={"hosting": hosting, "guarded": is_guarded},
            replaced_by={"endpoint_name": names.name},
            lifecycle=TerraformResourceLifecycle(ignore_changes=["input"]),
        )
        endpoint = SagemakerEndpoint(
            self,
            "Default",
            name=names.name,
            endpoint_config_name=configuration_name,
            deployment_config=guarded,
            lifecycle=TerraformResourceLifecycle(
                create_before_destroy=True,
                precondition=[
                    Precondition(
                        condition=f'${{{first.address}.output.hosting == "{hosting}"}}',
                        error_message=f"{names.name} is to become {hosting}, which SageMaker cannot do in place: "
                        "change name_carries_hosting of this endpoint's settings too, so that it gets another name",
                    ),
                    Precondition(
                        condition=f'${{try({first.address}.output.guarded, "{is_guarded}") == "{is_guarded}"}}',
                        error_message=f"{names.name}: update cannot be given to an endpoint that was made without, nor "
                        "taken away, as Terraform would replace it: change name_carries_hosting of its settings too, "
                        "so that it gets another name",
                    ),
                ],
            ),
            depends_on=[*depends_on],
        )
        self.name, self.alarm_arns = endpoint.name, alarms.arns
        self.outputs = {
            f"endpoint_name_{names.construct_id}": endpoint.name,
            f"endpoint_configuration_name_{names.construct_id}": configuration_name,
        }
        if surroundings.verify_script is not None:
            RollbackGuard(
                self,
                "rollback_guard",
                script=surroundings.verify_script,
                region=surroundings.region,
                endpoint_name=names.name,
                configuration_name=configuration_name,
                # The alarms too, so that those of the configuration that serves stay for as long as it does.
                depends_on=[endpoint, *rollback_alarms],
            )
