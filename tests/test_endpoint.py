from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint

from constructs.endpoint import Endpoint
from tests.synthesis import environment, only, synthesized, synthesized_platform


def test_the_endpoint_serves_its_configuration_under_its_name() -> None:
    resources = synthesized(
        lambda stack: Endpoint(
            stack, "linear_learner", name="linear-learner", configuration_name="linear-learner-1", depends_on=[]
        )
    )
    endpoint = only(resources, SagemakerEndpoint.TF_RESOURCE_TYPE)
    assert (endpoint["name"], endpoint["endpoint_config_name"]) == ("linear-learner", "linear-learner-1")


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
