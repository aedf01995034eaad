from typing import Any

import pytest
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import SagemakerEndpointConfiguration

from constructs.serving.serverless_endpoint_configuration import ServerlessEndpointConfiguration
from settings.endpoint import ServerlessEndpointSettings
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def configuration(provisioned_concurrency: int | None = None) -> dict[str, Any]:
    resources = synthesized(
        lambda stack: ServerlessEndpointConfiguration(
            stack,
            "configuration",
            name_prefix="linear-learner-",
            key_arn="arn:aws:kms:us-east-1:111111111111:key/1",
            model_name="first",
            memory_size_mb=2048,
            max_concurrency=20,
            provisioned_concurrency=provisioned_concurrency,
        )
    )
    return only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)


def test_the_production_variant_is_serverless_and_has_no_instances() -> None:
    assert configuration()["production_variants"] == [
        {
            "variant_name": "production",
            "model_name": "first",
            "serverless_config": {"memory_size_in_mb": 2048, "max_concurrency": 20},
        }
    ]


def test_the_storage_is_encrypted_with_the_key() -> None:
    assert configuration()["kms_key_arn"] == "arn:aws:kms:us-east-1:111111111111:key/1"


def test_provisioned_concurrency_is_passed_on() -> None:
    [variant] = configuration(provisioned_concurrency=5)["production_variants"]
    assert variant["serverless_config"]["provisioned_concurrency"] == 5


def test_a_new_configuration_gets_a_new_name_and_exists_before_the_old_one_goes() -> None:
    assert configuration()["name_prefix"] == "linear-learner-"
    assert configuration()["lifecycle"] == {"create_before_destroy": True}


def test_prod_is_serverless_with_a_production_variant_only() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    prod = only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)
    [variant] = prod["production_variants"]
    assert "serverless_config" in variant
    assert "shadow_production_variants" not in prod


@pytest.mark.parametrize("excluded", ["shadow", "vpc", "capture"])
def test_serverless_settings_have_no_field_for_what_serverless_excludes(excluded: str) -> None:
    assert not [field for field in ServerlessEndpointSettings.model_fields if excluded in field]
