from typing import Any

from cdktf import TerraformStack, Testing

from constructs.serving.endpoint import Surroundings
from constructs.serving.provisioned_endpoint import ProvisionedEndpoint
from settings.data_capture import DataCaptureSettings
from settings.endpoint import InstanceEndpointSettings, ProvisionedEndpointSettings, ShadowedEndpointSettings
from settings.scaling import InstanceScalingSettings
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized

ONE = {"production": "first"}
BOTH = {"production": "first", "shadow": "second"}
SURROUNDINGS = Surroundings(
    region=parts.REGION,
    key_arn=parts.KEY_ARN,
    capture_s3_uri="s3://acme/data-capture",
    topic_arn="arn:topic",
    verify_script=None,
)


def build(stack: TerraformStack, endpoint: InstanceEndpointSettings, model_names: dict[str, str]) -> Any:
    return ProvisionedEndpoint(
        stack,
        "linear_learner",
        names=parts.endpoint_names(),
        endpoint=endpoint.checked(),
        model_names=model_names,
        surroundings=SURROUNDINGS,
        depends_on=[],
    )


def made(endpoint: InstanceEndpointSettings, model_names: dict[str, str]) -> Resources:
    return synthesized(lambda stack: build(stack, endpoint, model_names))


PROVISIONED = ProvisionedEndpointSettings(production=VariantSettings())
SHADOWED = ShadowedEndpointSettings(production=VariantSettings(), shadow=VariantSettings())


def test_it_serves_its_model_on_instances_watched_by_two_alarms_and_two_more_while_it_is_updated() -> None:
    resources = made(PROVISIONED, ONE)
    [variant] = only(resources, "aws_sagemaker_endpoint_configuration")["production_variants"]
    assert (variant["model_name"], variant["initial_instance_count"]) == ("first", 1)
    assert only(resources, "aws_sagemaker_endpoint")["deployment_config"]["auto_rollback_configuration"]
    assert len(resources["aws_cloudwatch_metric_alarm"]) == 4


def test_a_released_shadow_is_compared_and_rolls_nothing_back() -> None:
    resources = made(SHADOWED, BOTH)
    assert len(resources["aws_cloudwatch_metric_alarm"]) == 6
    rollback = only(resources, "aws_sagemaker_endpoint")["deployment_config"]["auto_rollback_configuration"]
    assert len(rollback["alarms"]) == 2


def test_without_a_released_shadow_there_is_none() -> None:
    resources = made(SHADOWED, ONE)
    assert not only(resources, "aws_sagemaker_endpoint_configuration").get("shadow_production_variants")
    assert len(resources["aws_cloudwatch_metric_alarm"]) == 4


def test_only_variants_that_serve_a_model_scale() -> None:
    scaling = InstanceScalingSettings(max_instance_count=4, invocations_per_instance=600)
    variant = VariantSettings(instance_type="ml.m5.large", scaling=scaling)
    endpoint = ShadowedEndpointSettings(production=variant, shadow=variant)
    assert len(made(endpoint, BOTH)["aws_appautoscaling_target"]) == 2
    [target] = made(endpoint, ONE)["aws_appautoscaling_target"].values()
    assert target["resource_id"].endswith("/variant/production")


def test_captures_and_storage_are_encrypted_but_for_instances_with_disks_of_their_own() -> None:
    capture = DataCaptureSettings(sampling_percent=10)
    for instance_type, key_arn in (("ml.m5.large", parts.KEY_ARN), ("ml.g5.xlarge", None)):
        endpoint = ProvisionedEndpointSettings(
            production=VariantSettings(instance_type=instance_type), data_capture=capture
        )
        configuration = only(made(endpoint, ONE), "aws_sagemaker_endpoint_configuration")
        assert configuration.get("kms_key_arn") == key_arn
        assert configuration["data_capture_config"]["kms_key_id"] == parts.KEY_ARN
        assert configuration["data_capture_config"]["destination_s3_uri"] == "s3://acme/data-capture"


def test_its_row_of_the_dashboard_names_what_serves() -> None:
    stack = TerraformStack(Testing.app(), "test")
    served = build(stack, SHADOWED, BOTH).served
    assert (served.name, served.variant_names, len(served.alarm_arns)) == (
        "linear-learner",
        ["production", "shadow"],
        4,
    )
