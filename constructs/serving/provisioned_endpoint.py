"""An endpoint on instances of its own, with all that belongs to it."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.monitoring.endpoint_rows import INSTANCE_USE, ServedEndpoint
from constructs.serving.endpoint import Endpoint, Surroundings
from constructs.serving.provisioned_endpoint_configuration import HostedModel, ProvisionedEndpointConfiguration
from constructs.serving.shadow_alarms import ShadowAlarms
from constructs.serving.variant_scaling import VariantScaling
from settings.endpoint import InstanceEndpointSettings
from settings.names import PRODUCTION, SHADOW, EndpointNames


class ProvisionedEndpoint(Construct):
    """`model_names` are by variant: that of the production variant and, where a shadow is released, its own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        endpoint: InstanceEndpointSettings,
        model_names: Mapping[str, str],
        surroundings: Surroundings,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        hosted = {
            variant: HostedModel(model_name=model_name, variant=endpoint.variants[variant])
            for variant, model_name in model_names.items()
        }
        configuration = ProvisionedEndpointConfiguration(
            self,
            "configuration",
            name_prefix=names.configuration_prefix,
            storage_key_arn=surroundings.key_arn if endpoint.takes_a_key else None,
            production=hosted[PRODUCTION],
            shadow=hosted.get(SHADOW),
            data_capture=endpoint.data_capture,
            capture_s3_uri=surroundings.capture_s3_uri,
            capture_key_arn=surroundings.key_arn,
            update=endpoint.update,
        )
        made = Endpoint(
            self,
            "Default",
            names=names,
            hosting=endpoint.hosting,
            configuration_name=configuration.name,
            update=endpoint.update,
            thresholds=endpoint.alarms,
            surroundings=surroundings,
            depends_on=depends_on,
        )
        for variant, item in hosted.items():
            if (scaling := item.variant.scaling_in_effect) is not None:
                VariantScaling(
                    self,
                    f"{variant}_scaling",
                    endpoint_name=made.name,
                    variant_name=variant,
                    capacity_type=item.variant.instance_type,
                    min_capacity=item.variant.instance_count,
                    scaling=scaling,
                )
        alarm_arns = made.alarm_arns
        if SHADOW in hosted and endpoint.shadow_thresholds is not None:
            compared = ShadowAlarms(
                self,
                "shadow_alarms",
                names=names,
                thresholds=endpoint.shadow_thresholds,
                topic_arn=surroundings.topic_arn,
            )
            alarm_arns = [*alarm_arns, *compared.arns]
        self.outputs = made.outputs
        self.served = ServedEndpoint(name=names.name, variant_names=[*hosted], use=INSTANCE_USE, alarm_arns=alarm_arns)
