import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription

from constructs.monitoring.alarm_topic import AlarmTopic
from tests.support import parts
from tests.support.policies import ACCOUNT, Request, decisions, policies
from tests.support.synthesis import environment, only, synthesized, synthesized_platform


def test_a_topic_alone_has_a_policy_and_its_subscribers() -> None:
    def build(stack: TerraformStack) -> None:
        AlarmTopic(
            stack,
            "alarm_topic",
            account=parts.account(stack),
            names=parts.names(),
            key_arn=parts.KEY_ARN,
            emails=["ml-team@example.com"],
        )

    resources = synthesized(build)
    topic = only(resources, SnsTopic.TF_RESOURCE_TYPE)
    assert (topic["name"], topic["kms_master_key_id"]) == ("acme-prod-alarms", parts.KEY_ARN)
    assert only(resources, SnsTopicSubscription.TF_RESOURCE_TYPE)["endpoint"] == "ml-team@example.com"


TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:ml-platform-prod-alarms"


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_topic_is_encrypted_with_the_environments_key(name: str) -> None:
    topic = only(synthesized_platform(environment(name))["resource"], SnsTopic.TF_RESOURCE_TYPE)
    assert topic["name"] == f"ml-platform-{name}-alarms"
    assert topic["kms_master_key_id"] == "${aws_kms_key.encryption_key.arn}"


def test_awss_own_key_which_keeps_cloudwatch_out_is_never_used() -> None:
    resources = synthesized_platform(environment("dev", encryption_key=None))["resource"]
    assert "kms_master_key_id" not in only(resources, SnsTopic.TF_RESOURCE_TYPE)


def test_only_the_platforms_own_alarms_may_publish() -> None:
    policy = policies("prod")["alarm_topic_policy_document"]

    def publish(principal: str, account: str, alarm: str) -> Request:
        source = f"arn:aws:cloudwatch:us-east-1:{account}:alarm:{alarm}"
        context = {"aws:SourceAccount": account, "aws:SourceArn": source}
        return Request(
            action="sns:Publish", resource=TOPIC, principal=principal, resource_policy=policy, context=context
        )

    asked = [
        publish("cloudwatch.amazonaws.com", ACCOUNT, "ml-platform-prod-linear-learner-5xx-errors"),
        publish("cloudwatch.amazonaws.com", ACCOUNT, "other"),
        publish("cloudwatch.amazonaws.com", "999999999999", "ml-platform-prod-linear-learner-5xx-errors"),
        publish("events.amazonaws.com", ACCOUNT, "ml-platform-prod-linear-learner-5xx-errors"),
    ]
    assert decisions(asked) == ["Allowed", "ImplicitlyDenied", "ImplicitlyDenied", "ImplicitlyDenied"]


def test_each_address_of_the_settings_is_subscribed() -> None:
    emails = ["ml-team@example.com", "on-call@example.com"]
    resources = synthesized_platform(environment("prod", alarm_emails=emails))["resource"]
    found = resources[SnsTopicSubscription.TF_RESOURCE_TYPE].values()
    assert [(item["protocol"], item["endpoint"]) for item in found] == [("email", email) for email in emails]


def test_nobody_is_subscribed_unless_it_is_said() -> None:
    for name in ("dev", "staging", "prod"):
        assert SnsTopicSubscription.TF_RESOURCE_TYPE not in synthesized_platform(environment(name))["resource"]
