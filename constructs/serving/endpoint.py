"""A SageMaker endpoint."""

from collections.abc import Sequence

from cdktf import ITerraformDependable, Precondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from constructs import Construct

from constructs.serving.deployment import Update, deployment_config
from constructs.terraform_data import TerraformData


class Endpoint(Construct):
    """Serves what its configuration says; another configuration updates it in place, without a gap in service.

    SageMaker cannot move an endpoint between instances and serverless in place. `hosting`, one of the two, is kept in
    the state from the first apply under a name: where it has changed and the name has not, the plan fails. A new name
    is a new endpoint, made before the old one goes.
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html

    The alarms in `rollback_alarm_names` are declared from the first apply: Terraform's provider replaces an endpoint
    that gets its first ones later.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        hosting: str,
        configuration_name: str,
        update: Update | None,
        rollback_alarm_names: Sequence[str],
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        first = TerraformData(
            self,
            "hosting",
            values={"hosting": hosting},
            replaced_by={"endpoint_name": name},
            lifecycle=TerraformResourceLifecycle(ignore_changes=["input"]),
        )
        endpoint = SagemakerEndpoint(
            self,
            "Default",
            name=name,
            endpoint_config_name=configuration_name,
            deployment_config=None if update is None else deployment_config(update, rollback_alarm_names),
            lifecycle=TerraformResourceLifecycle(
                create_before_destroy=True,
                precondition=[
                    Precondition(
                        condition=f'${{{first.address}.output.hosting == "{hosting}"}}',
                        error_message=f"{name} is to become {hosting}, which SageMaker cannot do in place: change "
                        "name_carries_hosting of this endpoint's settings too, so that it gets another name",
                    )
                ],
            ),
            depends_on=[*depends_on],
        )
        self.resource, self.name = endpoint, endpoint.name
