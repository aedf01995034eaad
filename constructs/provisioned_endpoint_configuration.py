"""The configuration of an endpoint on instances of its own."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfiguration,
    SagemakerEndpointConfigurationProductionVariants,
    SagemakerEndpointConfigurationShadowProductionVariants,
)
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A model on instances; `weight` is its share of the requests: weight / sum of the weights of all variants."""

    model_name: str
    instance_type: str
    instance_count: int
    weight: float


class ProvisionedEndpointConfiguration(Construct):
    """One production variant and, when given, one shadow variant that serves a copy of the requests.

    Configurations are immutable: a change makes a new one under a generated name, before the old one goes.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        key_arn: str | None,
        production: Variant,
        shadow: Variant | None,
    ) -> None:
        super().__init__(scope, construct_id)
        configuration = SagemakerEndpointConfiguration(
            self,
            "Default",
            name_prefix=name_prefix,
            kms_key_arn=key_arn,
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name="production",
                    model_name=production.model_name,
                    instance_type=production.instance_type,
                    initial_instance_count=production.instance_count,
                    initial_variant_weight=production.weight,
                )
            ],
            shadow_production_variants=[
                SagemakerEndpointConfigurationShadowProductionVariants(
                    variant_name="shadow",
                    model_name=variant.model_name,
                    instance_type=variant.instance_type,
                    initial_instance_count=variant.instance_count,
                    initial_variant_weight=variant.weight,
                )
                for variant in ([] if shadow is None else [shadow])
            ],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.name = configuration.name
