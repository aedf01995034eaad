"""The settings of one environment: plain values with AWS's limits, checked together before anything is built."""

import re
from collections.abc import Iterator, Sequence

from pydantic import Field

from settings import limits
from settings.aws_tables import IMAGE_REGIONS, ZONE_LETTERS
from settings.base import Rules, Settings, names_differ
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.endpoint import EndpointSettings, ServerlessEndpointSettings
from settings.limits import AccountId, BucketName, EmailAddress, ImageRepository, Name, Region, TagValue
from settings.logs import LogSettings
from settings.names import EndpointNames, Names
from settings.network import ExistingNetworkSettings, NetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from settings.problems import Problem
from settings.studio import StudioSettings
from settings.training import BREAST_CANCER, AnyTraining


class EnvironmentSettings(Settings):
    """One environment: one stack, one state, one account unless `shares_account`."""

    name: Name = Field(description="the stack's name")
    region: Region = Field(description="AWS region")
    account_id: AccountId | None = Field(
        default=None, description="the AWS account; where given, Terraform refuses to touch any other"
    )
    project: Name = Field(default="ml-platform", description="first part of every name, and a tag")
    owner: TagValue = Field(default="ml-team", description="who answers for it: a tag of every resource")
    shares_account: bool = Field(
        default=False,
        description="other environments live in the same account: the endpoints' names then end with this one's",
    )
    receives_from: Name | None = Field(
        default=None,
        description="the environment whose models are promoted to this one, those that were promoted to that one "
        "included; where they are in different accounts, each gives its `account_id`. Left out: it serves what it "
        "trains, and models from files",
    )
    bucket: BucketSettings = Field(default_factory=BucketSettings, description="the data bucket")
    logs: LogSettings = Field(default_factory=LogSettings, description="the log groups")
    protected: bool = Field(
        default=True,
        description="data outlives mistakes: the bucket, the key and the notebook instance cannot be destroyed, log "
        "groups stay in AWS where the settings no longer name them, and what would weaken that is refused: "
        "`bucket.force_destroy`, AWS's own keys, `sagemaker_full_access`, and, unless `local_state` says so, a state "
        "that is not in S3",
    )
    encryption_key: EncryptionKeySettings | None = Field(
        default_factory=EncryptionKeySettings,
        description="the KMS key; None: AWS's own keys, which cost nothing and cannot be withdrawn",
    )
    network: NetworkSettings | None = Field(
        default=None,
        description="where the notebook and the models of a provisioned endpoint run; left out: SageMaker's own, "
        "with a way to the internet. It can be taken away only once no endpoint on instances is released: SageMaker "
        "needs its rights there until they are gone",
    )
    limit_trust_to_account: bool = Field(
        default=True,
        description="SageMaker may take the roles of pipelines, jobs and models on behalf of this account only",
    )
    sagemaker_full_access: bool = Field(
        default=False,
        description="attach AmazonSageMakerFullAccess to the notebook's role: experiments only, and not with `studio`",
    )
    training_image_repositories: Sequence[ImageRepository] = Field(
        default=("linear-learner", "sagemaker-scikit-learn", "sagemaker-xgboost"),
        min_length=1,  # IAM refuses a statement without a resource
        max_length=limits.IMAGE_REPOSITORIES_MAX_COUNT,
        description="AWS's image repositories that training jobs may pull from, besides those of `trainings`",
    )
    trainings: Sequence[AnyTraining] = Field(
        default=(BREAST_CANCER,),
        max_length=limits.TRAININGS_MAX_COUNT,
        description="what trains models here, each in a pipeline of its own; left out: the model that this project "
        "ships, `BREAST_CANCER` of settings/training.py",
    )
    notebook: NotebookSettings | None = Field(default=None, description="the notebook instance; left out: none")
    studio: StudioSettings | None = Field(
        default=None, description="SageMaker Studio, beside the notebook instance or instead of it; left out: none"
    )
    notebook_delivery: NotebookDeliverySettings = Field(
        default_factory=NotebookDeliverySettings, description="the notebooks that are handed out in either"
    )
    endpoints: Sequence[EndpointSettings] = Field(min_length=1, description="what serves the released models")
    alarm_emails: Sequence[EmailAddress] = Field(
        default=(), description="who is told of alarms, by e-mail, once they have confirmed it"
    )
    rollback_guard: bool = Field(
        default=True,
        description="a deploy fails where SageMaker rolled an endpoint's update back, and a destroy waits until "
        "SageMaker has left the network, takes away what it leaves of Studio there, and deletes registered models with "
        "`bucket.force_destroy`; all of it needs Python with boto3 where Terraform runs",
    )
    state_bucket: BucketName | None = Field(
        default=None,
        description="S3 bucket for the Terraform state; left out: a local file, `terraform.<environment>.tfstate`",
    )
    local_state: bool = Field(
        default=False, description="a protected environment's state may be a local file, which only one person has"
    )

    @property
    def names(self) -> Names:
        return Names(
            project=self.project,
            environment=self.name,
            region=self.region,
            own_bucket=self.bucket.name,
            endpoints={endpoint.name: self._endpoint_names(endpoint) for endpoint in self.endpoints},
        )

    @property
    def deletes_models(self) -> bool:
        """Whether a destroy of all deletes the models that are registered, as it does all that is in the bucket."""
        return self.bucket.force_destroy and self.rollback_guard

    @property
    def training_images(self) -> Sequence[str]:
        """AWS's image repositories that training jobs may pull from."""
        return sorted({*self.training_image_repositories, *(training.image_repository for training in self.trainings)})

    def _endpoint_names(self, endpoint: EndpointSettings) -> EndpointNames:
        hosting = [endpoint.hosting] if endpoint.name_carries_hosting else []
        name = "-".join([endpoint.name, *hosting, *([self.name] if self.shares_account else [])])
        return EndpointNames(
            name=name,
            construct_id=endpoint.name.replace("-", "_"),
            prefix=f"{self.project}-{self.name}",
        )

    def rules(self) -> Rules:
        return (
            self._region_has_serverless_endpoints(),
            self._region_has_images(),
            self._region_has_images_of_trainings(),
            self._region_has_zones(),
            self._git_repositories_are_in_reach(),
            self._bucket_name_fits(),
            self._names_are_not_reserved(),
            self._role_names_fit(),
            self._configuration_names_fit(),
            self._endpoint_names_differ(),
            self._training_names_fit(),
            self._training_names_differ(),
            self._endpoints_fit_into_policies(),
            self._studio_has_a_network(),
            self._studio_keeps_users_apart(),
            self._alarm_emails_differ(),
            self._protection_is_whole(),
        )

    def _protection_is_whole(self) -> Iterator[Problem]:
        if not self.protected:
            return
        if self.bucket.force_destroy:
            yield Problem(path="bucket.force_destroy", value=True, allowed="must be False where protected is True")
        if self.encryption_key is None:
            yield Problem(path="encryption_key", value=None, allowed="must be given where protected is True")
        if self.sagemaker_full_access:
            yield Problem(path="sagemaker_full_access", value=True, allowed="must be False where protected is True")
        if self.state_bucket is None and not self.local_state:
            allowed = "must be given where protected is True, unless local_state=True says otherwise"
            yield Problem(path="state_bucket", value=None, allowed=allowed)

    def _region_has_serverless_endpoints(self) -> Iterator[Problem]:
        serverless = [item.name for item in self.endpoints if isinstance(item, ServerlessEndpointSettings)]
        if serverless and self.region not in limits.SERVERLESS_REGIONS:
            allowed = f"must be one of {', '.join(sorted(limits.SERVERLESS_REGIONS))} for the serverless endpoint "
            yield Problem(path="region", value=self.region, allowed=allowed + serverless[0], page=limits.SERVERLESS)

    def _region_has_images(self) -> Iterator[Problem]:
        for number, repository in enumerate(self.training_image_repositories):
            if self.region not in IMAGE_REGIONS[repository]:
                yield Problem(
                    path=f"training_image_repositories.{number}",
                    value=repository,
                    allowed=limits.elsewhere(repository, self.region),
                    page=limits.PREBUILT_IMAGES,
                )

    def _region_has_images_of_trainings(self) -> Iterator[Problem]:
        for number, training in enumerate(self.trainings):
            if self.region not in IMAGE_REGIONS[training.image_repository]:
                yield Problem(
                    path=f"trainings.{number}",
                    value=training.image_repository,
                    allowed=f"its image: {limits.elsewhere(training.image_repository, self.region)}",
                    page=limits.PREBUILT_IMAGES,
                )

    def _region_has_zones(self) -> Iterator[Problem]:
        """Of the letters that there are, an account may lack one, which `make preflight` asks AWS."""
        if not isinstance(self.network, NewNetworkSettings):
            return
        letters = ZONE_LETTERS[self.region]
        for number, letter in enumerate(self.network.zones):
            if letter not in letters:
                allowed = f"must be one of {', '.join(letters)} in {self.region}"
                yield Problem(path=f"network.zones.{number}", value=letter, allowed=allowed, page=limits.ZONES)

    def _git_repositories_are_in_reach(self) -> Iterator[Problem]:
        if (
            self.notebook is not None
            and self.notebook.git_repositories
            and isinstance(self.network, NewNetworkSettings)
        ):
            yield Problem(
                path="notebook.git_repositories",
                value=[*self.notebook.git_repositories],
                allowed="must be left out where network is NewNetworkSettings(...), which has no way to the internet: "
                "an instance that cannot clone them may not start",
            )

    def _names_are_not_reserved(self) -> Iterator[Problem]:
        """Of the names that begin with the project's, S3 and EC2 reserve some; a name of its own is checked itself."""
        bucket, group = self.names.longest_bucket, self.names.sagemaker_security_group
        try:
            limits.bucket_name(bucket)
        except ValueError as error:
            allowed = (
                f"must be another, or bucket.name given: the bucket's name, {self.names.bucket('<account>')}, {error}"
            )
            yield Problem(path="project", value=self.project, allowed=allowed, page=limits.BUCKET_NAMING)
        if isinstance(self.network, NewNetworkSettings) and group.startswith("sg-"):
            allowed = f"must be another: a security group's name, {group}, must not begin with sg-"
            yield Problem(path="project", value=self.project, allowed=allowed, page=limits.SECURITY_GROUP_NAMING)

    def _bucket_name_fits(self) -> Iterator[Problem]:
        longest = self.names.longest_bucket
        if self.bucket.name is None and len(longest) > limits.BUCKET_NAME_MAX_LENGTH:
            yield Problem(
                path="project",
                value=self.project,
                allowed=f"must be shorter, or bucket.name given: the bucket's name, {self.names.bucket('<account>')}, "
                f"would have {len(longest)} characters: must be at most {limits.BUCKET_NAME_MAX_LENGTH}",
                page=limits.BUCKET_NAMING,
            )

    def _role_names_fit(self) -> Iterator[Problem]:
        longest = max(self.names.roles, key=len)
        if len(longest) > limits.ROLE_NAME_MAX_LENGTH:
            yield Problem(
                path="project",
                value=self.project,
                allowed=f"must be shorter: a role's name, {longest}, has {len(longest)} characters: must be at most "
                f"{limits.ROLE_NAME_MAX_LENGTH}",
                page=limits.ROLE_NAMING,
            )

    def _configuration_names_fit(self) -> Iterator[Problem]:
        for number, names in enumerate(map(self._endpoint_names, self.endpoints)):
            if len(names.longest_configuration) > limits.NAME_MAX_LENGTH:
                room = limits.NAME_MAX_LENGTH - len(names.longest_configuration) + len(names.name)
                yield Problem(
                    path=f"endpoints.{number}.name",
                    value=self.endpoints[number].name,
                    allowed=f"must be shorter: the endpoint's name, {names.name}, has {len(names.name)} characters: "
                    f"must be at most {room}, as its configurations are named after it",
                    page=f"{limits.API}/API_CreateEndpointConfig.html",
                )

    def _endpoint_names_differ(self) -> Iterator[Problem]:
        """Here, in AWS, in the addresses of their log groups, and by the names of their alarms."""
        taken: dict[tuple[str, str], int] = {}
        for number, endpoint in enumerate(self.endpoints):
            names = self._endpoint_names(endpoint)
            given = [("name", endpoint.name), ("endpoint", names.name), ("address", names.address)]
            given += [("alarm", alarm) for alarm in names.alarms(shadow=endpoint.has_shadow)]
            others = [(what, name, taken.setdefault((what, name), number)) for what, name in given]
            meeting = [(what, name, other) for what, name, other in others if other != number]
            if meeting:
                what, name, other = meeting[0]
                yield Problem(
                    path=f"endpoints.{number}.name",
                    value=endpoint.name,
                    allowed=f"must be another name: the {what} {name} is that of endpoints.{other} too",
                )

    def _training_names_fit(self) -> Iterator[Problem]:
        """A pipeline's, a schedule's and a group's name may be longer than the beginning of a job's name."""
        for number, training in enumerate(self.trainings):
            name = self.names.training(training.name)
            if len(name) > limits.JOB_PREFIX_MAX_LENGTH:
                yield Problem(
                    path=f"trainings.{number}.name",
                    value=training.name,
                    allowed=f"must be shorter, or project: its jobs' names begin with {name}, which has {len(name)} "
                    f"characters: must be at most {limits.JOB_PREFIX_MAX_LENGTH}",
                    page=limits.JOB_PREFIX,
                )

    def _training_names_differ(self) -> Iterator[Problem]:
        yield from names_differ([training.name for training in self.trainings], field="trainings", below=".name")

    def _endpoints_fit_into_policies(self) -> Iterator[Problem]:
        """Roles name every endpoint of theirs; a pattern would let in those of others."""
        groups = self.names.endpoint_groups
        # One inline policy, and all managed ones but Studio's and the one that may be AWS's.
        most = limits.MANAGED_POLICIES_MAX_COUNT - (self.studio is not None)
        if len(groups) > most:
            fit = sum(len(group) for group in groups[:most])
            yield Problem(
                path="endpoints",
                value=f"{len(self.endpoints)} endpoints",
                allowed=f"must be at most {fit} with names as long as these, which fill the policies of a role: "
                "another environment can have more",
                page=limits.IAM_QUOTAS,
            )

    def _studio_has_a_network(self) -> Iterator[Problem]:
        """A new one, or one that exists and leaves room for the security group that SageMaker adds."""
        if self.studio is None:
            return
        most = limits.STUDIO_SECURITY_GROUPS_MAX_COUNT
        if self.network is None:
            yield Problem(path="network", value=None, allowed="must be given where studio is, which works in it alone")
        elif isinstance(self.network, ExistingNetworkSettings) and len(self.network.security_group_ids) > most:
            yield Problem(
                path="network.security_group_ids",
                value=[*self.network.security_group_ids],
                allowed=f"must be at most {most} where studio is given: SageMaker adds one of its own",
                page=limits.USER_SETTINGS,
            )

    def _studio_keeps_users_apart(self) -> Iterator[Problem]:
        """AWS's policy, version 29, lets whoever has it call CreatePresignedDomainUrl for every profile.

        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerFullAccess.html
        """
        if self.studio is not None and self.sagemaker_full_access:
            allowed = "must be False where studio is given: with it each user could sign in as any other"
            yield Problem(path="sagemaker_full_access", value=True, allowed=allowed)

    def _alarm_emails_differ(self) -> Iterator[Problem]:
        """Terraform's addresses are made of them, their punctuation left out."""
        plain = [re.sub(r"[\W_]+", "_", email) for email in self.alarm_emails]
        for number, (email, letters) in enumerate(zip(self.alarm_emails, plain, strict=True)):
            other = plain.index(letters)
            if other != number:
                allowed = f"must differ from alarm_emails.{other} in more than punctuation"
                yield Problem(path=f"alarm_emails.{number}", value=email, allowed=allowed)
