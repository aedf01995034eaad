"""The settings of SageMaker Studio."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from settings.base import Rules, Settings, names_differ
from settings.limits import StudioIdleStopMinutes, StudioInstanceType, UserProfileName
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
        yield from names_differ(self.user_profiles, field="user_profiles")
