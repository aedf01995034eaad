"""The settings of one environment: plain values with AWS's limits, checked together before anything is built.

This module imports neither cdktf nor the provider.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

# The S3 name holds the account (12 digits) and the region: `<project>-<environment>-sagemaker-<account>-<region>`.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME_MAX_LENGTH = 63
ACCOUNT_ID_LENGTH = 12
# Terraform adds 26 characters to a name prefix, and a SageMaker name has at most 63:
# https://github.com/hashicorp/terraform-provider-aws (internal/create)
NAME_MAX_LENGTH = 63
NAME_PREFIX_MAX_LENGTH = NAME_MAX_LENGTH - 26
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
ROLE_NAME_MAX_LENGTH = 64


class Settings(BaseModel):
    """Holds what it is given as it is; `checked` validates it whole, so that all faults of a tree come out at once."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, revalidate_instances="always", strict=True, validate_default=True
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        object.__setattr__(self, "__dict__", values)
        object.__setattr__(self, "__pydantic_fields_set__", set(values))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)

    # Pydantic's own mark that validation fills the fields itself and does not call __init__.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def checked(self) -> Self:
        """The same values, validated, defaults filled in. Raises pydantic.ValidationError with every fault."""
        return type(self).model_validate(self)


def _bucket_name(name: str) -> str:
    """S3's rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    if ".." in name or name.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        raise ValueError("must not contain '..' nor begin with 'xn--', 'sthree-' or 'amzn-s3-demo-'")
    if name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3")):
        raise ValueError("must not end with '-s3alias', '--ol-s3', '.mrap' or '--x-s3'")
    if name.replace(".", "").isdigit() and name.count(".") == 3:
        raise ValueError("must not look like an IP address")
    return name


BucketName = Annotated[
    str,
    Field(min_length=3, max_length=BUCKET_NAME_MAX_LENGTH, pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"),
    AfterValidator(_bucket_name),
]
# Endpoints, configurations, variants: API_CreateEndpoint in the SageMaker API reference. Upper case is legal there;
# this project keeps to lower case because the names go into the bucket's name too.
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX_LENGTH, pattern=r"^[a-z0-9](-*[a-z0-9])*$")]
InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip


class BucketSettings(Settings):
    """The data bucket."""

    name: BucketName | None = Field(
        default=None, description="a name of your own; left out: `<project>-<environment>-sagemaker-<account>-<region>`"
    )
    force_destroy: bool = Field(default=False, description="let `cdktf destroy` delete a bucket that holds objects")
    noncurrent_version_days: Annotated[
        int, Field(ge=1, description="days an overwritten or deleted object is kept")
    ] = 90
    incomplete_upload_days: Annotated[int, Field(ge=1, description="days an incomplete upload is kept")] = 7


class LogSettings(Settings):
    """The CloudWatch log groups."""

    retention_days: RetentionDays = Field(default=30, description="days a log event is kept")
    owns_account_wide: bool = Field(
        default=True,
        description="make the groups NotebookInstances and TrainingJobs: one environment per account and region",
    )


class NotebookSettings(Settings):
    """The notebook instance."""

    instance_type: InstanceType = Field(default="ml.t3.medium", description="instance type")
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateNotebookInstance.html
    volume_size_gb: int = Field(default=5, ge=5, le=16384, description="size of /home/ec2-user/SageMaker, in GB")
    root_access: bool = Field(default=False, description="let the notebook's users become root")


class VariantSettings(Settings):
    """Instances behind a variant of a provisioned endpoint."""

    instance_type: InstanceType = Field(default="ml.t2.medium", description="instance type")
    instance_count: int = Field(default=1, ge=1, description="number of instances")
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    weight: float = Field(
        default=1.0, ge=0, allow_inf_nan=False, description="share of the requests: weight / sum of weights"
    )


class ProvisionedEndpointSettings(Settings):
    """An endpoint on instances of its own."""

    kind: Literal["provisioned"] = "provisioned"
    production: VariantSettings = Field(description="the production variant")
    shadow: VariantSettings | None = Field(
        default=None,
        description="the shadow variant: serves a copy of the requests when releases.json names a shadow model",
    )


class ServerlessEndpointSettings(Settings):
    """An endpoint without instances. SageMaker allows it neither shadow variants nor a VPC nor data capture."""

    kind: Literal["serverless"] = "serverless"
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
    memory_size_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(default=2048, description="memory, in MB")
    max_concurrency: int = Field(default=5, ge=1, le=200, description="invocations at the same time, at most")
    provisioned_concurrency: Annotated[int, Field(ge=1, le=200)] | None = Field(
        default=None, description="invocations kept warm, at most max_concurrency; left out: none"
    )

    @model_validator(mode="after")
    def provisioned_concurrency_within_max_concurrency(self) -> Self:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            raise ValueError(
                f"provisioned_concurrency is {self.provisioned_concurrency}: "
                f"must be at most max_concurrency, {self.max_concurrency}"
            )
        return self


def _kind(value: object) -> str | None:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(type(value), "model_fields", {}).get("kind")
    return kind if isinstance(kind, str) else getattr(kind, "default", None)


EndpointSettings = Annotated[
    Annotated[ProvisionedEndpointSettings, Tag("provisioned")]
    | Annotated[ServerlessEndpointSettings, Tag("serverless")],
    Discriminator(
        _kind,
        custom_error_type="endpoint_kind",
        custom_error_message="must be ProvisionedEndpointSettings(...) or ServerlessEndpointSettings(...)",
    ),
]


class EnvironmentSettings(Settings):
    """One environment: one stack, one state, one account unless `shares_account`."""

    name: Name = Field(description="the stack's name")
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(description="AWS region")
    project: Name = Field(default="ml-platform", description="first part of every name")
    shares_account: bool = Field(
        default=False,
        description="other environments live in the same account: the endpoint's name then ends with this one's",
    )
    endpoint_name: Name = Field(default="linear-learner", description="the endpoint's name")
    bucket: BucketSettings = Field(default_factory=BucketSettings, description="the data bucket")
    logs: LogSettings = Field(default_factory=LogSettings, description="the log groups")
    sagemaker_full_access: bool = Field(
        default=False, description="attach AmazonSageMakerFullAccess to the execution role: experiments in dev only"
    )
    training_image_repositories: Sequence[Name] = Field(
        default=("linear-learner", "sagemaker-scikit-learn", "sagemaker-xgboost"),
        description="AWS's image repositories that training jobs may pull from",
    )
    notebook: NotebookSettings | None = Field(default=None, description="the notebook instance; left out: none")
    endpoint: EndpointSettings = Field(description="what serves the released model")
    state_bucket: BucketName | None = Field(
        default=None,
        description="S3 bucket for the Terraform state; left out: a local file, `terraform.<environment>.tfstate`",
    )

    @property
    def name_prefix(self) -> str:
        return f"{self.project}-{self.name}"

    def model_name(self, released_name: str) -> str:
        """The SageMaker model's name, from a catalogue name with its revision."""
        return f"{self.name_prefix}-{released_name}"

    @property
    def role_name(self) -> str:
        return f"{self.name_prefix}-sagemaker-execution"

    @property
    def full_endpoint_name(self) -> str:
        return f"{self.endpoint_name}-{self.name}" if self.shares_account else self.endpoint_name

    @model_validator(mode="after")
    def names_fit(self) -> Self:
        suffix = len("-sagemaker-") + ACCOUNT_ID_LENGTH + len("-") + len(self.region)
        if self.bucket.name is None and len(self.name_prefix) + suffix > BUCKET_NAME_MAX_LENGTH:
            raise ValueError(
                f"the bucket's name, {self.name_prefix}-sagemaker-<account>-{self.region}, would have "
                f"{len(self.name_prefix) + suffix} characters: must be at most {BUCKET_NAME_MAX_LENGTH}; "
                "shorten project or give bucket.name"
            )
        if len(self.role_name) > ROLE_NAME_MAX_LENGTH:
            raise ValueError(
                f"the role's name, {self.role_name}, has {len(self.role_name)} characters: "
                f"must be at most {ROLE_NAME_MAX_LENGTH}; shorten project"
            )
        if len(self.full_endpoint_name) >= NAME_PREFIX_MAX_LENGTH:
            raise ValueError(
                f"the endpoint's name, {self.full_endpoint_name}, has {len(self.full_endpoint_name)} characters: "
                f"must be at most {NAME_PREFIX_MAX_LENGTH - 1}, as its configurations are named after it"
            )
        return self
