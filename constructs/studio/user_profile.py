"""A user of Studio."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.sagemaker_user_profile import SagemakerUserProfile, SagemakerUserProfileUserSettings
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress
from constructs import Construct

from constructs.network.vpc_endpoints import OF_A_GROUP
from settings.names import Names

# What AWS asks for at least: https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-and-internet-access.html
JUPYTER: Mapping[str, Any] = {"from_port": 8192, "to_port": 65535, "protocol": "tcp"}


class UserProfile(Construct):
    """A profile in the domain, whose settings it has. In a new network, a security group of its own besides, in which
    this user's apps reach each other and nobody else's: AWS recommends one for each. Where `vpc_id` is None, those of
    the domain are all.

    The security groups of domain and profile add up.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UserSettings.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        name: str,
        domain_id: str,
        role_arn: str,
        vpc_id: str | None,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        settings = None
        if vpc_id is not None:
            group = SecurityGroup(
                self,
                "security_group",
                name=names.studio_security_group(name),
                description="Studio: the apps of one user talk to each other",
                vpc_id=vpc_id,
                ingress=[SecurityGroupIngress(description="from members", self_attribute=True, **JUPYTER)],
                egress=[SecurityGroupEgress(description="to members", self_attribute=True, **JUPYTER)],
                tags={"Name": names.studio_security_group(name)},
                lifecycle=OF_A_GROUP,
            )
            settings = SagemakerUserProfileUserSettings(execution_role=role_arn, security_groups=[group.id])
        SagemakerUserProfile(
            self,
            "Default",
            domain_id=domain_id,
            user_profile_name=name,
            user_settings=settings,
            depends_on=[*depends_on],
        )
