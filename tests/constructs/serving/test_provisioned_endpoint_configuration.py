from typing import Any

import pytest
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import SagemakerEndpointConfiguration

from constructs.serving.provisioned_endpoint_configuration import HostedModel, ProvisionedEndpointConfiguration
from settings.data_capture import DataCaptureSettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.update import AllAtOnceUpdateSettings, UpdateSettings
from settings.variant import VariantSettings
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform

TYPE = SagemakerEndpointConfiguration.TF_RESOURCE_TYPE

PRODUCTION = HostedModel(
    model_name="first", variant=VariantSettings(instance_type="ml.m5.large", instance_count=2).checked()
)
SHADOW = HostedModel(model_name="second", variant=VariantSettings(instance_type="ml.c6i.large", weight=0.5).checked())


def configuration(
    production: HostedModel = PRODUCTION,
    shadow: HostedModel | None = None,
    storage_key_arn: str | None = None,
    data_capture: DataCaptureSettings | None = None,
    update: UpdateSettings | None = None,
) -> dict[str, Any]:
    return only(made(production, shadow, storage_key_arn, data_capture, update), TYPE)


def made(
    production: HostedModel = PRODUCTION,
    shadow: HostedModel | None = None,
    storage_key_arn: str | None = None,
    data_capture: DataCaptureSettings | None = None,
    update: UpdateSettings | None = None,
) -> Resources:
    return synthesized(
        lambda stack: ProvisionedEndpointConfiguration(
            stack,
            "configuration",
            name_prefix="linear-learner-",
            storage_key_arn=storage_key_arn,
            production=production,
            shadow=shadow,
            data_capture=data_capture,
            capture_s3_uri="s3://acme/data-capture",
            capture_key_arn="arn:key",
            update=update,
        )
    )


def test_another_way_to_update_is_another_configuration_as_sagemaker_refuses_the_same_one_again() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html"""
    ways = [
        made(update=update)["terraform_data"]
        for update in (
            None,
            AllAtOnceUpdateSettings().checked(),
            AllAtOnceUpdateSettings(termination_wait_seconds=60).checked(),
        )
    ]
    triggers = [item["triggers_replace"]["update"] for way in ways for item in way.values()]
    assert len(set(triggers)) == 3
    [address] = ways[1]
    assert configuration()["lifecycle"]["replace_triggered_by"] == [f"terraform_data.{address}"]


def test_the_production_variant_has_its_model_on_its_instances() -> None:
    assert configuration()["production_variants"] == [
        {
            "variant_name": "production",
            "model_name": "first",
            "instance_type": "ml.m5.large",
            "initial_instance_count": 2,
            "initial_variant_weight": 1,
        }
    ]


def test_without_a_shadow_there_is_no_shadow_variant() -> None:
    assert not configuration().get("shadow_production_variants")


def test_a_shadow_stands_beside_the_production_variant() -> None:
    both = configuration(shadow=SHADOW)
    assert [variant["model_name"] for variant in both["production_variants"]] == ["first"]
    assert both["shadow_production_variants"] == [
        {
            "variant_name": "shadow",
            "model_name": "second",
            "instance_type": "ml.c6i.large",
            "initial_instance_count": 1,
            "initial_variant_weight": 0.5,
        }
    ]


def test_a_weight_of_zero_stays_zero() -> None:
    idle = HostedModel(model_name="first", variant=VariantSettings(weight=0).checked())
    assert configuration(production=idle)["production_variants"][0]["initial_variant_weight"] == 0


def test_a_new_configuration_gets_a_new_name_and_exists_before_the_old_one_goes() -> None:
    assert configuration()["name_prefix"] == "linear-learner-"
    assert "name" not in configuration()
    assert configuration()["lifecycle"]["create_before_destroy"] is True


def test_the_instances_storage_is_encrypted_with_the_key() -> None:
    assert configuration(storage_key_arn="arn:aws:kms:us-east-1:111111111111:key/1")["kms_key_arn"].endswith(":key/1")
    assert "kms_key_arn" not in configuration()


def test_instances_with_disks_of_their_own_take_no_key() -> None:
    endpoint = ProvisionedEndpointSettings(production=VariantSettings(instance_type="ml.g5.xlarge"))
    resources = synthesized_platform(environment("dev", endpoints=[endpoint]))["resource"]
    assert "kms_key_arn" not in only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)


def test_nothing_is_captured_unless_it_is_said() -> None:
    assert "data_capture_config" not in configuration()
    for name in ("dev", "staging"):
        resources = synthesized_platform(environment(name))["resource"]
        assert "data_capture_config" not in only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)


def test_captured_data_goes_to_the_bucket_encrypted_and_readable() -> None:
    capture = DataCaptureSettings(sampling_percent=20).checked()
    assert configuration(data_capture=capture)["data_capture_config"] == {
        "enable_capture": True,
        "initial_sampling_percentage": 20,
        "destination_s3_uri": "s3://acme/data-capture",
        "kms_key_id": "arn:key",
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        "capture_content_type_header": {"csv_content_types": ["text/csv"], "json_content_types": ["application/json"]},
    }


def test_an_environment_captures_into_its_own_bucket_with_its_own_key() -> None:
    endpoint = ProvisionedEndpointSettings(
        production=VariantSettings(), data_capture=DataCaptureSettings(sampling_percent=100, modes=["Input"])
    )
    resources = synthesized_platform(environment("dev", endpoints=[endpoint]))["resource"]
    captured = only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)["data_capture_config"]
    assert captured["destination_s3_uri"] == "s3://${aws_s3_bucket.data_bucket.bucket}/data-capture"
    assert captured["kms_key_id"] == "${aws_kms_key.encryption_key.arn}"
    assert captured["capture_options"] == [{"capture_mode": "Input"}]


def test_dev_has_a_production_variant_only() -> None:
    resources = synthesized_platform(environment("dev"))["resource"]
    dev = only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)
    assert [variant["variant_name"] for variant in dev["production_variants"]] == ["production"]
    assert not dev.get("shadow_production_variants")


def test_staging_has_exactly_one_production_and_one_shadow_variant() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    staging = only(resources, SagemakerEndpointConfiguration.TF_RESOURCE_TYPE)
    assert [variant["variant_name"] for variant in staging["production_variants"]] == ["production"]
    assert [variant["variant_name"] for variant in staging["shadow_production_variants"]] == ["shadow"]


@pytest.mark.parametrize(("weight", "written"), [(0.1, 0.10000000149011612), (0.8, 0.800000011920929), (0.25, 0.25)])
def test_a_weight_is_written_as_sagemaker_gives_it_back(weight: float, written: float) -> None:
    """It is 32 bits there: https://github.com/hashicorp/terraform-provider-aws/issues/43643"""
    variant = VariantSettings(instance_type="ml.m5.large", weight=weight).checked()
    [made] = configuration(HostedModel(model_name="first", variant=variant))["production_variants"]
    assert made["initial_variant_weight"] == written
