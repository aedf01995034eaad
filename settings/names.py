"""Every name that the platform gives in AWS. What has to fit, be found again or be allowed by name is asked here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings.limits import ACCOUNT_ID_LENGTH

# An endpoint's two variants.
PRODUCTION, SHADOW = "production", "shadow"
# The log groups that an account has once in a region: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
LOG_GROUPS, FLOW_LOGS = "/aws/sagemaker/", "/aws/vpc/"
NOTEBOOK_INSTANCES, TRAINING_JOBS = ACCOUNT_WIDE_LOG_GROUPS = (
    f"{LOG_GROUPS}NotebookInstances",
    f"{LOG_GROUPS}TrainingJobs",
)
# Of all Studio domains; that of those two which is made only where there is one.
STUDIO = f"{LOG_GROUPS}studio"
# The tags of everything, and the one that the notebook instance has too.
PROJECT_TAG, ENVIRONMENT_TAG, OWNER_TAG = "Project", "Environment", "Owner"
VOLUME_SIZE_TAG = "VolumeSizeGb"
NOTEBOOK_TAGS = (PROJECT_TAG, ENVIRONMENT_TAG, OWNER_TAG, VOLUME_SIZE_TAG)
# Terraform's provider adds as many to a name's prefix: https://github.com/hashicorp/terraform-plugin-sdk/blob/main/helper/id/id.go
GENERATED_DIGITS = 26
# Of a policy, so that the rest of it fits too: a managed one has 6,144 characters, and the inline one of a role 10,240.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ENDPOINTS_IN_POLICY_MAX_CHARACTERS = 5_500
# Characters at the end of a catalogue entry's released name, and of its SageMaker model's name.
DIGEST_LENGTH = 8


def state_key(project: str, environment: str) -> str:
    """Of a Terraform state in its bucket."""
    return f"{project}/{environment}/terraform.tfstate"


def partition(region: str) -> str:
    """Of a region that limits.py takes."""
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def further_policy(role_name: str, number: int | str) -> str:
    """Of a role that has more than one; with `*` a pattern of all of them."""
    return f"{role_name}-{number}"


def address_part(name: str) -> str:
    """A name as part of a Terraform address: what is no letter, digit or `_`, however long, becomes one `_`.

    Of letters and digits Terraform takes those of Unicode's identifiers, as Python does, and so no ² or ½.
    https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers
    """
    return re.sub(r"\W+", "_", "".join(letter if f"_{letter}".isidentifier() else "-" for letter in name))


@dataclass(frozen=True, kw_only=True)
class EndpointNames:
    """An endpoint's name in the account, and what is called after it. `prefix` is the platform's."""

    name: str
    construct_id: str
    prefix: str

    @property
    def address(self) -> str:
        """Of its log group, in Terraform: several hyphens are one underscore."""
        return address_part(self.name)

    @property
    def log_group(self) -> str:
        return f"{LOG_GROUPS}Endpoints/{self.name}"

    @property
    def configuration_prefix(self) -> str:
        return f"{self.name}-"

    @property
    def longest_configuration(self) -> str:
        return f"{self.configuration_prefix}{'0' * GENERATED_DIGITS}"

    @property
    def errors_alarm(self) -> str:
        return self.errors_alarm_of(self.name)

    @property
    def latency_alarm(self) -> str:
        return self.latency_alarm_of(self.name)

    @property
    def shadow_errors_alarm(self) -> str:
        return self.errors_alarm_of(f"{self.name}-shadow")

    @property
    def shadow_latency_alarm(self) -> str:
        return self.latency_alarm_of(f"{self.name}-shadow")

    def errors_alarm_of(self, what: str) -> str:
        return f"{self.prefix}-{what}-5xx-errors"

    def latency_alarm_of(self, what: str) -> str:
        return f"{self.prefix}-{what}-model-latency"

    def rollback_alarms_of(self, configuration_name: str) -> Sequence[str]:
        """They judge the fleet of that configuration alone."""
        return self.errors_alarm_of(configuration_name), self.latency_alarm_of(configuration_name)

    def alarms(self, *, shadow: bool) -> Sequence[str]:
        """Of the endpoint, and of its shadow's difference where there may be one."""
        own = (self.errors_alarm, self.latency_alarm)
        return (*own, self.shadow_errors_alarm, self.shadow_latency_alarm) if shadow else own


@dataclass(frozen=True, kw_only=True)
class Names:
    """What one environment calls its things. `endpoints` has the names of each by its name in the settings."""

    project: str
    environment: str
    region: str
    own_bucket: str | None
    endpoints: Mapping[str, EndpointNames]

    @property
    def prefix(self) -> str:
        """What most names are or begin with."""
        return f"{self.project}-{self.environment}"

    @property
    def state_key(self) -> str:
        """Of the Terraform state in its bucket."""
        return state_key(self.project, self.environment)

    @property
    def notebook(self) -> str:
        return self.prefix

    @property
    def studio_domain(self) -> str:
        return self.prefix

    def studio_lifecycle_config(self, digest: str) -> str:
        """What it runs cannot be changed: another script is another one, called after its first digits."""
        return f"{self.prefix}-{digest}"

    @property
    def studio_policy(self) -> str:
        """Of the notebook's role, where there is Studio."""
        return further_policy(self.notebook_role, "studio")

    def dashboard(self, page: int) -> str:
        return self.prefix if page == 1 else f"{self.prefix}-{page}"

    def bucket(self, account_id: str) -> str:
        if self.own_bucket is not None:
            return self.own_bucket
        return f"{self.prefix}-sagemaker-{account_id}-{self.region}"

    @property
    def longest_bucket(self) -> str:
        return self.bucket("0" * ACCOUNT_ID_LENGTH)

    @property
    def notebook_role(self) -> str:
        return f"{self.prefix}-sagemaker-notebook"

    @property
    def training_role(self) -> str:
        return f"{self.prefix}-sagemaker-training"

    @property
    def hosting_role(self) -> str:
        return f"{self.prefix}-sagemaker-hosting"

    @property
    def pipeline_role(self) -> str:
        return f"{self.prefix}-sagemaker-pipeline"

    @property
    def scheduler_role(self) -> str:
        """Only where a training has a schedule."""
        return f"{self.prefix}-scheduler"

    @property
    def flow_log_role(self) -> str:
        return f"{self.prefix}-vpc-flow-log"

    @property
    def platform_roles(self) -> Sequence[str]:
        """Those that work with the data."""
        return self.notebook_role, self.training_role, self.hosting_role

    @property
    def roles(self) -> Sequence[str]:
        return *self.platform_roles, self.pipeline_role, self.scheduler_role, self.flow_log_role

    @property
    def key_alias(self) -> str:
        return f"alias/{self.prefix}"

    @property
    def flow_log_group(self) -> str:
        return f"{FLOW_LOGS}{self.prefix}"

    def subnet(self, zone: str) -> str:
        return f"{self.prefix}-private-{zone}"

    @property
    def sagemaker_security_group(self) -> str:
        return f"{self.prefix}-sagemaker"

    @property
    def training_security_group(self) -> str:
        return f"{self.prefix}-training"

    def studio_security_group(self, user_profile: str) -> str:
        return f"{self.prefix}-studio-{user_profile}"

    @property
    def closed_security_group(self) -> str:
        """The VPC's default one."""
        return f"{self.prefix}-closed"

    @property
    def vpc_endpoints_security_group(self) -> str:
        return f"{self.prefix}-endpoints"

    def vpc_endpoint(self, service: str) -> str:
        return f"{self.prefix}-{service}"

    @property
    def endpoint_log_groups(self) -> Sequence[str]:
        return [endpoint.log_group for endpoint in self.endpoints.values()]

    @property
    def endpoint_groups(self) -> Sequence[Sequence[EndpointNames]]:
        """The endpoints in groups that one policy can name each, with their log groups: one group at least."""
        groups: list[list[EndpointNames]] = [[]]
        left = ENDPOINTS_IN_POLICY_MAX_CHARACTERS
        for endpoint in self.endpoints.values():
            size = sum(len(f'"{arn}",') for arn in self._arns(endpoint))
            if size > left:
                groups.append([])
                left = ENDPOINTS_IN_POLICY_MAX_CHARACTERS
            groups[-1].append(endpoint)
            left -= size
        return groups

    def _arns(self, endpoint: EndpointNames) -> Sequence[str]:
        """As long as those that AWS will give: of the endpoint, and of its log group with all that is in it."""
        place = f"{self.region}:{'0' * ACCOUNT_ID_LENGTH}"
        return (
            f"arn:{partition(self.region)}:sagemaker:{place}:endpoint/{endpoint.name}",
            f"arn:{partition(self.region)}:logs:{place}:log-group:{endpoint.log_group}:*",
        )

    @property
    def training_job_prefix(self) -> str:
        """The notebook may start jobs of such names only."""
        return f"{self.prefix}-"

    def training(self, name: str) -> str:
        """Of its pipeline, of the group of its models, of its schedule; its jobs' names begin with it."""
        return f"{self.prefix}-{name}"

    @property
    def every_alarm(self) -> str:
        """A pattern, for policies."""
        return f"{self.prefix}-*"

    @property
    def alarm_topic(self) -> str:
        return f"{self.prefix}-alarms"

    def model_prefix(self, catalogue_name: str) -> str:
        return f"{self.prefix}-{catalogue_name}-"

    def longest_model(self, catalogue_name: str) -> str:
        return f"{self.model_prefix(catalogue_name)}{'0' * DIGEST_LENGTH}"
