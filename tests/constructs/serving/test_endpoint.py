from typing import Any

from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint

from constructs.serving.deployment import BlueGreenUpdate, Update
from constructs.serving.endpoint import Endpoint
from settings.endpoint import ProvisionedEndpointSettings, VariantSettings
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform

AT_ONCE = BlueGreenUpdate(termination_wait_seconds=300, max_execution_timeout_seconds=1800)


def endpoint(update: Update | None = AT_ONCE, hosting: str = "provisioned") -> Resources:
    return synthesized(
        lambda stack: Endpoint(
            stack,
            "linear_learner",
            name="linear-learner",
            hosting=hosting,
            configuration_name="linear-learner-1",
            update=update,
            rollback_alarm_names=["errors", "latency"],
            depends_on=[],
        )
    )


def test_the_endpoint_serves_its_configuration_under_its_name() -> None:
    made = only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)
    assert (made["name"], made["endpoint_config_name"]) == ("linear-learner", "linear-learner-1")


def test_an_update_is_rolled_back_by_its_alarms() -> None:
    config = only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)["deployment_config"]
    assert config["auto_rollback_configuration"] == {"alarms": [{"alarm_name": "errors"}, {"alarm_name": "latency"}]}


def test_a_serverless_endpoint_has_no_guarded_update() -> None:
    made = only(endpoint(update=None, hosting="serverless"), SagemakerEndpoint.TF_RESOURCE_TYPE)
    assert "deployment_config" not in made


def test_an_endpoint_that_was_made_without_alarms_can_be_kept_so() -> None:
    kept = [ProvisionedEndpointSettings(production=VariantSettings(), update=None)]
    resources = synthesized_platform(environment("dev", endpoints=kept))["resource"]
    assert "deployment_config" not in only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)


def test_the_hosting_of_the_first_apply_is_kept_and_another_one_is_refused_by_the_plan() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    kept = resources["terraform_data"]["linear_learner_hosting"]
    assert kept["input"] == {"hosting": "serverless"}
    assert kept["lifecycle"] == {"ignore_changes": ["input"]}
    lifecycle: dict[str, Any] = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["lifecycle"]
    [precondition] = lifecycle["precondition"]
    assert precondition["condition"] == '${terraform_data.linear_learner_hosting.output.hosting == "serverless"}'
    assert "change name_carries_hosting" in precondition["error_message"]


def test_an_endpoint_of_another_name_is_there_before_the_old_one_goes() -> None:
    assert only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)["lifecycle"]["create_before_destroy"] is True


def test_the_endpoint_waits_for_its_log_group_and_the_roles_policies() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    assert only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["depends_on"] == [
        "aws_iam_role_policy.hosting_role_policy",
        "aws_cloudwatch_log_group.log_groups_Endpoints_linear_learner",
    ]


def test_the_endpoint_follows_the_generated_name_of_its_configuration() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    assert only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["endpoint_config_name"] == (
        "${aws_sagemaker_endpoint_configuration.linear_learner_configuration.name}"
    )


def test_the_endpoint_waits_for_the_alarms_that_roll_it_back() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    config = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["deployment_config"]
    assert [alarm["alarm_name"] for alarm in config["auto_rollback_configuration"]["alarms"]] == [
        "${aws_cloudwatch_metric_alarm.linear_learner_alarms_errors.alarm_name}",
        "${aws_cloudwatch_metric_alarm.linear_learner_alarms_latency.alarm_name}",
    ]
