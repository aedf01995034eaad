from dataclasses import FrozenInstanceError

import pytest

from tests.support.parts import PLACEMENT


def test_a_placement_is_one_value_that_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PLACEMENT.subnet_ids = []  # type: ignore[misc]
