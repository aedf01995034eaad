"""The configuration of an endpoint without instances."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfiguration,
    SagemakerEndpointConfigurationProductionVariants,
    SagemakerEndpointConfigurationProductionVariantsServerlessConfig,
)
from constructs import Construct

from settings.names import PRODUCTION


class ServerlessEndpointConfiguration(Construct):
    """One production variant; SageMaker allows a serverless endpoint no other.

    Configurations are immutable: a change makes a new one under a generated name, before the old one goes.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        key_arn: str | None,
        model_name: str,
        memory_size_mb: int,
        max_concurrency: int,
        provisioned_concurrency: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        configuration = SagemakerEndpointConfiguration(
            self,
            "Default",
            name_prefix=name_prefix,
            kms_key_arn=key_arn,
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name=PRODUCTION,
                    model_name=model_name,
                    serverless_config=SagemakerEndpointConfigurationProductionVariantsServerlessConfig(
                        memory_size_in_mb=memory_size_mb,
                        max_concurrency=max_concurrency,
                        provisioned_concurrency=provisioned_concurrency,
                    ),
                )
            ],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.name = configuration.name
