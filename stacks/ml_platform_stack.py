"""The platform of one environment: the constructs wired together."""

from collections.abc import Iterable, Mapping, Sequence

from cdktf import Annotations, LocalBackend, S3Backend, TerraformOutput
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from constructs import Construct

from constructs.access.encryption_key import EncryptionKey
from constructs.monitoring.alarm_topic import AlarmTopic
from constructs.monitoring.dashboard import Dashboard
from constructs.monitoring.log_groups import (
    ACCOUNT_WIDE,
    NOTEBOOK_INSTANCES,
    TRAINING_JOBS,
    LogGroups,
    endpoint_log_group,
)
from constructs.network.flow_log import FlowLog
from constructs.network.network import Network
from constructs.notebook.notebook_instance import NotebookInstance
from constructs.notebook.notebook_role import NotebookRole
from constructs.serving.hosting_role import HostingRole
from constructs.storage.data_bucket import DATA_CAPTURE, MODELS, TRAINING_OUTPUT, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from constructs.training.training_role import TrainingRole
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import (
    FLOW_LOG,
    HOSTING,
    NOTEBOOK,
    TRAINING,
    EnvironmentSettings,
    ExistingNetworkSettings,
    NotebookSettings,
)
from settings.lifecycle_scripts import BUCKET, TRAINING_ROLE
from settings.releases import Release
from stacks.aws_stack import AwsStack
from stacks.environments import Environment
from stacks.serving import Serving

# Read in the policy, version 29:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerFullAccess.html
FULL_ACCESS_OPENS = (
    "sagemaker_full_access is True: with AmazonSageMakerFullAccess the notebook may pass every role of the account "
    "that trusts SageMaker, work with every bucket that has sagemaker in its name, make buckets, read secrets that are "
    "tagged for SageMaker, administer Cognito user pools and delete alarms"
)


class MlPlatformStack(AwsStack):
    """One environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        settings = self._settings = environment.settings
        super().__init__(scope, settings.name, settings=settings)
        self._place_state(settings)
        account = DataAwsCallerIdentity(self, "account")
        self._account_id = account.account_id
        self._partition = DataAwsPartition(self, "partition").partition
        self._endpoint_log_groups = [endpoint_log_group(name) for name in settings.endpoint_names]
        self._alarm_arns = [self._arn("cloudwatch", f"alarm:{settings.name_prefix}-*")]
        self._key_arn = self._encryption_key(settings)
        self._bucket = DataBucket(
            self,
            "data_bucket",
            name=settings.bucket.name or f"{settings.name_prefix}-sagemaker-{self._account_id}-{settings.region}",
            key_arn=self._key_arn,
            force_destroy=settings.bucket.force_destroy,
            prevent_destroy=settings.protected,
            noncurrent_version_days=settings.bucket.noncurrent_version_days,
            incomplete_upload_days=settings.bucket.incomplete_upload_days,
        )
        self._log_groups = LogGroups(
            self,
            "log_groups",
            endpoint_names=settings.endpoint_names,
            owns_account_wide=settings.logs.owns_account_wide,
            retention_days=settings.logs.retention_days,
            key_arn=self._key_arn,
        )
        self._subnet_ids, self._security_group_ids = self._network(settings)
        self._training_role = self._make_training_role(environment.releases)
        self._output("bucket_name", self._bucket.name)
        self._output("log_group_names", [*self._log_groups.by_name])
        self._output("training_role_arn", self._training_role.arn)
        if self._key_arn is not None:
            self._output("key_arn", self._key_arn)
        if settings.network is not None:
            self._output("subnet_ids", self._subnet_ids)
            self._output("security_group_ids", self._security_group_ids)
        if settings.notebook is not None:
            self._notebook(settings.notebook, environment)
        self._serve(environment.releases)

    def _place_state(self, settings: EnvironmentSettings) -> None:
        if settings.state_bucket is None:
            # Relative to the stack's folder in the output folder, where Terraform runs: the project's root.
            LocalBackend(self, path=f"../../../terraform.{settings.name}.tfstate")
        else:
            backend = S3Backend(
                self,
                bucket=settings.state_bucket,
                key=f"{settings.project}/{settings.name}/terraform.tfstate",
                region=settings.region,
                encrypt=True,
            )
            backend.add_override("use_lockfile", True)  # of Terraform 1.10: CDKTF's last release does not know it

    def _encryption_key(self, settings: EnvironmentSettings) -> str | None:
        if settings.encryption_key is None:
            return None
        return EncryptionKey(
            self,
            "encryption_key",
            name=settings.name_prefix,
            region=settings.region,
            account_id=self._account_id,
            account_arn=f"arn:{self._partition}:iam::{self._account_id}:root",
            user_role_arns=[self._role_arn(purpose) for purpose in (NOTEBOOK, TRAINING, HOSTING)],
            log_group_arns=self._log_group_arns(*ACCOUNT_WIDE, *self._endpoint_log_groups, self._flow_log_group),
            alarm_arns=self._alarm_arns,
            deletion_window_days=settings.encryption_key.deletion_window_days,
            prevent_destroy=settings.protected,
        ).arn

    def _network(self, settings: EnvironmentSettings) -> tuple[Sequence[str], Sequence[str]]:
        """The ids of subnets and security groups; none where SageMaker's own network is used."""
        if settings.network is None:
            return [], []
        if isinstance(settings.network, ExistingNetworkSettings):
            return settings.network.subnet_ids, settings.network.security_group_ids
        network = Network(
            self,
            "network",
            name=settings.name_prefix,
            region=settings.region,
            zones=settings.network.zones,
            cidr_block=settings.network.cidr_block,
        )
        FlowLog(
            self,
            "flow_log",
            name=settings.name_prefix,
            role_name=settings.role_name(FLOW_LOG),
            vpc_id=network.vpc_id,
            log_group_name=self._flow_log_group,
            log_group_arn=self._log_group_arns(self._flow_log_group)[0],
            retention_days=settings.logs.retention_days,
            key_arn=self._key_arn,
            source_account=self._account_id,
            source_arn=self._arn("ec2", "vpc-flow-log/*"),
        )
        return network.subnet_ids, network.security_group_ids

    @property
    def _flow_log_group(self) -> str:
        return f"/aws/vpc/{self._settings.name_prefix}"

    @property
    def _placement_arns(self) -> Sequence[str]:
        """Where SageMaker puts network interfaces: the subnets and security groups."""
        subnets = [self._arn("ec2", f"subnet/{subnet}") for subnet in self._subnet_ids]
        return [*subnets, *(self._arn("ec2", f"security-group/{group}") for group in self._security_group_ids)]

    @property
    def _source_account(self) -> str | None:
        return self._account_id if self._settings.limit_trust_to_account else None

    def _make_training_role(self, releases: Mapping[str, Release]) -> TrainingRole:
        settings = self._settings
        return TrainingRole(
            self,
            "training_role",
            name=settings.role_name(TRAINING),
            source_account=self._source_account,
            source_arns=[self._arn("sagemaker", "*")],
            bucket_arn=self._bucket.arn,
            output_prefixes=[TRAINING_OUTPUT],
            key_arn=self._key_arn,
            log_group_arns=self._log_group_arns(TRAINING_JOBS),
            image_repository_arns=self._images({*settings.training_image_repositories, *_images_of(releases)}),
            network_interface_arn=self._network_interface_arn,
            placement_arns=self._placement_arns,
        )

    def _make_hosting_role(self, releases: Mapping[str, Release]) -> HostingRole:
        settings = self._settings
        instances = [item for item in settings.endpoints if not isinstance(item, ServerlessEndpointSettings)]
        captures = any(item.data_capture is not None for item in instances)
        return HostingRole(
            self,
            "hosting_role",
            name=settings.role_name(HOSTING),
            source_account=self._source_account,
            source_arns=[self._arn("sagemaker", "*")],
            bucket_arn=self._bucket.arn,
            model_prefix=MODELS,
            capture_prefix=DATA_CAPTURE if captures else None,
            alarm_arns=self._alarm_arns if instances else [],
            key_arn=self._key_arn,
            log_group_arns=self._log_group_arns(*self._endpoint_log_groups),
            image_repository_arns=self._images(_images_of(releases)),
            network_interface_arn=self._network_interface_arn,
            placement_arns=self._placement_arns if instances else [],
        )

    def _images(self, repositories: Iterable[str]) -> list[str]:
        """AWS keeps its images in accounts of its own, another one for each region and image."""
        region = self._settings.region
        return [f"arn:{self._partition}:ecr:{region}:*:repository/{name}" for name in sorted(repositories)]

    def _notebook(self, notebook: NotebookSettings, environment: Environment) -> None:
        samples = [
            UploadedFile(
                self,
                f"notebook_{path.stem}",
                bucket=self._bucket.name,
                key=f"notebooks/{path.name}",
                path=path,
                depends_on=self._bucket.protection,
            )
            for path in environment.notebooks
        ]
        settings = self._settings
        role = NotebookRole(
            self,
            "notebook_role",
            name=settings.role_name(NOTEBOOK),
            partition=self._partition,
            sagemaker_full_access=settings.sagemaker_full_access,
            bucket_arn=self._bucket.arn,
            key_arn=self._key_arn,
            log_group_arns=self._log_group_arns(NOTEBOOK_INSTANCES),
            readable_log_group_arns=self._log_group_arns(TRAINING_JOBS, *self._endpoint_log_groups),
            training_role_arn=self._training_role.arn,
            training_job_arns=[self._arn("sagemaker", f"training-job/{settings.name_prefix}-*")],
            endpoint_arns=[self._arn("sagemaker", f"endpoint/{name}") for name in settings.endpoint_names],
            notebook_instance_arn=self._arn("sagemaker", f"notebook-instance/{settings.name_prefix}"),
            network_interface_arn=self._network_interface_arn,
            placement_arns=self._placement_arns,
        )
        instance = NotebookInstance(
            self,
            "notebook",
            name=settings.name_prefix,
            instance_type=notebook.instance_type,
            volume_size_gb=notebook.volume_size_gb,
            root_access=notebook.root_access,
            role_arn=role.arn,
            on_create=environment.on_create,
            on_start=environment.on_start,
            placeholders={BUCKET: self._bucket.name, TRAINING_ROLE: self._training_role.arn},
            key_arn=self._key_arn,
            subnet_id=self._subnet_ids[0] if self._subnet_ids else None,
            security_group_ids=self._security_group_ids,
            depends_on=[
                *role.policies,
                *self._log_groups.account_wide,
                *(sample.resource for sample in samples),
            ],
        )
        if settings.sagemaker_full_access:
            Annotations.of(instance).add_warning(FULL_ACCESS_OPENS)
        self._output("notebook_name", instance.name)
        self._output("notebook_url", instance.url)

    def _serve(self, releases: Mapping[str, Release]) -> None:
        settings, topic_name = self._settings, f"{self._settings.name_prefix}-alarms"
        topic = AlarmTopic(
            self,
            "alarm_topic",
            name=topic_name,
            arn=self._arn("sns", topic_name),
            key_arn=self._key_arn,
            source_account=self._account_id,
            alarm_arns=self._alarm_arns,
            emails=settings.alarm_emails,
        )
        self._output("alarm_topic_arn", topic.arn)
        served = [(endpoint, releases.get(endpoint.name, Release())) for endpoint in settings.endpoints]
        rows, alarm_arns = [], []
        if any(release.production for _, release in served):
            serving = Serving(
                stack=self,
                settings=settings,
                bucket=self._bucket,
                key_arn=self._key_arn,
                role=self._make_hosting_role(releases),
                topic_arn=topic.arn,
                subnet_ids=self._subnet_ids,
                security_group_ids=self._security_group_ids,
            )
            for endpoint, release in served:
                if release.production is not None:
                    log_group = self._log_groups.by_name[endpoint_log_group(settings.endpoint_name(endpoint))]
                    serving.serve(endpoint, release, release.production, log_group)
            rows, alarm_arns = serving.dashboard_rows, serving.alarm_arns
        dashboard = Dashboard(
            self,
            "dashboard",
            name=settings.name_prefix,
            region=settings.region,
            endpoints=rows,
            alarm_arns=alarm_arns,
            training_job_prefix=f"{settings.name_prefix}-",
            training_log_group=TRAINING_JOBS,
            notebook_log_group=NOTEBOOK_INSTANCES,
            notebook_name=None if settings.notebook is None else settings.name_prefix,
            error_log_groups=[*self._endpoint_log_groups, TRAINING_JOBS],
        )
        self._output("dashboard_url", dashboard.url)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self._settings.region}:{self._account_id}:{resource}"

    def _log_group_arns(self, *names: str) -> list[str]:
        return [self._arn("logs", f"log-group:{name}") for name in names]

    @property
    def _network_interface_arn(self) -> str:
        return self._arn("ec2", "network-interface/*")

    def _role_arn(self, purpose: str) -> str:
        return f"arn:{self._partition}:iam::{self._account_id}:role/{self._settings.role_name(purpose)}"

    def _output(self, name: str, value: str | Sequence[str]) -> None:
        TerraformOutput(self, name, value=value, static_id=True)


def _images_of(releases: Mapping[str, Release]) -> set[str]:
    models = [model for release in releases.values() for model in (release.production, release.shadow)]
    return {model.image_repository for model in models if model is not None}
