from typing import Any

import pytest
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup

from constructs.log_storage import LogStorage
from tests.support.parts import KEY_ARN
from tests.support.synthesis import only, synthesized


@pytest.mark.parametrize(("skip_destroy", "more"), [(True, {"skip_destroy": True}), (False, {})])
def test_a_group_has_the_environments_retention_and_key_and_stays_where_it_is_told_to(
    skip_destroy: bool, more: dict[str, Any]
) -> None:
    storage = LogStorage(retention_days=7, key_arn=KEY_ARN, skip_destroy=skip_destroy)
    resources = synthesized(lambda stack: storage.group(stack, "group", name="/acme"))
    group = {"name": "/acme", "retention_in_days": 7, "kms_key_id": KEY_ARN}
    assert only(resources, CloudwatchLogGroup.TF_RESOURCE_TYPE) == group | more
