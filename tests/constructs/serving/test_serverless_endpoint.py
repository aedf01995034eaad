from typing import Any

from cdktf import TerraformStack, Testing

from constructs.serving.endpoint import Surroundings
from constructs.serving.serverless_endpoint import ServerlessEndpoint
from settings.endpoint import ServerlessEndpointSettings
from settings.scaling import ConcurrencyScalingSettings
from tests.support import parts
from tests.support.synthesis import Resources, only, synthesized


def build(stack: TerraformStack, endpoint: ServerlessEndpointSettings) -> Any:
    return ServerlessEndpoint(
        stack,
        "linear_learner",
        names=parts.endpoint_names(),
        endpoint=endpoint.checked(),
        model_names={"production": "first"},
        surroundings=Surroundings(
            region=parts.REGION,
            key_arn=parts.KEY_ARN,
            capture_s3_uri="s3://acme/data-capture",
            topic_arn="arn:topic",
            verify_script=None,
        ),
        depends_on=[],
    )


def made(**values: Any) -> Resources:
    return synthesized(lambda stack: build(stack, ServerlessEndpointSettings(**values)))


def test_it_serves_its_model_without_instances_and_without_a_guarded_update() -> None:
    resources = made()
    configuration = only(resources, "aws_sagemaker_endpoint_configuration")
    assert configuration["production_variants"][0]["model_name"] == "first"
    assert configuration["kms_key_arn"] == parts.KEY_ARN
    assert "deployment_config" not in only(resources, "aws_sagemaker_endpoint")
    assert len(resources["aws_cloudwatch_metric_alarm"]) == 2


def test_its_hosting_is_kept_in_the_state() -> None:
    assert only(made(), "terraform_data")["input"] == {"hosting": "serverless", "guarded": "no"}


def test_provisioned_concurrency_scales_where_it_may_go_up() -> None:
    for highest, scales in ((2, False), (4, True)):
        resources = made(
            provisioned_concurrency=2, scaling=ConcurrencyScalingSettings(max_provisioned_concurrency=highest)
        )
        assert ("aws_appautoscaling_target" in resources) is scales


def test_its_row_of_the_dashboard_shows_the_use_of_concurrency() -> None:
    served = build(TerraformStack(Testing.app(), "test"), ServerlessEndpointSettings()).served
    assert served.variant_names == ["production"]
    assert served.use.unit == "share, from 0 to 1"
    assert {metric for _, metric in served.use.metrics} == {
        "ServerlessConcurrentExecutionsUtilization",
        "ServerlessProvisionedConcurrencyUtilization",
    }
