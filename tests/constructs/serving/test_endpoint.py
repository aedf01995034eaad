import re
from pathlib import Path
from typing import Any

from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint

from constructs.serving.endpoint import Endpoint, Surroundings
from settings.endpoint import ProvisionedEndpointSettings
from settings.thresholds import AlarmSettings
from settings.update import AllAtOnceUpdateSettings, UpdateSettings
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.synthesis import Resources, environment, only, synthesized, synthesized_platform

AT_ONCE = AllAtOnceUpdateSettings(termination_wait_seconds=300, max_execution_timeout_seconds=1800).checked()


def endpoint(
    update: UpdateSettings | None = AT_ONCE, hosting: str = "provisioned", verify_script: Path | None = None
) -> Resources:
    return synthesized(
        lambda stack: Endpoint(
            stack,
            "linear_learner",
            names=parts.endpoint_names(),
            hosting=hosting,
            configuration_name="linear-learner-1",
            update=update,
            thresholds=AlarmSettings().checked(),
            surroundings=Surroundings(
                region=parts.REGION,
                key_arn=None,
                capture_s3_uri="s3://acme/data-capture",
                topic_arn="arn:topic",
                verify_script=verify_script,
            ),
            depends_on=[],
        )
    )


def alarm_names(config: dict[str, Any]) -> list[str]:
    """Of the alarms that are referred to, by the last part of their addresses."""
    named = [alarm["alarm_name"] for alarm in config["auto_rollback_configuration"]["alarms"]]
    return [re.sub(r".*_(errors|latency)_[0-9A-F]+\.alarm_name}", r"\1", name) for name in named]


def test_the_endpoint_serves_its_configuration_under_its_name() -> None:
    made = only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)
    assert (made["name"], made["endpoint_config_name"]) == ("linear-learner", "linear-learner-1")


def test_an_update_is_rolled_back_by_its_alarms() -> None:
    config = only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)["deployment_config"]
    assert alarm_names(config) == ["errors", "latency"]


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
    assert kept["input"] == {"hosting": "serverless", "guarded": "no"}
    assert kept["lifecycle"] == {"ignore_changes": ["input"]}
    lifecycle: dict[str, Any] = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["lifecycle"]
    precondition, other = lifecycle["precondition"]
    assert precondition["condition"] == '${terraform_data.linear_learner_hosting.output.hosting == "serverless"}'
    assert "change name_carries_hosting" in precondition["error_message"]
    assert other["condition"] == '${try(terraform_data.linear_learner_hosting.output.guarded, "no") == "no"}'


def test_an_endpoint_of_another_name_is_there_before_the_old_one_goes() -> None:
    assert only(endpoint(), SagemakerEndpoint.TF_RESOURCE_TYPE)["lifecycle"]["create_before_destroy"] is True


def test_the_endpoint_waits_for_its_log_group_and_the_roles_policies() -> None:
    resources = synthesized_platform(environment("staging"))["resource"]
    assert only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)["depends_on"] == [
        "aws_iam_role_policy.hosting_role_policy",
        "terraform_data.interface_release",
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
        "${aws_cloudwatch_metric_alarm.linear_learner_rollback_alarms_errors.alarm_name}",
        "${aws_cloudwatch_metric_alarm.linear_learner_rollback_alarms_latency.alarm_name}",
    ]


def test_its_updates_are_guarded_where_there_is_a_script_for_it(tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    script.touch()
    assert len(endpoint(verify_script=script)["terraform_data"]) == 3
    assert len(endpoint()["terraform_data"]) == 1
