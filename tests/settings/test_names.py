from settings.endpoint import ServerlessEndpointSettings, ShadowedEndpointSettings
from settings.names import GENERATED_DIGITS
from settings.variant import VariantSettings
from tests.support.parts import names


def test_what_is_named_begins_with_project_and_environment() -> None:
    found = names()
    assert found.bucket("111111111111") == "acme-prod-sagemaker-111111111111-eu-west-1"
    assert found.roles == (
        "acme-prod-sagemaker-notebook",
        "acme-prod-sagemaker-training",
        "acme-prod-sagemaker-hosting",
        "acme-prod-sagemaker-pipeline",
        "acme-prod-scheduler",
        "acme-prod-vpc-flow-log",
    )
    assert found.model_prefix("churn") == "acme-prod-churn-"
    assert found.training("churn") == "acme-prod-churn"
    assert found.training("churn").startswith(found.training_job_prefix)
    assert found.state_key == "acme/prod/terraform.tfstate"


def test_the_longest_forms_are_as_long_as_the_longest_real_ones() -> None:
    found = names()
    assert len(found.longest_bucket) == len(found.bucket("111111111111"))
    assert len(found.longest_model("churn")) == len("acme-prod-churn-0123abcd")
    [endpoint] = found.endpoints.values()
    assert len(endpoint.longest_configuration) == len("linear-learner-") + GENERATED_DIGITS


def test_an_endpoints_name_tells_hosting_and_environment_where_the_settings_say_so() -> None:
    endpoints = [
        ServerlessEndpointSettings(name="a", name_carries_hosting=True),
        ShadowedEndpointSettings(name="b", production=VariantSettings(), shadow=VariantSettings()),
    ]
    found = names(endpoints=endpoints, shares_account=True).endpoints
    assert {key: endpoint.name for key, endpoint in found.items()} == {"a": "a-serverless-prod", "b": "b-prod"}
    assert found["a"].log_group == "/aws/sagemaker/Endpoints/a-serverless-prod"
    assert found["b"].alarms(shadow=True) == (
        "acme-prod-b-prod-5xx-errors",
        "acme-prod-b-prod-model-latency",
        "acme-prod-b-prod-shadow-5xx-errors",
        "acme-prod-b-prod-shadow-model-latency",
    )
