"""What AWS allows, as types: a range, pattern or set of values, each with the page it comes from."""

import json
import re
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from settings.aws_tables import (
    APP_INSTANCE_TYPES,
    IMAGE_REGIONS,
    NOTEBOOK_INSTANCE_TYPES,
    REGIONS,
    TIME_ZONES,
    TRAINING_INSTANCE_TYPES,
    VARIANT_INSTANCE_TYPES,
)
from settings.linear_learner import METRICS, TUNING
from settings.schedule_expressions import schedule_expression
from settings.suggestions import suggestion

# Where a limit counts in lengths, several fields make one name: the rules of environment.py ask names.py for it.
BUCKET_NAME_MAX_LENGTH = 63
ACCOUNT_ID_LENGTH = 12
NAME_MAX_LENGTH = 63
ROLE_NAME_MAX_LENGTH = 64
# A sixteenth of the smallest is a /28, the smallest subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
VPC_PREFIX_LENGTHS = (16, 24)
# Those for private use that AWS names, and the one that SageMaker's notebooks run Docker in:
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
PRIVATE_NETWORKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
DOCKER_NETWORK = IPv4Network("172.17.0.0/16")
SUBNETS_MAX_COUNT = 16
SECURITY_GROUPS_MAX_COUNT = 5
# SageMaker adds one of its own to those of Studio's apps: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UserSettings.html
STUDIO_SECURITY_GROUPS_MAX_COUNT = SECURITY_GROUPS_MAX_COUNT - 1
STUDIO_IDLE_STOP_MIN_MINUTES = 60
# One that Jupyter opens in, and three more: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateNotebookInstance.html
GIT_REPOSITORIES_MAX_COUNT = 4
# Of the 50 that a resource may have, those that are not the platform's: names.py has these.
NOTEBOOK_TAGS_MAX_COUNT = 46
INSTANCE_STORAGE_SERIES = ("dl1", "g5", "g6", "gr6", "g7", "p5", "p6", "trn1", "trn2")
NOT_ON_AMAZON_LINUX_2023 = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.inf1.", "ml.g3.")
# An Integer of AWS's service models has 32 bits.
INTEGER_MAX = 2**31 - 1
# What S3 copies in one request, 5 GiB: Terraform's aws_s3_object_copy makes one.
# https://github.com/hashicorp/terraform-provider-aws/issues/38102
ARTIFACT_COPY_MAX_BYTES = 5 * 2**30
# What JSON, and JavaScript, which writes it, carry exactly.
NUMBER_MAX = 2**53 - 1
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")
# RFC 5321, the characters that need no quotes: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
EMAIL_MAX_LENGTH, EMAIL_LOCAL_MAX_LENGTH = 254, 64
# Without braces: what is text to us may be a template to Terraform.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`|~-]+"
EMAIL_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_DOMAIN = re.compile(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}")
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html lists them by their names.
SERVERLESS_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-south-1", "ap-northeast-1"),
    *("ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1", "me-south-1", "sa-east-1"),
)
# Of all serverless endpoints of an account in a region; 1,000 in the large regions, 500 in the others.
SERVERLESS_CONCURRENCY_MAX = 500
# Of a container's variables, names and values together.
VARIABLES_MAX_COUNT = 100
VARIABLES_MAX_BYTES = 32 * 1024
# Of a dashboard, which has 500 widgets and 2,500 metrics at most, an endpoint 4 and up to 14:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
ENDPOINTS_PER_PAGE = 50
# Ours, so that the role's policy has no more than IAM's 10,240 characters.
IMAGE_REPOSITORIES_MAX_COUNT = 20
# Of a role, until AWS raises it; AmazonSageMakerFullAccess may be one of them.
MANAGED_POLICIES_MAX_COUNT = 10

# A part of the instances that is not more than half of them: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
SHIFTED_INSTANCES_MIN_COUNT = 2
# Of AWS, up to 28,800; Terraform's provider takes half, and it waits for an hour for an update to end:
# https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/endpoint.go
EXECUTION_TIMEOUT_MAX_SECONDS = 3600

# Ours: the policy of the pipelines' role, of 10,240 characters at most, names four things of each training.
TRAININGS_MAX_COUNT = 20
HYPERPARAMETERS_MAX_COUNT = 100
# A script's own channel is one of SageMaker's 20: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
CHANNELS_MAX_COUNT = 19
PIPELINE_DEFINITION_MAX_CHARACTERS = 1_048_576
# Half of what Linux gives a program in one string: a script's image puts them into one, with all else that it tells.
# Whatever else a pipeline's definition has fits beside so many.
# https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
HYPERPARAMETERS_MAX_CHARACTERS = 131_072 // 2
# SageMaker adds the execution's id, a token and the number of failures, with hyphens: of 12, 10 and 1 characters. AWS's
# page says 38, which with them would be one more than a job's name may have.
JOB_PREFIX_MAX_LENGTH = NAME_MAX_LENGTH - len(f"-{'i' * 12}-{'t' * 10}-0")
WAIT_WITHOUT_CHECKPOINTS_MAX_SECONDS = 3600

# Ours: a lifecycle script, of 12,288 bytes at most, names them all.
NOTEBOOK_PATTERNS_MAX_COUNT = 10
PLACEHOLDERS_MAX_COUNT = 10

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"
BUCKET_NAMING = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"
ROLE_NAMING = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
SERVERLESS = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"
SHADOW_EXCLUSIONS = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
IAM_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
KEY_DELETION = "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"
GUARDRAILS = "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html"
BLUE_GREEN = f"{API}/API_BlueGreenUpdatePolicy.html"
AUTOSCALING = "https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-policy.html"
SERVERLESS_SCALING = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-autoscale.html"
SCALABLE_TARGET = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html"
TARGET_TRACKING = (
    "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html"
)
ALARM = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"
SECURITY_GROUP_NAMING = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"
PREBUILT_IMAGES = (
    "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/"
    "prebuilt_ecr_image_data_source.go"
)
ZONES = "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html"
STOPPING = f"{API}/API_StoppingCondition.html"
TRAINING_JOB = f"{API}/API_CreateTrainingJob.html"
PIPELINE = f"{API}/API_CreatePipeline.html"
JOB_PREFIX = "https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html"
EXECVE = "https://man7.org/linux/man-pages/man2/execve.2.html"
SPOT = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html"
TRAINING_METRICS = "https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html"
SCHEDULE_TYPES = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
OBJECT_KEYS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"
USER_SETTINGS = f"{API}/API_UserSettings.html"
COPY_OBJECT = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"
TAGS = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
LOGGING = "https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"


@dataclass(frozen=True)
class Source:
    """The page that a limit comes from: shown with every problem."""

    url: str


@dataclass(frozen=True)
class OneOf:
    """A text of a table too long to be shown whole: what is misspelt gets the nearest."""

    what: str
    known: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: str) -> str:
        if value not in self.known:
            ends = [name for name in self.known if name.endswith(f".{value}")]  # of ml.m5.large, EC2's m5.large
            meant = ends[0] if len(ends) == 1 else value.lower()
            raise ValueError(f"must be {self.what}{suggestion(meant, self.known)}")
        return value


def _written_whole(number: object) -> object:
    """True and 1.0 are equal to 1."""
    if isinstance(number, bool | float):
        raise ValueError("must be a whole number, without a point")
    return number


def bucket_name(name: str) -> str:
    """Raises ValueError where S3 reserves the name, or its form, for something else."""
    for prefix in BUCKET_PREFIXES:
        if name.startswith(prefix):
            raise ValueError(f"must not begin with {prefix}, which S3 reserves")
    for suffix in BUCKET_SUFFIXES:
        if name.endswith(suffix):
            raise ValueError(f"must not end with {suffix}, which S3 reserves")
    labels = name.split(".")
    if any(label.strip("-") != label or not label for label in labels):
        raise ValueError("must have a letter or digit on both sides of each dot")
    if len(labels) == 4 and all(map(str.isdigit, labels)):
        raise ValueError("must not look like an IP address")
    return name


def _private_cidr_block(cidr_block: str) -> str:
    try:
        network = IPv4Network(cidr_block, strict=False)
    except ValueError as error:
        raise ValueError("must be an IPv4 network, say 10.0.0.0/20") from error
    if str(network) != cidr_block:
        raise ValueError(f"must be an IPv4 network by its first address and the length of its prefix, say {network}")
    lowest, highest = VPC_PREFIX_LENGTHS
    private = any(map(network.subnet_of, PRIVATE_NETWORKS)) and not network.overlaps(DOCKER_NETWORK)
    if not private or not lowest <= network.prefixlen <= highest:
        raise ValueError(
            f"must be from /{lowest} to /{highest}, in one of {', '.join(map(str, PRIVATE_NETWORKS))}, "
            f"and not in {DOCKER_NETWORK}, which SageMaker uses itself"
        )
    return cidr_block


def _no_tag_of_aws(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise ValueError("must not begin with aws:, which AWS reserves")
    return value


def _git_repository(repository: str) -> str:
    """AWS's pattern takes more: a URL with white space in it, and one of a host alone."""
    is_url = re.fullmatch(r"https://[!-.0->@-~]+/[!-~]+", repository)
    if not is_url and not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", repository):
        raise ValueError(
            "must be https://<host>/<path>, or the name of a code repository of SageMaker: 1 to 63 letters, digits and "
            "inner hyphens"
        )
    return repository


def _key_in_json(name: str) -> str:
    """Of all names, JavaScript's objects, which the app is synthesized from, cannot have this one as a key."""
    if name == "__proto__":
        raise ValueError("must not be __proto__, which JavaScript keeps for itself")
    return name


def _email_address(address: str) -> str:
    local, _, domain = address.partition("@")
    if len(local) > EMAIL_LOCAL_MAX_LENGTH or not EMAIL_LOCAL.fullmatch(local):
        raise ValueError(
            f"must have 1 to {EMAIL_LOCAL_MAX_LENGTH} letters, digits or any of .!#$%&'*+/=?^_`|~- before its @, and "
            "dots only between others"
        )
    if not EMAIL_DOMAIN.fullmatch(domain):
        raise ValueError(
            "must have a domain after its @, say example.com: names of up to 63 letters, digits and inner hyphens, the "
            "last one not of digits only"
        )
    return address


def _series(instance_type: str) -> tuple[str, str]:
    """Of ml.c6gd.large, the series c6 and the attributes gd."""
    found = re.match(r"ml\.([a-z]+\d+)([a-z]*)", instance_type)
    return ("", "") if found is None else (found[1], found[2])


def is_burstable(instance_type: str) -> bool:
    """Of the series t2, t3 and so on: trn1 is none of them."""
    return re.fullmatch(r"t\d+", _series(instance_type)[0]) is not None


def has_instance_storage(instance_type: str) -> bool:
    """Whether SageMaker's instances of the type have disks of their own, which no KMS key can be named for.

    A `d` among a family's attributes says so, and these families come with them always:
    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html
    """
    series, attributes = _series(instance_type)
    return "d" in attributes or series in INSTANCE_STORAGE_SERIES


def in_32_bits(number: float) -> float:
    """The nearest number that 32 bits hold: 0.10000000149011612 for 0.1."""
    [nearest] = struct.unpack("f", struct.pack("f", number))
    return float(nearest)


def _weight_in_32_bits(weight: float) -> float:
    nearest = in_32_bits(weight)
    if weight > 0 and nearest == 0:
        raise ValueError("must be 0, or from 1e-45, the least that 32 bits hold")
    return nearest


def _region(region: str) -> str:
    if region.startswith("cn-"):
        raise ValueError(
            "must not be one of AWS's regions in China, where VPC endpoints and services have other names, which "
            "nobody has tried this platform with"
        )
    if region not in REGIONS:
        meant = suggestion(region.lower(), REGIONS)
        known = f"SageMaker's {len(REGIONS)} regions{meant}" if meant else ", ".join(REGIONS)
        raise ValueError(f"must be one of {known}")
    return region


def elsewhere(repository: str, region: str) -> str:
    """What is allowed of an image repository that the region has not."""
    return f"must be an image repository that {region} has; {repository} is in {', '.join(IMAGE_REGIONS[repository])}"


def size_in_json(values: Mapping[str, str]) -> int:
    """Characters that they are in JSON, where those beyond ASCII have six or twelve for one."""
    return len(json.dumps(dict(values), separators=(",", ":")))


def _finds_one_number(regex: str) -> str:
    try:
        groups = re.compile(regex).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{error}: must be a regular expression") from error
    if groups != 1:
        raise ValueError(f"must have one group, in parentheses, which is the number: it has {groups}")
    return regex


def _one_line_of_terraforms_text(text: str) -> str:
    """https://developer.hashicorp.com/terraform/language/expressions/types#string"""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError("must not have control characters or line ends")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("must be in composed characters (Unicode's NFC), as Terraform writes it so")
    return text


def _stands_out(placeholder: str) -> str:
    if not placeholder.strip():
        raise ValueError("must have more than spaces, of which every notebook is full")
    return placeholder


def _names_notebooks(pattern: str) -> str:
    if not pattern.endswith(".ipynb") or "/" in pattern:
        raise ValueError("must end with .ipynb, and have no /, as there are no folders in it")
    return pattern


def _within_the_project(folder: str) -> str:
    parts = folder.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("must be a folder's path from the project's root, as models/breast_cancer is")
    return folder


def _runs_amazon_linux_2023(instance_type: str) -> str:
    if instance_type.startswith(NOT_ON_AMAZON_LINUX_2023):
        raise ValueError(
            "must not be of the families p2, p3, p3dn, inf1 and g3, which Amazon Linux 2023 does not run on"
        )
    return instance_type


BucketName = Annotated[
    str,
    Field(min_length=3, max_length=BUCKET_NAME_MAX_LENGTH, pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"),
    AfterValidator(bucket_name),
    Source(BUCKET_NAMING),
]
# SageMaker's names may have upper case too; this project's may not, because they go into the bucket's name.
_NAME = Field(min_length=1, max_length=NAME_MAX_LENGTH, pattern=r"^[a-z0-9](-*[a-z0-9])*$")
Name = Annotated[str, _NAME, Source(f"{API}/API_CreateEndpoint.html")]
AccountId = Annotated[
    str, Field(pattern=r"^[0-9]{12}$"), Source("https://docs.aws.amazon.com/accounts/latest/reference/API_Account.html")
]
Region = Annotated[str, AfterValidator(_region), Source("https://docs.aws.amazon.com/general/latest/gr/sagemaker.html")]
TagValue = Annotated[
    str,
    Field(min_length=1, max_length=256, pattern=r"^[\p{L}\p{N} _.:/=+@-]+$"),
    AfterValidator(_no_tag_of_aws),
    Source(TAGS),
]
TagKey = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=r"^[\p{L}\p{N} _.:/=+@-]+$"),
    AfterValidator(_no_tag_of_aws),
    AfterValidator(_key_in_json),
    Source(TAGS),
]
ImageRepository = Annotated[
    str,
    OneOf("one of AWS's image repositories, as Terraform's provider knows them", tuple(IMAGE_REGIONS)),
    Source(PREBUILT_IMAGES),
]
ExpiryDays = Annotated[
    int,
    Field(ge=1, le=INTEGER_MAX),
    Source("https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html"),
]
ImageTag = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"),
    Source("https://docs.docker.com/reference/cli/docker/image/tag/"),
]
VariableName = Annotated[
    str,
    Field(max_length=1024, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$"),
    AfterValidator(_key_in_json),
    Source(f"{API}/API_ContainerDefinition.html"),
]
# AWS says [\S\s]*, but no process gets a variable with a NUL in it.
VariableValue = Annotated[
    str, Field(max_length=1024, pattern=r"^[^\x00]*$"), Source(f"{API}/API_ContainerDefinition.html")
]
KeyDeletionWindowDays = Annotated[int, Field(ge=7, le=30), Source(KEY_DELETION)]
PrivateCidrBlock = Annotated[
    str,
    AfterValidator(_private_cidr_block),
    Source("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"),
]
ZoneLetter = Annotated[
    Literal["a", "b", "c", "d", "e", "f"],
    Source(ZONES),
]
SubnetId = Annotated[
    str, Field(max_length=32, pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$"), Source(f"{API}/API_VpcConfig.html")
]
SecurityGroupId = Annotated[
    str, Field(max_length=32, pattern=r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$"), Source(f"{API}/API_VpcConfig.html")
]
RetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    BeforeValidator(_written_whole),
    Source("https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"),
]
VariantInstanceType = Annotated[
    str,
    OneOf("an instance type that SageMaker hosts models on", VARIANT_INSTANCE_TYPES),
    Source(f"{API}/API_ProductionVariant.html"),
]
NotebookInstanceType = Annotated[
    str,
    AfterValidator(_runs_amazon_linux_2023),
    OneOf(
        "an instance type of SageMaker's notebook instances",
        tuple(name for name in NOTEBOOK_INSTANCE_TYPES if not name.startswith(NOT_ON_AMAZON_LINUX_2023)),
    ),
    Source("https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html"),
]
# `system` is where Studio Classic's own server runs, which is no JupyterLab.
StudioInstanceType = Annotated[
    str,
    OneOf("an instance type of Studio's apps", tuple(name for name in APP_INSTANCE_TYPES if name != "system")),
    Source(f"{API}/API_ResourceSpec.html"),
]
# SageMaker's limits of it are those of an endpoint's name; lower case, as all names of this project.
UserProfileName = Annotated[str, _NAME, Source(f"{API}/API_CreateUserProfile.html")]
StudioIdleStopMinutes = Annotated[
    int, Field(ge=STUDIO_IDLE_STOP_MIN_MINUTES, le=525_600), Source(f"{API}/API_IdleSettings.html")
]
# Those that instances still start on, as far as Terraform's provider 6.25 takes them:
# https://github.com/hashicorp/terraform-provider-aws/pull/44570
NotebookPlatform = Annotated[
    Literal["notebook-al2023-v1"], Source("https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2.html")
]
GitRepository = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    AfterValidator(_git_repository),
    Source(f"{API}/API_CreateNotebookInstance.html"),
]
# Ours, as AWS stops no notebook instance: the least is two looks of lifecycle_scripts/, the most what Studio allows.
IdleStopMinutes = Annotated[int, Field(ge=10, le=525_600)]
NotebookVolumeSizeGb = Annotated[int, Field(ge=5, le=16384), Source(f"{API}/API_CreateNotebookInstance.html")]
# Ours: of a key of S3, 1,024 bytes at most, and of any text.
NotebookPattern = Annotated[
    str, Field(max_length=128), AfterValidator(_one_line_of_terraforms_text), AfterValidator(_names_notebooks)
]
Placeholder = Annotated[
    str,
    Field(min_length=1, max_length=128),
    AfterValidator(_one_line_of_terraforms_text),
    AfterValidator(_stands_out),
]
InstanceCount = Annotated[int, Field(ge=1, le=INTEGER_MAX), Source(f"{API}/API_ProductionVariant.html")]
# The API's Float. Terraform's provider reads one back as 64 bits, another number than 0.1 as it was written, and
# replaces the endpoint's configuration for it: https://github.com/hashicorp/terraform-provider-aws/issues/43643
VariantWeight = Annotated[
    float,
    Field(ge=0, le=NUMBER_MAX, allow_inf_nan=False),
    AfterValidator(_weight_in_32_bits),
    Source(f"{API}/API_ProductionVariant.html"),
]
MemorySizeMb = Annotated[
    Literal[1024, 2048, 3072, 4096, 5120, 6144],
    BeforeValidator(_written_whole),
    Source(f"{API}/API_ProductionVariantServerlessConfig.html"),
]
Concurrency = Annotated[int, Field(ge=1, le=200), Source(f"{API}/API_ProductionVariantServerlessConfig.html")]
TargetInvocations = Annotated[float, Field(gt=0, le=NUMBER_MAX, allow_inf_nan=False), Source(TARGET_TRACKING)]
TargetUtilization = Annotated[float, Field(gt=0, le=1), Source(SERVERLESS_SCALING)]
CooldownSeconds = Annotated[int, Field(ge=0, le=INTEGER_MAX), Source(TARGET_TRACKING)]
WaitSeconds = Annotated[int, Field(ge=0, le=3600), Source(BLUE_GREEN)]
ExecutionTimeoutSeconds = Annotated[int, Field(ge=600, le=EXECUTION_TIMEOUT_MAX_SECONDS), Source(BLUE_GREEN)]
CanaryPercent = Annotated[int, Field(ge=1, le=50), Source(f"{API}/API_TrafficRoutingConfig.html")]
LinearStepPercent = Annotated[int, Field(ge=10, le=50), Source(f"{API}/API_TrafficRoutingConfig.html")]
BatchPercent = Annotated[int, Field(ge=5, le=50), Source(f"{API}/API_RollingUpdatePolicy.html")]
ErrorCount = Annotated[int, Field(ge=1, le=INTEGER_MAX), Source(ALARM)]
LatencyMs = Annotated[int, Field(ge=1, le=INTEGER_MAX), Source(ALARM)]
SamplingPercent = Annotated[int, Field(ge=0, le=100), Source(f"{API}/API_DataCaptureConfig.html")]
CaptureMode = Annotated[Literal["Input", "Output"], Source(f"{API}/API_CaptureOption.html")]
EmailAddress = Annotated[
    str,
    Field(max_length=EMAIL_MAX_LENGTH),
    AfterValidator(_email_address),
    Source("https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"),
]
TrainingInstanceType = Annotated[
    str,
    OneOf("an instance type that SageMaker trains on", TRAINING_INSTANCE_TYPES),
    Source(f"{API}/API_ResourceConfig.html"),
]
TrainingInstanceCount = Annotated[int, Field(ge=1, le=INTEGER_MAX), Source(f"{API}/API_ResourceConfig.html")]
TrainingVolumeSizeGb = Annotated[int, Field(ge=1, le=16384), Source(f"{API}/API_ResourceConfig.html")]
MaxRuntimeSeconds = Annotated[int, Field(ge=1, le=28 * 24 * 3600), Source(STOPPING)]
MaxWaitSeconds = Annotated[int, Field(ge=1, le=INTEGER_MAX), Source(STOPPING)]
# AWS's key may be anything, but a script's becomes an argument and a variable.
HyperparameterName = Annotated[
    str, Field(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"), Source(TRAINING_JOB)
]
# On one line, as AWS says by `.*`; no process gets an argument with a NUL in it.
HyperparameterValue = Annotated[
    str, Field(max_length=2500, pattern=r"^[^\x00\n\r\x{85}\x{2028}\x{2029}]*$"), Source(TRAINING_JOB)
]
ChannelName = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$"),
    Source(f"{API}/API_Channel.html"),
]
# Ours: S3's keys may be longer and have other characters too.
DataPrefix = Annotated[
    str,
    Field(max_length=256, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"),
    Source(OBJECT_KEYS),
]
ProjectFolder = Annotated[
    str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f]*$"), AfterValidator(_within_the_project)
]
# Those of which it is known how they run a script that comes by a channel, and that serve what they trained:
# https://github.com/aws/sagemaker-scikit-learn-container/blob/master/src/sagemaker_sklearn_container/training.py
ScriptImageRepository = Annotated[Literal["sagemaker-scikit-learn"], Source(PREBUILT_IMAGES)]
# AWS takes any, but it stands between quotes in the pipeline's definition, and in the metadata of a model package.
MetricName = Annotated[
    str,
    Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_.:/=+@-]*$"),
    Source(f"{API}/API_MetricDefinition.html"),
]
# Which regular expressions SageMaker takes, no page says: Python's, in which its own examples are, must read it.
MetricRegex = Annotated[
    str,
    Field(min_length=1, max_length=500, pattern=r"^[^\x00\n\r\x{85}\x{2028}\x{2029}]*$"),
    AfterValidator(_finds_one_number),
    Source(TRAINING_METRICS),
]
BuiltInMetricName = Annotated[
    str, OneOf(f"one of the algorithm's metrics, {', '.join(METRICS)}", tuple(METRICS)), Source(TUNING)
]
MetricThreshold = Annotated[
    float, Field(ge=-NUMBER_MAX, le=NUMBER_MAX, allow_inf_nan=False), Source(f"{API}/API_MetricData.html")
]
ArtifactBytes = Annotated[int, Field(ge=1, le=ARTIFACT_COPY_MAX_BYTES), Source(COPY_OBJECT)]
# Ours: where promotion waits for a week, nobody promotes, and an endpoint that is released weekly never gets that old.
SoakMinutes = Annotated[int, Field(ge=0, le=7 * 24 * 60)]
# AWS's own pattern takes any text after the slash; of a group's versions it is the group's name and a number.
ModelPackageArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]{9,16}:[0-9]{12}:"
        r"model-package/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}/[1-9][0-9]{0,9}$"
    ),
    Source(f"{API}/API_ModelPackage.html"),
]
ScheduleExpression = Annotated[
    str, Field(min_length=1, max_length=256), AfterValidator(schedule_expression), Source(SCHEDULE_TYPES)
]
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=50),
    OneOf("a time zone of the IANA's database", TIME_ZONES),
    Source(SCHEDULE_TYPES),
]
