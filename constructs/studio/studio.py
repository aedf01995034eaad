"""SageMaker Studio: the domain, its users, and what the notebook's role may do there."""

from collections.abc import Mapping
from pathlib import Path

from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from constructs import Construct

from constructs.account import Account
from constructs.network.placement import Placement
from constructs.notebook.lifecycle_script import lifecycle_script
from constructs.notebook.notebook import Notebook
from constructs.studio.domain import Domain
from constructs.studio.network_release import NetworkRelease
from constructs.studio.studio_policy import StudioPolicy
from constructs.studio.user_profile import UserProfile
from settings.names import Names
from settings.studio import StudioSettings


class Studio(Construct):
    """Its apps have the role of `notebooks`, and run `script` at their start. With a `release_script`, a
    destroy of all takes away what SageMaker leaves in a network of the platform's own. `outputs` has the domain's id
    and its address.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        studio: StudioSettings,
        notebooks: Notebook,
        script: bytes,
        key_arn: str | None,
        placement: Placement,
        release_script: Path | None,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        role, own_vpc_id = notebooks.role, placement.vpc_id
        needed_to_the_end = [*notebooks.needed]
        if own_vpc_id is not None and release_script is not None:
            release = NetworkRelease(
                self, "studio_release", script=release_script, region=account.region, vpc_id=own_vpc_id
            )
            needed_to_the_end.append(release.resource)
        domain = Domain(
            self,
            "studio",
            names=names,
            studio=studio,
            role_arn=role.arn,
            script=lifecycle_script(script, delivery=notebooks.delivery),
            key_arn=key_arn,
            vpc_id=own_vpc_id or DataAwsSubnet(self, "studio_subnet", id=placement.subnet_ids[0]).vpc_id,
            placement=placement,
            prevent_destroy=prevent_destroy,
            depends_on=needed_to_the_end,
        )
        policy = StudioPolicy(
            self, "studio_policy", account=account, names=names, role_name=role.name, domain_id=domain.id
        )
        group = Construct(self, "(user_profiles)")
        for name in studio.user_profiles:
            UserProfile(
                group,
                f"studio_user_{name}",
                names=names,
                name=name,
                domain_id=domain.id,
                role_arn=role.arn,
                vpc_id=own_vpc_id,
                depends_on=[policy.attachment],
            )
        self.outputs: Mapping[str, str] = {"studio_domain_id": domain.id, "studio_url": domain.url}
