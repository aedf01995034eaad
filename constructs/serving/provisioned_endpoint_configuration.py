"""The configuration of an endpoint on instances of its own."""

from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfiguration,
    SagemakerEndpointConfigurationDataCaptureConfig,
    SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader,
    SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions,
    SagemakerEndpointConfigurationProductionVariants,
    SagemakerEndpointConfigurationShadowProductionVariants,
)
from constructs import Construct

from constructs.terraform_data import TerraformData
from settings.data_capture import DataCaptureSettings
from settings.names import PRODUCTION, SHADOW
from settings.update import UpdateSettings
from settings.variant import VariantSettings


@dataclass(frozen=True, kw_only=True)
class HostedModel:
    """A model, by its name, on a variant's instances."""

    model_name: str
    variant: VariantSettings


class ProvisionedEndpointConfiguration(Construct):
    """One production variant and, when given, one shadow variant that serves a copy of the requests. `data_capture`
    goes below `capture_s3_uri`, encrypted with the key there.

    Configurations are immutable: a change makes a new one under a generated name, before the old one goes. So does a
    change of `update`, how endpoints go from one to the next: SageMaker refuses an update with the configuration that
    the endpoint has already, and Terraform's provider would ask for one.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name_prefix: str,
        storage_key_arn: str | None,
        production: HostedModel,
        shadow: HostedModel | None,
        data_capture: DataCaptureSettings | None,
        capture_s3_uri: str,
        capture_key_arn: str | None,
        update: UpdateSettings | None,
    ) -> None:
        super().__init__(scope, construct_id)
        way = "" if update is None else update.model_dump_json()
        updated = TerraformData(self, "update", replaced_by={"update": way})
        configuration = SagemakerEndpointConfiguration(
            self,
            "Default",
            name_prefix=name_prefix,
            kms_key_arn=storage_key_arn,
            production_variants=[
                SagemakerEndpointConfigurationProductionVariants(
                    variant_name=PRODUCTION,
                    model_name=production.model_name,
                    instance_type=production.variant.instance_type,
                    initial_instance_count=production.variant.instance_count,
                    initial_variant_weight=production.variant.weight,
                )
            ],
            shadow_production_variants=[
                SagemakerEndpointConfigurationShadowProductionVariants(
                    variant_name=SHADOW,
                    model_name=hosted.model_name,
                    instance_type=hosted.variant.instance_type,
                    initial_instance_count=hosted.variant.instance_count,
                    initial_variant_weight=hosted.variant.weight,
                )
                for hosted in ([] if shadow is None else [shadow])
            ],
            data_capture_config=None
            if data_capture is None
            else _data_capture_config(data_capture, capture_s3_uri, capture_key_arn),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True, replace_triggered_by=[updated.address]),
        )
        self.name = configuration.name


def _data_capture_config(
    capture: DataCaptureSettings, s3_uri: str, key_arn: str | None
) -> SagemakerEndpointConfigurationDataCaptureConfig:
    return SagemakerEndpointConfigurationDataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=capture.sampling_percent,
        destination_s3_uri=s3_uri,
        kms_key_id=key_arn,
        capture_options=[
            SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions(capture_mode=mode) for mode in capture.modes
        ],
        # Else base64 is what is written.
        capture_content_type_header=SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader(
            csv_content_types=["text/csv"], json_content_types=["application/json"]
        ),
    )
