"""Where SageMaker puts the network interfaces of what it runs."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Subnets and security groups, both by id; `shared` with what is not the platform's. `vpc_id` is known of the
    platform's own network alone."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    shared: bool
    vpc_id: str | None
