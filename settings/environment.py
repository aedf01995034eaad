"""The settings of one environment: plain values with AWS's limits, checked together before anything is built.

This module imports neither cdktf nor the provider.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag

from settings import limits
from settings.base import Settings, kind_of
from settings.endpoint import CONSTRUCT_SUFFIXES, EndpointSettings
from settings.limits import (
    AccountId,
    BucketName,
    EmailAddress,
    ExpiryDays,
    KeyDeletionWindowDays,
    Name,
    NotebookInstanceType,
    NotebookVolumeSizeGb,
    PrivateCidrBlock,
    Region,
    RepositoryName,
    RetentionDays,
    SecurityGroupId,
    SubnetId,
    TagValue,
    ZoneLetter,
)
from settings.problems import limit

NOTEBOOK, TRAINING, HOSTING, FLOW_LOG = ROLE_PURPOSES = (
    "sagemaker-notebook",
    "sagemaker-training",
    "sagemaker-hosting",
    "vpc-flow-log",
)
# What else the stack calls its constructs: stacks/ml_platform_stack.py. The notebooks' files are notebook_<name>.
STACK_CONSTRUCTS = frozenset(
    {
        "account",
        "alarm_topic",
        "aws",
        "dashboard",
        "data_bucket",
        "encryption_key",
        "flow_log",
        "hosting_role",
        "log_groups",
        "network",
        "notebook",
        "notebook_role",
        "partition",
        "training_role",
    }
)
NOTEBOOK_CONSTRUCT_PREFIX = "notebook_"
LONGEST_ROLE_PURPOSE = max(ROLE_PURPOSES, key=len)


class BucketSettings(Settings):
    """The data bucket."""

    name: BucketName | None = Field(
        default=None, description="a name of your own; left out: `<project>-<environment>-sagemaker-<account>-<region>`"
    )
    force_destroy: bool = Field(default=False, description="let `cdktf destroy` delete a bucket that holds objects")
    noncurrent_version_days: ExpiryDays = Field(default=90, description="days an overwritten or deleted object is kept")
    incomplete_upload_days: ExpiryDays = Field(default=7, description="days an incomplete upload is kept")


class EncryptionKeySettings(Settings):
    """The KMS key of the environment's data: bucket, log groups, notebook volume, endpoint storage."""

    deletion_window_days: KeyDeletionWindowDays = Field(
        default=30, description="days that a destroyed key, and with it the data, can still be saved"
    )


class NewNetworkSettings(Settings):
    """A VPC of the environment's own: private subnets, endpoints for S3 and what SageMaker needs."""

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

    def rules(self) -> Iterable[Iterator[str]]:
        return (self._zones_differ(),)

    def _zones_differ(self) -> Iterator[str]:
        if len(set(self.zones)) < len(self.zones):
            yield f"zones are {', '.join(self.zones)}: must differ"


class ExistingNetworkSettings(Settings):
    """Subnets and security groups that exist. S3 and SageMaker's API must be reachable from there."""

    kind: Literal["existing"] = "existing"
    subnet_ids: Sequence[SubnetId] = Field(
        min_length=1, max_length=limits.SUBNETS_MAX_COUNT, description="subnets; the notebook is in the first"
    )
    security_group_ids: Sequence[SecurityGroupId] = Field(
        min_length=1, max_length=limits.SECURITY_GROUPS_MAX_COUNT, description="security groups"
    )


class LogSettings(Settings):
    """The CloudWatch log groups."""

    retention_days: RetentionDays = Field(default=30, description="days a log event is kept")
    owns_account_wide: bool = Field(
        default=True,
        description="make the groups NotebookInstances and TrainingJobs: one environment per account and region",
    )


class NotebookSettings(Settings):
    """The notebook instance."""

    instance_type: NotebookInstanceType = Field(default="ml.t3.medium", description="instance type")
    volume_size_gb: NotebookVolumeSizeGb = Field(default=5, description="size of /home/ec2-user/SageMaker, in GB")
    root_access: bool = Field(default=False, description="let the notebook's users become root")


NetworkSettings = Annotated[
    Annotated[NewNetworkSettings, Tag("new")] | Annotated[ExistingNetworkSettings, Tag("existing")],
    Discriminator(
        kind_of,
        custom_error_type="network_kind",
        custom_error_message="must be NewNetworkSettings(...) or ExistingNetworkSettings(...)",
    ),
]


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
    bucket: BucketSettings = Field(default_factory=BucketSettings, description="the data bucket")
    logs: LogSettings = Field(default_factory=LogSettings, description="the log groups")
    protected: bool = Field(
        default=True,
        description="data outlives mistakes: the bucket and the key cannot be destroyed, and what would weaken them is "
        "refused: `bucket.force_destroy`, AWS's own keys, `sagemaker_full_access`, and, unless `local_state` says so, "
        "a state that is not in S3",
    )
    encryption_key: EncryptionKeySettings | None = Field(
        default_factory=EncryptionKeySettings,
        description="the KMS key; None: AWS's own keys, which cost nothing and cannot be withdrawn",
    )
    network: NetworkSettings | None = Field(
        default=None,
        description="where the notebook and the models of a provisioned endpoint run; left out: SageMaker's own, "
        "with a way to the internet",
    )
    limit_trust_to_account: bool = Field(
        default=True,
        description="SageMaker may take the roles of training jobs and models on behalf of this account only",
    )
    sagemaker_full_access: bool = Field(
        default=False, description="attach AmazonSageMakerFullAccess to the notebook's role: experiments only"
    )
    training_image_repositories: Sequence[RepositoryName] = Field(
        default=("linear-learner", "sagemaker-scikit-learn", "sagemaker-xgboost"),
        min_length=1,  # IAM refuses a statement without a resource
        description="AWS's image repositories that training jobs may pull from",
    )
    notebook: NotebookSettings | None = Field(default=None, description="the notebook instance; left out: none")
    endpoints: Sequence[EndpointSettings] = Field(min_length=1, description="what serves the released models")
    alarm_emails: Sequence[EmailAddress] = Field(
        default=(), description="who is told of alarms, by e-mail, once they have confirmed it"
    )
    rollback_guard: bool = Field(
        default=True,
        description="a deploy fails where SageMaker rolled an endpoint's update back; needs Python with boto3 where "
        "Terraform runs",
    )
    state_bucket: BucketName | None = Field(
        default=None,
        description="S3 bucket for the Terraform state; left out: a local file, `terraform.<environment>.tfstate`",
    )
    local_state: bool = Field(
        default=False, description="a protected environment's state may be a local file, which only one person has"
    )

    @property
    def name_prefix(self) -> str:
        return f"{self.project}-{self.name}"

    def model_name(self, released_name: str) -> str:
        """The SageMaker model's name, from a catalogue name with its revision."""
        return f"{self.name_prefix}-{released_name}"

    def role_name(self, purpose: str) -> str:
        return f"{self.name_prefix}-{purpose}"

    def endpoint_name(self, endpoint: EndpointSettings) -> str:
        """The endpoint's name in the account."""
        hosting = [endpoint.hosting] if endpoint.name_carries_hosting else []
        return "-".join([endpoint.name, *hosting, *([self.name] if self.shares_account else [])])

    @property
    def endpoint_names(self) -> list[str]:
        return [self.endpoint_name(endpoint) for endpoint in self.endpoints]

    def rules(self) -> Iterable[Iterator[str]]:
        return (
            self._bucket_name_fits(),
            self._role_name_fits(),
            self._configuration_names_fit(),
            self._endpoint_names_differ(),
            self._constructs_differ(),
            self._alarm_emails_differ(),
            self._protection_is_whole(),
        )

    def _protection_is_whole(self) -> Iterator[str]:
        if not self.protected:
            return
        weakened = {
            "bucket.force_destroy is True": self.bucket.force_destroy,
            "encryption_key is None": self.encryption_key is None,
            "sagemaker_full_access is True": self.sagemaker_full_access,
        }
        yield from (f"{what}: must not be so where protected is True" for what, found in weakened.items() if found)
        if self.state_bucket is None and not self.local_state:
            yield "state_bucket is None: must be given where protected is True, unless local_state=True says otherwise"

    def _bucket_name_fits(self) -> Iterator[str]:
        length = len(self.name_prefix) + len("-sagemaker-") + limits.ACCOUNT_ID_LENGTH + len("-") + len(self.region)
        if self.bucket.name is None and length > limits.BUCKET_NAME_MAX_LENGTH:
            allowed = f"must be at most {limits.BUCKET_NAME_MAX_LENGTH}; shorten project or give bucket.name"
            yield (
                f"the bucket's name, {self.name_prefix}-sagemaker-<account>-{self.region}, would have {length} "
                f"characters: {limit(allowed, limits.BUCKET_NAMING)}"
            )

    def _role_name_fits(self) -> Iterator[str]:
        longest = self.role_name(LONGEST_ROLE_PURPOSE)
        if len(longest) > limits.ROLE_NAME_MAX_LENGTH:
            allowed = f"must be at most {limits.ROLE_NAME_MAX_LENGTH}; shorten project"
            yield (f"a role's name, {longest}, has {len(longest)} characters: {limit(allowed, limits.ROLE_NAMING)}")

    def _configuration_names_fit(self) -> Iterator[str]:
        longest = limits.NAME_PREFIX_MAX_LENGTH - 1
        for name in self.endpoint_names:
            if len(name) > longest:
                allowed = f"must be at most {longest}, as its configurations are named after it"
                yield (
                    f"the endpoint's name, {name}, has {len(name)} characters: "
                    f"{limit(allowed, f'{limits.API}/API_CreateEndpointConfig.html')}"
                )

    def _endpoint_names_differ(self) -> Iterator[str]:
        names = [endpoint.name for endpoint in self.endpoints]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"endpoints: {name!r} is the name of {names.count(name)}: must differ"

    def _constructs_differ(self) -> Iterator[str]:
        """Terraform's addresses are made of an endpoint's name."""
        taken = {
            f"{endpoint.construct_id}{suffix}": endpoint.name
            for endpoint in self.endpoints
            for suffix in CONSTRUCT_SUFFIXES[1:]
        }
        for endpoint in self.endpoints:
            own = endpoint.construct_id
            if own in STACK_CONSTRUCTS or own.startswith(NOTEBOOK_CONSTRUCT_PREFIX):
                yield f"endpoints: {endpoint.name!r}: must be another name: {own} is a part of the stack"
            elif own in taken:
                yield f"endpoints: {endpoint.name!r}: must be another name: {own} is part of the endpoint {taken[own]}"

    def _alarm_emails_differ(self) -> Iterator[str]:
        """Terraform's addresses are made of them too, their punctuation left out."""
        plain = [re.sub(r"[\W_]+", "_", email) for email in self.alarm_emails]
        for email, letters in zip(self.alarm_emails, plain, strict=True):
            if plain.count(letters) > 1:
                yield f"alarm_emails: {email!r}: must differ from the others in more than punctuation"
