"""The settings of the network that notebooks and models run in."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag

from settings import limits
from settings.base import Rules, Settings, kind_of
from settings.limits import PrivateCidrBlock, SecurityGroupId, SubnetId, ZoneLetter


class NewNetworkSettings(Settings):
    """A VPC of the environment's own: private subnets, and endpoints for S3 and what runs there."""

    kind: Literal["new"] = "new"
    cidr_block: PrivateCidrBlock = Field(
        default="10.0.0.0/20", description="addresses; a subnet has a sixteenth of them"
    )
    zones: Sequence[ZoneLetter] = Field(
        default=("a", "b"),
        min_length=2,
        max_length=len(get_args(get_args(ZoneLetter)[0])),
        description="letters of the availability zones, each of which has one subnet",
    )
    interface_endpoints: bool = Field(
        default=False,
        description="endpoints for SageMaker, STS and CloudWatch Logs, paid by the hour, where there is no notebook "
        "too: for callers of ours; with a notebook there are always, as it works through them",
    )

    def rules(self) -> Rules:
        return (self.differ("zones"),)


class ExistingNetworkSettings(Settings):
    """Subnets and security groups that exist. S3 and SageMaker's API must be reachable from there, and where training
    runs on several instances, the groups must admit their own members."""

    kind: Literal["existing"] = "existing"
    subnet_ids: Sequence[SubnetId] = Field(
        min_length=1, max_length=limits.SUBNETS_MAX_COUNT, description="subnets; the notebook is in the first"
    )
    security_group_ids: Sequence[SecurityGroupId] = Field(
        min_length=1, max_length=limits.SECURITY_GROUPS_MAX_COUNT, description="security groups"
    )

    def rules(self) -> Rules:
        return self.differ("subnet_ids"), self.differ("security_group_ids")


NetworkSettings = Annotated[
    Annotated[NewNetworkSettings, Tag("new")] | Annotated[ExistingNetworkSettings, Tag("existing")],
    Discriminator(
        kind_of,
        custom_error_type="network_kind",
        custom_error_message="must be NewNetworkSettings(...) or ExistingNetworkSettings(...)",
    ),
]
