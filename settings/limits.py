"""What AWS allows, as types: a range, pattern or set of values, each with the page it comes from."""

import math
import re
import struct
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

# Where a limit counts in lengths, several fields make one name: the rules of environment.py ask names.py for it.
BUCKET_NAME_MAX_LENGTH = 63
ACCOUNT_ID_LENGTH = 12
NAME_MAX_LENGTH = 63
ROLE_NAME_MAX_LENGTH = 64
# A sixteenth of the smallest is a /28, the smallest subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
VPC_PREFIX_LENGTHS = (16, 24)
SUBNETS_MAX_COUNT = 16
SECURITY_GROUPS_MAX_COUNT = 5
INSTANCE_STORAGE_SERIES = ("g5", "g6", "gr6", "p5", "p6", "trn1", "trn2")
IMAGE_MAX_LENGTH = 255
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
KEY_POLICY_MAX_BYTES = 32 * 1024
# What is in it besides the endpoints' log groups, rounded up: tests/stacks/test_many_endpoints.py measures it.
KEY_POLICY_REST_BYTES = 4_096

# A part of the instances that is not more than half of them: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
SHIFTED_INSTANCES_MIN_COUNT = 2
# Of AWS, up to 28,800; Terraform's provider takes half, and it waits for an hour for an update to end:
# https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/endpoint.go
EXECUTION_TIMEOUT_MAX_SECONDS = 3600

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"
BUCKET_NAMING = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"
ROLE_NAMING = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
SERVERLESS = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"
SHADOW_EXCLUSIONS = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
IAM_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
KEY_POLICY = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"
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
LOGGING = "https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"


@dataclass(frozen=True)
class Source:
    """The page that a limit comes from: shown with every problem."""

    url: str


def _bucket_name(name: str) -> str:
    if ".." in name or name.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        raise ValueError("must not contain '..' nor begin with 'xn--', 'sthree-' or 'amzn-s3-demo-'")
    if name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3")):
        raise ValueError("must not end with '-s3alias', '--ol-s3', '.mrap' or '--x-s3'")
    if name.replace(".", "").isdigit() and name.count(".") == 3:
        raise ValueError("must not look like an IP address")
    return name


def _private_cidr_block(cidr_block: str) -> str:
    try:
        network = IPv4Network(cidr_block)
    except ValueError as error:
        raise ValueError("must be an IPv4 network, say 10.0.0.0/20") from error
    lowest, highest = VPC_PREFIX_LENGTHS
    if not network.is_private or not lowest <= network.prefixlen <= highest:
        raise ValueError(f"must be private and from /{lowest} to /{highest}")
    return cidr_block


def has_instance_storage(instance_type: str) -> bool:
    """Whether SageMaker's instances of the type have disks of their own, which no KMS key can be named for.

    A `d` among a family's attributes says so, and these families come with them always:
    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html
    """
    family = instance_type.split(".")[1]
    found = re.match(r"([a-z]+\d+)([a-z]*)", family)
    return found is not None and ("d" in found[2] or found[1] in INSTANCE_STORAGE_SERIES)


def _in_32_bits(number: float) -> float:
    """The nearest number that 32 bits hold: 0.10000000149011612 for 0.1."""
    try:
        [nearest] = struct.unpack("f", struct.pack("f", number))
    except OverflowError:
        nearest = math.inf
    if number > 0 and nearest in (0, math.inf):
        raise ValueError("must be 0, or from 1e-45 to 3.4e38, the numbers of 32 bits")
    return float(nearest)


def _not_in_china(region: object) -> object:
    if isinstance(region, str) and region.startswith("cn-"):
        raise ValueError(
            "must not be one of AWS's regions in China, where VPC endpoints and services have other names, which "
            "nobody has tried this platform with"
        )
    return region


def _notebook_instance_type(instance_type: str) -> str:
    family = instance_type.split(".")[1]
    if family in ("p2", "p3", "p3dn", "inf1", "g3"):
        raise ValueError(
            "must not be of the families p2, p3, p3dn, inf1 and g3, which Amazon Linux 2023 does not run on"
        )
    return instance_type


BucketName = Annotated[
    str,
    Field(min_length=3, max_length=BUCKET_NAME_MAX_LENGTH, pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"),
    AfterValidator(_bucket_name),
    Source(BUCKET_NAMING),
]
# SageMaker's names may have upper case too; this project's may not, because they go into the bucket's name.
Name = Annotated[
    str,
    Field(min_length=1, max_length=NAME_MAX_LENGTH, pattern=r"^[a-z0-9](-*[a-z0-9])*$"),
    Source(f"{API}/API_CreateEndpoint.html"),
]
AccountId = Annotated[
    str, Field(pattern=r"^[0-9]{12}$"), Source("https://docs.aws.amazon.com/accounts/latest/reference/API_Account.html")
]
# Those whose images Terraform's provider knows, China's left out: there services, principals and VPC endpoints have
# other names, which nobody has tried.
Region = Annotated[
    Literal[
        "af-south-1",
        "ap-east-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ],
    BeforeValidator(_not_in_china),
    Source(
        "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sagemaker/"
        "prebuilt_ecr_image_data_source.go"
    ),
]
TagValue = Annotated[
    str,
    Field(min_length=1, max_length=256, pattern=r"^[\p{L}\p{N} _.:/=+@-]+$"),
    Source("https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"),
]
RepositoryName = Annotated[
    str,
    Field(min_length=2, max_length=256, pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$"),
    Source("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"),
]
ExpiryDays = Annotated[
    int, Field(ge=1), Source("https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html")
]
ImageTag = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"),
    Source("https://docs.docker.com/reference/cli/docker/image/tag/"),
]
VariableName = Annotated[
    str, Field(max_length=1024, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$"), Source(f"{API}/API_ContainerDefinition.html")
]
VariableValue = Annotated[str, Field(max_length=1024), Source(f"{API}/API_ContainerDefinition.html")]
KeyDeletionWindowDays = Annotated[int, Field(ge=7, le=30), Source(KEY_DELETION)]
PrivateCidrBlock = Annotated[
    str,
    AfterValidator(_private_cidr_block),
    Source("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"),
]
ZoneLetter = Annotated[
    Literal["a", "b", "c", "d", "e", "f"],
    Source("https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html"),
]
SubnetId = Annotated[
    str, Field(max_length=32, pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$"), Source(f"{API}/API_VpcConfig.html")
]
SecurityGroupId = Annotated[
    str, Field(max_length=32, pattern=r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$"), Source(f"{API}/API_VpcConfig.html")
]
RetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    Source("https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"),
]
VariantInstanceType = Annotated[
    str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"), Source(f"{API}/API_ProductionVariant.html")
]
NotebookInstanceType = Annotated[
    str,
    Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"),
    AfterValidator(_notebook_instance_type),
    Source("https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html"),
]
NotebookVolumeSizeGb = Annotated[int, Field(ge=5, le=16384), Source(f"{API}/API_CreateNotebookInstance.html")]
InstanceCount = Annotated[int, Field(ge=1), Source(f"{API}/API_ProductionVariant.html")]
# The API's Float. Terraform's provider reads one back as 64 bits, another number than 0.1 as it was written, and
# replaces the endpoint's configuration for it: https://github.com/hashicorp/terraform-provider-aws/issues/43643
VariantWeight = Annotated[
    float,
    Field(ge=0, allow_inf_nan=False),
    AfterValidator(_in_32_bits),
    Source(f"{API}/API_ProductionVariant.html"),
]
MemorySizeMb = Annotated[
    Literal[1024, 2048, 3072, 4096, 5120, 6144], Source(f"{API}/API_ProductionVariantServerlessConfig.html")
]
Concurrency = Annotated[int, Field(ge=1, le=200), Source(f"{API}/API_ProductionVariantServerlessConfig.html")]
TargetInvocations = Annotated[float, Field(gt=0, allow_inf_nan=False), Source(TARGET_TRACKING)]
TargetUtilization = Annotated[float, Field(gt=0, le=1), Source(SERVERLESS_SCALING)]
CooldownSeconds = Annotated[int, Field(ge=0), Source(TARGET_TRACKING)]
WaitSeconds = Annotated[int, Field(ge=0, le=3600), Source(BLUE_GREEN)]
ExecutionTimeoutSeconds = Annotated[int, Field(ge=600, le=EXECUTION_TIMEOUT_MAX_SECONDS), Source(BLUE_GREEN)]
CanaryPercent = Annotated[int, Field(ge=1, le=50), Source(f"{API}/API_TrafficRoutingConfig.html")]
LinearStepPercent = Annotated[int, Field(ge=10, le=50), Source(f"{API}/API_TrafficRoutingConfig.html")]
BatchPercent = Annotated[int, Field(ge=5, le=50), Source(f"{API}/API_RollingUpdatePolicy.html")]
ErrorCount = Annotated[int, Field(ge=1), Source(ALARM)]
LatencyMs = Annotated[int, Field(ge=1), Source(ALARM)]
SamplingPercent = Annotated[int, Field(ge=0, le=100), Source(f"{API}/API_DataCaptureConfig.html")]
CaptureMode = Annotated[Literal["Input", "Output"], Source(f"{API}/API_CaptureOption.html")]
EmailAddress = Annotated[
    str,
    Field(max_length=254, pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"),
    Source("https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"),
]
