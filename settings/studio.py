"""The settings of SageMaker Studio."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from settings.base import Rules, Settings
from settings.limits import StudioIdleStopMinutes, StudioInstanceType, UserProfileName
from settings.names import address_part
from settings.problems import Problem


class StudioSettings(Settings):
    """SageMaker Studio: a domain in the environment's network, in which each user has a JupyterLab of their own."""

    user_profiles: Sequence[UserProfileName] = Field(
        min_length=1, description="names of the users, each of whom has a profile"
    )
    instance_type: StudioInstanceType = Field(
        default="ml.t3.medium", description="instance type of JupyterLab, until its user chooses another"
    )
    idle_stop_minutes: StudioIdleStopMinutes = Field(
        default=60,
        description="JupyterLab stops after so many minutes in which nothing was done, or fewer, as its user chooses",
    )

    def rules(self) -> Rules:
        return (self._user_profiles_differ(),)

    def _user_profiles_differ(self) -> Iterator[Problem]:
        """Also in Terraform's addresses, where several hyphens are one underscore."""
        addresses = [address_part(name) for name in self.user_profiles]
        for number, (name, address) in enumerate(zip(self.user_profiles, addresses, strict=True)):
            other = addresses.index(address)
            if other != number:
                allowed = f"must be another name than that of user_profiles.{other}"
                yield Problem(
                    path=f"user_profiles.{number}",
                    value=name,
                    allowed=allowed if name == self.user_profiles[other] else f"{allowed}, in more than hyphens",
                )
