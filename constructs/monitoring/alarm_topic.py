"""The SNS topic that CloudWatch's alarms notify."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from constructs.access.allow import condition_blocks
from constructs.account import Account
from constructs.literal import literal
from settings.names import Names


class AlarmTopic(Construct):
    """The platform's own alarms may publish, nobody else. Each of `emails` has to confirm once.

    With a key of our own, whose policy must let CloudWatch use it; AWS's own key for SNS would keep CloudWatch out.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        key_arn: str | None,
        emails: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        document = DataAwsIamPolicyDocument(
            self,
            "policy_document",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    sid="Alarms",
                    actions=["sns:Publish"],
                    resources=[account.arn("sns", names.alarm_topic)],
                    principals=[
                        DataAwsIamPolicyDocumentStatementPrincipals(
                            type="Service", identifiers=["cloudwatch.amazonaws.com"]
                        )
                    ],
                    condition=condition_blocks(
                        {
                            ("StringEquals", "aws:SourceAccount"): [account.id],
                            ("ArnLike", "aws:SourceArn"): [account.alarm_arn(names.every_alarm)],
                        }
                    ),
                )
            ],
        )
        topic = SnsTopic(self, "Default", name=names.alarm_topic, kms_master_key_id=key_arn, policy=document.json)
        for email in emails:
            SnsTopicSubscription(self, email, topic_arn=topic.arn, protocol="email", endpoint=literal(email))
        self.arn = topic.arn
        self.outputs = {"alarm_topic_arn": topic.arn}
