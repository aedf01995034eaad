from cdktf import TerraformOutput, TerraformStack, Testing

from tests.support import parts


def test_every_kind_of_arn_is_spelled_with_partition_region_and_account() -> None:
    stack = TerraformStack(Testing.app(), "test")
    account = parts.account(stack)
    here = f"arn:{account.partition}:"
    assert account.arn("sns", "alarms") == f"{here}sns:eu-west-1:{account.id}:alarms"
    assert account.log_group_arn("/aws/x") == f"{here}logs:eu-west-1:{account.id}:log-group:/aws/x"
    assert account.alarm_arn("errors") == f"{here}cloudwatch:eu-west-1:{account.id}:alarm:errors"


def test_arns_of_iam_have_no_region_and_awss_own_policies_no_account() -> None:
    account = parts.account(TerraformStack(Testing.app(), "test"))
    here = f"arn:{account.partition}:iam::"
    assert account.root_arn == f"{here}{account.id}:root"
    assert account.role_arn("lab") == f"{here}{account.id}:role/lab"
    assert account.aws_policy_arn("ReadOnlyAccess") == f"{here}aws:policy/ReadOnlyAccess"


def test_an_image_may_be_in_any_of_awss_accounts() -> None:
    account = parts.account(TerraformStack(Testing.app(), "test"))
    assert account.image_repository_arn("kmeans") == f"arn:{account.partition}:ecr:eu-west-1:*:repository/kmeans"


def test_account_and_partition_are_asked_of_aws_and_never_written_down() -> None:
    stack = TerraformStack(Testing.app(), "test")
    account = parts.account(stack)
    TerraformOutput(stack, "arn", value=account.arn("sns", "alarms"))
    synthesized = Testing.synth(stack)
    assert "${data.aws_partition." in synthesized
    assert "${data.aws_caller_identity." in synthesized
