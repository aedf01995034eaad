"""The settings of the notebook instance."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from settings import limits
from settings.base import Rules, Settings
from settings.limits import (
    GitRepository,
    IdleStopMinutes,
    NotebookInstanceType,
    NotebookPlatform,
    NotebookVolumeSizeGb,
    TagKey,
    TagValue,
)
from settings.names import NOTEBOOK_TAGS
from settings.problems import Problem


class NotebookSettings(Settings):
    """The notebook instance. A change of its type, volume, root access or repositories stops it and starts it again."""

    instance_type: NotebookInstanceType = Field(default="ml.t3.medium", description="instance type")
    volume_size_gb: NotebookVolumeSizeGb = Field(
        default=5,
        description="size of /home/ec2-user/SageMaker, in GB; it grows in place, and a plan that would make it smaller "
        "is refused: SageMaker would make another instance, without people's files",
    )
    idle_stop_minutes: IdleStopMinutes = Field(
        default=60, description="minutes without use after which the instance stops itself"
    )
    root_access: bool = Field(default=False, description="let the notebook's users become root")
    git_repositories: Sequence[GitRepository] = Field(
        default=(),
        max_length=limits.GIT_REPOSITORIES_MAX_COUNT,
        repr=False,  # a wrong one may have a password in it
        description="Git repositories, cloned beside the notebooks; Jupyter opens in the first. `https://` URLs "
        "without credentials, or names of code repositories that the account has in SageMaker; the notebook's role may "
        "not read the secret of one that has any. A `NewNetworkSettings` has no way to them",
    )
    platform: NotebookPlatform | None = Field(
        default=None,
        description="operating system and version of Jupyter; left out: what SageMaker gives a new instance. An "
        "instance that has another one is replaced, without people's files: update that in SageMaker's console first",
    )
    tags: Mapping[TagKey, TagValue] = Field(
        default_factory=dict,
        max_length=limits.NOTEBOOK_TAGS_MAX_COUNT,
        description="further tags of the instance, which the platform's own stand beside",
    )

    def rules(self) -> Rules:
        return self.differ("git_repositories"), self._repositories_have_no_credentials(), self._tags_are_not_ours()

    def _repositories_have_no_credentials(self) -> Iterator[Problem]:
        """They would be in the JSON, the plan and the state; the problem does not show them either."""
        for number, repository in enumerate(self.git_repositories):
            credentials, at, host = repository.removeprefix("https://").partition("/")[0].rpartition("@")
            if at:
                yield Problem(
                    path=f"git_repositories.{number}",
                    value=repository.replace(f"{credentials}@", "***@", 1),
                    allowed=f"must have no user and no password before {host}: a code repository of SageMaker keeps "
                    "them in a secret",
                    page="https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-git-resource.html",
                )
            address = re.split("[?#]", repository)[0]
            if address != repository:
                yield Problem(
                    path=f"git_repositories.{number}",
                    value=f"{address}***",
                    allowed="must have no ? and no #: what comes behind may be a secret, and git needs none of it",
                )

    def _tags_are_not_ours(self) -> Iterator[Problem]:
        """In upper or lower case, which IAM's conditions do not tell apart.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        for key in self.tags:
            if key.lower() in map(str.lower, NOTEBOOK_TAGS):
                allowed = f"must not be one of {', '.join(NOTEBOOK_TAGS)}, which the platform sets"
                yield Problem(path="tags", value=key, allowed=allowed)
