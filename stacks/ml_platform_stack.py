"""The platform of one environment: the constructs wired together."""

from collections.abc import Iterable, Sequence

from cdktf import Annotations, LocalBackend, S3Backend, TerraformOutput
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from constructs import Construct

from constructs.data_bucket import MODELS, TRAINING_OUTPUT, DataBucket
from constructs.encryption_key import EncryptionKey
from constructs.endpoint import Endpoint
from constructs.flow_log import FlowLog
from constructs.hosting_role import HostingRole
from constructs.log_groups import ACCOUNT_WIDE, NOTEBOOK_INSTANCES, TRAINING_JOBS, LogGroups, endpoint_log_group
from constructs.model import Model
from constructs.network import Network
from constructs.notebook_instance import NotebookInstance
from constructs.notebook_role import NotebookRole
from constructs.provisioned_endpoint_configuration import ProvisionedEndpointConfiguration, Variant
from constructs.serverless_endpoint_configuration import ServerlessEndpointConfiguration
from constructs.training_role import TrainingRole
from constructs.uploaded_file import UploadedFile
from stacks.aws_stack import AwsStack
from stacks.environments import Environment
from stacks.lifecycle_scripts import BUCKET, TRAINING_ROLE
from stacks.releases import Release, ReleasedModel
from stacks.settings import (
    FLOW_LOG,
    HOSTING,
    NOTEBOOK,
    TRAINING,
    EnvironmentSettings,
    ExistingNetworkSettings,
    NotebookSettings,
    ServerlessEndpointSettings,
    VariantSettings,
)

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
        self._model_names: dict[str, str] = {}
        settings = self._settings = environment.settings
        super().__init__(scope, settings.name, settings=settings)
        self._place_state(settings)
        account = DataAwsCallerIdentity(self, "account")
        self._account_id = account.account_id
        self._partition = DataAwsPartition(self, "partition").partition
        self._key_arn = self._encryption_key(settings)
        protected = settings.protected
        self._bucket = DataBucket(
            self,
            "data_bucket",
            name=settings.bucket.name or f"{settings.name_prefix}-sagemaker-{self._account_id}-{settings.region}",
            key_arn=self._key_arn,
            force_destroy=settings.bucket.force_destroy,
            prevent_destroy=protected,
            noncurrent_version_days=settings.bucket.noncurrent_version_days,
            incomplete_upload_days=settings.bucket.incomplete_upload_days,
        )
        self._log_groups = LogGroups(
            self,
            "log_groups",
            endpoint_names=[settings.full_endpoint_name],
            owns_account_wide=settings.logs.owns_account_wide,
            retention_days=settings.logs.retention_days,
            key_arn=self._key_arn,
        )
        self._subnet_ids, self._security_group_ids = self._network(settings)
        self._training_role = self._make_training_role(environment.release)
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
        if environment.release.production is not None:
            self._serve(environment.release, environment.release.production)

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
            account_arn=f"arn:{self._partition}:iam::{self._account_id}:root",
            user_role_arns=[self._role_arn(purpose) for purpose in (NOTEBOOK, TRAINING, HOSTING)],
            log_group_arns=[
                self._arn("logs", f"log-group:{name}")
                for name in (*ACCOUNT_WIDE, endpoint_log_group(settings.full_endpoint_name), self._flow_log_group)
            ],
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
            log_group_arn=self._arn("logs", f"log-group:{self._flow_log_group}"),
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

    def _make_training_role(self, release: Release) -> TrainingRole:
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
            log_group_arns=[self._arn("logs", f"log-group:{TRAINING_JOBS}")],
            image_repository_arns=self._images({*settings.training_image_repositories, *_images_of(release)}),
            network_interface_arn=self._arn("ec2", "network-interface/*"),
            placement_arns=self._placement_arns,
        )

    def _make_hosting_role(self, release: Release) -> HostingRole:
        settings = self._settings
        serverless = isinstance(settings.endpoint, ServerlessEndpointSettings)
        return HostingRole(
            self,
            "hosting_role",
            name=settings.role_name(HOSTING),
            source_account=self._source_account,
            source_arns=[self._arn("sagemaker", "*")],
            bucket_arn=self._bucket.arn,
            model_prefix=MODELS,
            key_arn=self._key_arn,
            log_group_arns=[self._arn("logs", f"log-group:{endpoint_log_group(settings.full_endpoint_name)}")],
            image_repository_arns=self._images(_images_of(release)),
            network_interface_arn=self._arn("ec2", "network-interface/*"),
            placement_arns=[] if serverless else self._placement_arns,
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
        settings, log_group = self._settings, self._arn("logs", f"log-group:{NOTEBOOK_INSTANCES}")
        endpoint = settings.full_endpoint_name
        role = NotebookRole(
            self,
            "notebook_role",
            name=settings.role_name(NOTEBOOK),
            partition=self._partition,
            sagemaker_full_access=settings.sagemaker_full_access,
            bucket_arn=self._bucket.arn,
            key_arn=self._key_arn,
            log_group_arns=[log_group],
            readable_log_group_arns=[
                self._arn("logs", f"log-group:{name}") for name in (TRAINING_JOBS, endpoint_log_group(endpoint))
            ],
            training_role_arn=self._training_role.arn,
            training_job_arns=[self._arn("sagemaker", f"training-job/{settings.name_prefix}-*")],
            endpoint_arns=[self._arn("sagemaker", f"endpoint/{endpoint}")],
            notebook_instance_arn=self._arn("sagemaker", f"notebook-instance/{settings.name_prefix}"),
            network_interface_arn=self._arn("ec2", "network-interface/*"),
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

    def _serve(self, release: Release, production: ReleasedModel) -> None:
        settings, serving = self._settings, self._settings.endpoint
        role = self._make_hosting_role(release)
        name, construct_id = settings.full_endpoint_name, settings.endpoint_name.replace("-", "_")
        configuration: ServerlessEndpointConfiguration | ProvisionedEndpointConfiguration
        if isinstance(serving, ServerlessEndpointSettings):
            configuration = ServerlessEndpointConfiguration(
                self,
                f"{construct_id}_configuration",
                name_prefix=f"{name}-",
                key_arn=self._key_arn,
                model_name=self._model(production, role, serverless=True),
                memory_size_mb=serving.memory_size_mb,
                max_concurrency=serving.max_concurrency,
                provisioned_concurrency=serving.provisioned_concurrency,
            )
        else:
            shadow = None
            if release.shadow is not None and serving.shadow is not None:
                shadow = _variant(serving.shadow, self._model(release.shadow, role, serverless=False))
            configuration = ProvisionedEndpointConfiguration(
                self,
                f"{construct_id}_configuration",
                name_prefix=f"{name}-",
                key_arn=self._key_arn if serving.takes_a_key else None,
                production=_variant(serving.production, self._model(production, role, serverless=False)),
                shadow=shadow,
            )
        endpoint = Endpoint(
            self,
            construct_id,
            name=name,
            configuration_name=configuration.name,
            depends_on=[role.policy, self._log_groups.by_name[endpoint_log_group(name)]],
        )
        self._output("endpoint_name", endpoint.name)
        self._output("endpoint_configuration_name", endpoint.configuration_name)

    def _model(self, model: ReleasedModel, role: HostingRole, *, serverless: bool) -> str:
        """The SageMaker model's name. One resource per released model, its id being the model's name.

        Serverless endpoints support neither network isolation nor a VPC:
        https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        """
        if model.name not in self._model_names:
            artifact = UploadedFile(
                self,
                f"artifact_{model.name}",
                bucket=self._bucket.name,
                key=f"{MODELS}{model.name}/model.tar.gz",
                path=model.artifact,
                depends_on=self._bucket.protection,
            )
            self._model_names[model.name] = Model(
                self,
                f"model_{model.name}",
                name_prefix=f"{self._settings.model_name(model.catalogue_name)}-",
                revision=model.revision,
                image_repository=model.image_repository,
                image_tag=model.image_tag,
                model_data_url=artifact.s3_uri,
                environment=model.environment,
                role_arn=role.arn,
                network_isolation=not serverless,
                subnet_ids=[] if serverless else self._subnet_ids,
                security_group_ids=[] if serverless else self._security_group_ids,
                depends_on=[role.policy],
            ).name
        return self._model_names[model.name]

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self._settings.region}:{self._account_id}:{resource}"

    def _role_arn(self, purpose: str) -> str:
        return f"arn:{self._partition}:iam::{self._account_id}:role/{self._settings.role_name(purpose)}"

    def _output(self, name: str, value: str | Sequence[str]) -> None:
        TerraformOutput(self, name, value=value, static_id=True)


def _images_of(release: Release) -> set[str]:
    return {model.image_repository for model in (release.production, release.shadow) if model is not None}


def _variant(variant: VariantSettings, model_name: str) -> Variant:
    return Variant(
        model_name=model_name,
        instance_type=variant.instance_type,
        instance_count=variant.instance_count,
        weight=variant.weight,
    )
