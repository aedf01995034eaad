"""The configuration of an endpoint on instances of its own."""

from collections.abc import Sequence
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


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A model on instances; `weight` is its share of the requests: weight / sum of the weights of all variants."""

    model_name: str
    instance_type: str
    instance_count: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class DataCapture:
    """`sampling_percent` of the requests, each of `modes` (Input, Output), below `destination_s3_uri`.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
    """

    sampling_percent: int
    modes: Sequence[str]
    destination_s3_uri: str
    key_arn: str | None


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
        data_capture: DataCapture | None,
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
            data_capture_config=None if data_capture is None else _data_capture_config(data_capture),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.name = configuration.name


def _data_capture_config(capture: DataCapture) -> SagemakerEndpointConfigurationDataCaptureConfig:
    return SagemakerEndpointConfigurationDataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=capture.sampling_percent,
        destination_s3_uri=capture.destination_s3_uri,
        kms_key_id=capture.key_arn,
        capture_options=[
            SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions(capture_mode=mode) for mode in capture.modes
        ],
        # Else base64 is what is written.
        capture_content_type_header=SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader(
            csv_content_types=["text/csv"], json_content_types=["application/json"]
        ),
    )
