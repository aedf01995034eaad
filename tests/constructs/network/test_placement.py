from dataclasses import FrozenInstanceError

import pytest

from constructs.network.placement import Placement


def test_a_placement_is_one_value_that_cannot_be_changed() -> None:
    placement = Placement(subnet_ids=["subnet-1"], security_group_ids=["sg-1"], shared=False, vpc_id="vpc-1")
    with pytest.raises(FrozenInstanceError):
        placement.subnet_ids = []  # type: ignore[misc]
