"""An endpoint without instances, with all that belongs to it."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.monitoring.endpoint_rows import CONCURRENCY_USE, ServedEndpoint
from constructs.serving.endpoint import Endpoint, Surroundings
from constructs.serving.serverless_endpoint_configuration import ServerlessEndpointConfiguration
from constructs.serving.variant_scaling import VariantScaling
from settings.endpoint import ServerlessEndpointSettings
from settings.names import PRODUCTION, EndpointNames


class ServerlessEndpoint(Construct):
    """`model_names` has that of the production variant; SageMaker allows a serverless endpoint no other."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        endpoint: ServerlessEndpointSettings,
        model_names: Mapping[str, str],
        surroundings: Surroundings,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        configuration = ServerlessEndpointConfiguration(
            self,
            "configuration",
            name_prefix=names.configuration_prefix,
            key_arn=surroundings.key_arn,
            model_name=model_names[PRODUCTION],
            memory_size_mb=endpoint.memory_size_mb,
            max_concurrency=endpoint.max_concurrency,
            provisioned_concurrency=endpoint.provisioned_concurrency,
        )
        made = Endpoint(
            self,
            "Default",
            names=names,
            hosting=endpoint.hosting,
            configuration_name=configuration.name,
            update=None,
            thresholds=endpoint.alarms,
            surroundings=surroundings,
            depends_on=depends_on,
        )
        scaling, lowest = endpoint.scaling_in_effect, endpoint.provisioned_concurrency
        if scaling is not None and lowest is not None:
            VariantScaling(
                self,
                f"{PRODUCTION}_scaling",
                endpoint_name=made.name,
                variant_name=PRODUCTION,
                capacity_type=f"{endpoint.memory_size_mb} MB",
                min_capacity=lowest,
                scaling=scaling,
            )
        self.outputs = made.outputs
        self.served = ServedEndpoint(
            name=names.name, variant_names=[PRODUCTION], use=CONCURRENCY_USE, alarm_arns=made.alarm_arns
        )
