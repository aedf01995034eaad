from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog

from constructs.network.network_flow_log import NetworkFlowLog
from tests.support import parts
from tests.support.policies import ACCOUNT, Request, decisions, policies
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def flow_log(stack: TerraformStack) -> NetworkFlowLog:
    return NetworkFlowLog(
        stack,
        "flow_log",
        account=parts.account(stack),
        names=parts.names(),
        vpc_id="vpc-1",
        storage=parts.LOG_STORAGE,
    )


def test_the_flow_of_one_vpc_goes_to_one_group() -> None:
    resources = synthesized(flow_log)
    found = only(resources, FlowLog.TF_RESOURCE_TYPE)
    assert (found["vpc_id"], found["traffic_type"], found["tags"]) == ("vpc-1", "ALL", {"Name": "acme-prod"})
    assert only(resources, CloudwatchLogGroup.TF_RESOURCE_TYPE) == {
        "name": "/aws/vpc/acme-prod",
        "retention_in_days": 30,
        "kms_key_id": parts.KEY_ARN,
    }


GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/vpc/ml-platform-prod"


def test_all_traffic_is_logged_to_a_group_with_retention_and_key() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    assert only(resources, FlowLog.TF_RESOURCE_TYPE)["traffic_type"] == "ALL"
    group = resources[CloudwatchLogGroup.TF_RESOURCE_TYPE]["flow_log_log_group"]
    assert group == {
        "name": "/aws/vpc/ml-platform-prod",
        "retention_in_days": 365,
        "kms_key_id": "${aws_kms_key.encryption_key.arn}",
        "skip_destroy": True,
    }


def test_it_waits_for_its_policy() -> None:
    resources = synthesized_platform(environment("prod"))["resource"]
    assert only(resources, FlowLog.TF_RESOURCE_TYPE)["depends_on"] == ["aws_iam_role_policy.flow_log_role_policy"]


def test_its_role_writes_to_that_group_only() -> None:
    policy = policies("prod")["flow_log_role_policy_document"]
    asked = [
        Request(action=action, resource=resource, policy=policy)
        for action, resource in (
            ("logs:PutLogEvents", f"{GROUP}:log-stream:eni-1"),
            ("logs:PutLogEvents", f"{GROUP}-other:log-stream:eni-1"),
            ("logs:CreateLogGroup", GROUP),
        )
    ]
    assert decisions(asked) == ["Allowed", "ImplicitlyDenied", "ImplicitlyDenied"]
