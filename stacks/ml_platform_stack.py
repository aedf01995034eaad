"""The platform of one environment: the constructs wired together."""

import re
from collections.abc import Sequence

from cdktf import LocalBackend, S3Backend, TerraformElement, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct, Node

from constructs.data_bucket import DataBucket
from constructs.endpoint import Endpoint
from constructs.execution_role import ExecutionRole
from constructs.log_groups import LogGroups
from constructs.model import Model
from constructs.notebook_instance import NotebookInstance
from constructs.provisioned_endpoint_configuration import ProvisionedEndpointConfiguration, Variant
from constructs.serverless_endpoint_configuration import ServerlessEndpointConfiguration
from constructs.uploaded_file import UploadedFile
from stacks.environments import Environment
from stacks.lifecycle_scripts import BUCKET_PLACEHOLDER
from stacks.releases import Release, ReleasedModel
from stacks.settings import EnvironmentSettings, NotebookSettings, ServerlessEndpointSettings, VariantSettings


class MlPlatformStack(TerraformStack):
    """One environment. Terraform's addresses are the construct ids, joined by underscores, without hashes."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        self._paths: dict[tuple[str, str], str] = {}
        self._model_names: dict[str, str] = {}
        settings = self._settings = environment.settings
        super().__init__(scope, settings.name)
        self._place_state(settings)
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            allowed_account_ids=None if settings.account_id is None else [settings.account_id],
            default_tags=[
                AwsProviderDefaultTags(
                    tags={"Project": settings.project, "Environment": settings.name, "Owner": settings.owner}
                )
            ],
        )
        self._account_id = DataAwsCallerIdentity(self, "account").account_id
        self._partition = DataAwsPartition(self, "partition").partition

        self._bucket = DataBucket(
            self,
            "data_bucket",
            name=settings.bucket.name or f"{settings.name_prefix}-sagemaker-{self._account_id}-{settings.region}",
            force_destroy=settings.bucket.force_destroy,
            noncurrent_version_days=settings.bucket.noncurrent_version_days,
            incomplete_upload_days=settings.bucket.incomplete_upload_days,
        )
        self._log_groups = LogGroups(
            self,
            "log_groups",
            endpoint_names=[settings.full_endpoint_name],
            owns_account_wide=settings.logs.owns_account_wide,
            retention_days=settings.logs.retention_days,
        )
        self._role = self._execution_role(settings, environment.release)
        self._output("bucket_name", self._bucket.name)
        self._output("execution_role_arn", self._role.arn)
        self._output("log_group_names", [*self._log_groups.by_name])
        if settings.notebook is not None:
            self._notebook(settings.notebook, environment)
        if environment.release.production is not None:
            self._serve(environment.release.production, environment.release.shadow)

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

    def _execution_role(self, settings: EnvironmentSettings, release: Release) -> ExecutionRole:
        released = {model.image_repository for model in (release.production, release.shadow) if model is not None}
        # AWS keeps its images in accounts of its own, another one for each region and image.
        images = [
            f"arn:{self._partition}:ecr:{settings.region}:*:repository/{repository}"
            for repository in sorted(released.union(settings.training_image_repositories))
        ]
        return ExecutionRole(
            self,
            "execution_role",
            name=settings.role_name,
            partition=self._partition,
            sagemaker_full_access=settings.sagemaker_full_access,
            bucket_arn=self._bucket.arn,
            log_group_arns=[self._arn("logs", f"log-group:{name}") for name in self._log_groups.names],
            image_repository_arns=images,
            training_job_arns=[self._arn("sagemaker", "training-job/*")],
            endpoint_arns=[self._arn("sagemaker", f"endpoint/{settings.full_endpoint_name}")],
            notebook_instance_arns=[self._arn("sagemaker", f"notebook-instance/{settings.name_prefix}")],
        )

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
        instance = NotebookInstance(
            self,
            "notebook",
            name=self._settings.name_prefix,
            instance_type=notebook.instance_type,
            volume_size_gb=notebook.volume_size_gb,
            root_access=notebook.root_access,
            role_arn=self._role.arn,
            on_create=environment.on_create,
            on_start=environment.on_start,
            bucket=self._bucket.name,
            bucket_placeholder=BUCKET_PLACEHOLDER,
            depends_on=[
                *self._role.policies,
                *self._log_groups.account_wide,
                *(sample.resource for sample in samples),
            ],
        )
        self._output("notebook_name", instance.name)
        self._output("notebook_url", instance.url)

    def _serve(self, production: ReleasedModel, shadow: ReleasedModel | None) -> None:
        settings, serving = self._settings, self._settings.endpoint
        name, construct_id = settings.full_endpoint_name, settings.endpoint_name.replace("-", "_")
        configuration: ServerlessEndpointConfiguration | ProvisionedEndpointConfiguration
        if isinstance(serving, ServerlessEndpointSettings):
            configuration = ServerlessEndpointConfiguration(
                self,
                f"{construct_id}_configuration",
                name_prefix=f"{name}-",
                model_name=self._model(production, network_isolation=False),
                memory_size_mb=serving.memory_size_mb,
                max_concurrency=serving.max_concurrency,
                provisioned_concurrency=serving.provisioned_concurrency,
            )
        else:
            configuration = ProvisionedEndpointConfiguration(
                self,
                f"{construct_id}_configuration",
                name_prefix=f"{name}-",
                production=_variant(serving.production, self._model(production, network_isolation=True)),
                shadow=(
                    _variant(serving.shadow, self._model(shadow, network_isolation=True))
                    if shadow is not None and serving.shadow is not None
                    else None
                ),
            )
        endpoint = Endpoint(
            self,
            construct_id,
            name=name,
            configuration_name=configuration.name,
            depends_on=[*self._role.policies, self._log_groups.by_name[f"/aws/sagemaker/Endpoints/{name}"]],
        )
        self._output("endpoint_name", endpoint.name)
        self._output("endpoint_configuration_name", endpoint.configuration_name)

    def _model(self, model: ReleasedModel, *, network_isolation: bool) -> str:
        """The SageMaker model's name. One resource per released model, its id being the model's name."""
        if model.name not in self._model_names:
            artifact = UploadedFile(
                self,
                f"artifact_{model.name}",
                bucket=self._bucket.name,
                key=f"models/{model.name}/model.tar.gz",
                path=model.artifact,
                depends_on=self._bucket.protection,
            )
            self._model_names[model.name] = Model(
                self,
                f"model_{model.name}",
                name=self._settings.model_name(model.name),
                image_repository=model.image_repository,
                image_tag=model.image_tag,
                model_data_url=artifact.s3_uri,
                environment=model.environment,
                role_arn=self._role.arn,
                network_isolation=network_isolation,
                depends_on=self._role.policies,
            ).name
        return self._model_names[model.name]

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self._settings.region}:{self._account_id}:{resource}"

    def _output(self, name: str, value: str | Sequence[str]) -> None:
        TerraformOutput(self, name, value=value, static_id=True)

    def _allocate_logical_id(self, tf_element: TerraformElement | Node) -> str:
        path = tf_element.path if isinstance(tf_element, Node) else tf_element.to_string()
        name = re.sub(r"\W+", "_", "_".join(part for part in path.split("/")[1:] if part != "Default"))
        if name[0].isdigit():  # Terraform's names begin with a letter or an underscore
            name = f"_{name}"
        # CDKTF would let the second of two elements of one address overwrite the first, without a word.
        other = self._paths.setdefault((type(tf_element).__name__, name), path)
        if other != path:
            raise ValueError(f"{type(tf_element).__name__} {name}: the address of both {other} and {path}")
        return name


def _variant(variant: VariantSettings, model_name: str) -> Variant:
    return Variant(
        model_name=model_name,
        instance_type=variant.instance_type,
        instance_count=variant.instance_count,
        weight=variant.weight,
    )
