"""The endpoints of one environment: for each its alarms, configuration, scaling and guard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdktf import ITerraformDependable, TerraformOutput
from constructs import Construct

from constructs.monitoring.dashboard import CONCURRENCY_USE, INSTANCE_USE, ServedEndpoint
from constructs.serving.deployment import BlueGreenUpdate, RollingUpdate, Update
from constructs.serving.endpoint import Endpoint
from constructs.serving.endpoint_alarms import EndpointAlarms
from constructs.serving.hosting_role import HostingRole
from constructs.serving.model import Model
from constructs.serving.provisioned_endpoint_configuration import DataCapture, ProvisionedEndpointConfiguration, Variant
from constructs.serving.rollback_guard import RollbackGuard
from constructs.serving.serverless_endpoint_configuration import ServerlessEndpointConfiguration
from constructs.serving.shadow_alarms import ShadowAlarms
from constructs.serving.variant_scaling import INSTANCES, PROVISIONED_CONCURRENCY, VariantScaling
from constructs.storage.data_bucket import DATA_CAPTURE, MODELS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.endpoint import (
    AllAtOnceUpdateSettings,
    CanaryUpdateSettings,
    DataCaptureSettings,
    EndpointSettings,
    LinearUpdateSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    ShadowedEndpointSettings,
    VariantSettings,
)
from settings.environment import EnvironmentSettings
from settings.releases import Release, ReleasedModel
from stacks.environments import ROOT

VERIFY_SCRIPT: Path = ROOT / "operations/verify_endpoint.py"
InstanceEndpointSettings = ProvisionedEndpointSettings | ShadowedEndpointSettings


@dataclass(kw_only=True)
class Serving:
    """What the endpoints share. `serve` makes one; `dashboard_rows` and `alarm_arns` are those of all made so far."""

    stack: Construct
    settings: EnvironmentSettings
    bucket: DataBucket
    key_arn: str | None
    role: HostingRole
    topic_arn: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    dashboard_rows: list[ServedEndpoint] = field(default_factory=list)
    alarm_arns: list[str] = field(default_factory=list)

    def serve(
        self, endpoint: EndpointSettings, release: Release, production: ReleasedModel, log_group: ITerraformDependable
    ) -> None:
        name, construct_id = self.settings.endpoint_name(endpoint), endpoint.construct_id
        alarms = EndpointAlarms(
            self.stack,
            f"{construct_id}_alarms",
            name_prefix=self._alarm_prefix(name),
            endpoint_name=name,
            variant_name="production",
            invocation_5xx_errors=endpoint.alarms.invocation_5xx_errors,
            model_latency_p99_ms=endpoint.alarms.model_latency_p99_ms,
            topic_arn=self.topic_arn,
        )
        self.alarm_arns += alarms.arns
        shadow = release.shadow if isinstance(endpoint, ShadowedEndpointSettings) else None
        if isinstance(endpoint, ServerlessEndpointSettings):
            configuration_name = self._serverless_configuration(endpoint, construct_id, name, production)
        else:
            configuration_name = self._provisioned_configuration(endpoint, construct_id, name, production, shadow)
        made = Endpoint(
            self.stack,
            construct_id,
            name=name,
            hosting=endpoint.hosting,
            configuration_name=configuration_name,
            update=None if isinstance(endpoint, ServerlessEndpointSettings) else _update(endpoint),
            rollback_alarm_names=alarms.names,
            depends_on=[self.role.policy, log_group],
        )
        if self.settings.rollback_guard:
            RollbackGuard(
                self.stack,
                f"{construct_id}_rollback_guard",
                script=VERIFY_SCRIPT,
                region=self.settings.region,
                endpoint_name=name,
                configuration_name=configuration_name,
                depends_on=[made.resource],
            )
        variants = ["production"]
        if isinstance(endpoint, ServerlessEndpointSettings):
            self._scale_concurrency(endpoint, construct_id, made.name)
        else:
            self._scale_instances(endpoint.production, construct_id, made.name, "production")
        if isinstance(endpoint, ShadowedEndpointSettings) and shadow is not None:
            variants.append("shadow")
            self._scale_instances(endpoint.shadow, construct_id, made.name, "shadow")
            self._compare(endpoint, construct_id, name)
        use = CONCURRENCY_USE if isinstance(endpoint, ServerlessEndpointSettings) else INSTANCE_USE
        self.dashboard_rows.append(ServedEndpoint(name=name, variant_names=variants, use=use))
        for output, value in (("name", made.name), ("configuration_name", configuration_name)):
            TerraformOutput(self.stack, f"endpoint_{output}_{construct_id}", value=value, static_id=True)

    def _alarm_prefix(self, endpoint_name: str) -> str:
        return f"{self.settings.name_prefix}-{endpoint_name}"

    def _serverless_configuration(
        self, endpoint: ServerlessEndpointSettings, construct_id: str, name: str, production: ReleasedModel
    ) -> str:
        return ServerlessEndpointConfiguration(
            self.stack,
            f"{construct_id}_configuration",
            name_prefix=f"{name}-",
            key_arn=self.key_arn,
            model_name=self._model(production, serverless=True),
            memory_size_mb=endpoint.memory_size_mb,
            max_concurrency=endpoint.max_concurrency,
            provisioned_concurrency=endpoint.provisioned_concurrency,
        ).name

    def _provisioned_configuration(
        self,
        endpoint: InstanceEndpointSettings,
        construct_id: str,
        name: str,
        production: ReleasedModel,
        shadow: ReleasedModel | None,
    ) -> str:
        shadow_variant = None
        if isinstance(endpoint, ShadowedEndpointSettings) and shadow is not None:
            shadow_variant = _variant(endpoint.shadow, self._model(shadow, serverless=False))
        return ProvisionedEndpointConfiguration(
            self.stack,
            f"{construct_id}_configuration",
            name_prefix=f"{name}-",
            key_arn=self.key_arn if endpoint.takes_a_key else None,
            production=_variant(endpoint.production, self._model(production, serverless=False)),
            shadow=shadow_variant,
            data_capture=self._data_capture(endpoint.data_capture),
        ).name

    def _data_capture(self, capture: DataCaptureSettings | None) -> DataCapture | None:
        if capture is None:
            return None
        return DataCapture(
            sampling_percent=capture.sampling_percent,
            modes=capture.modes,
            destination_s3_uri=f"s3://{self.bucket.name}/{DATA_CAPTURE.rstrip('/')}",
            key_arn=self.key_arn,
        )

    def _model(self, model: ReleasedModel, *, serverless: bool) -> str:
        """The SageMaker model's name. One resource per released model and hosting, told apart by id and by name.

        Serverless endpoints support neither network isolation nor a VPC:
        https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        """
        suffix = "_serverless" if serverless else ""
        construct_id = f"model_{model.name}{suffix}"
        made = self.stack.node.try_find_child(construct_id)
        if isinstance(made, Model):
            return made.name
        return Model(
            self.stack,
            construct_id,
            name_prefix=f"{self.settings.model_name(model.catalogue_name)}-",
            revision=f"{model.revision}{suffix}",
            image_repository=model.image_repository,
            image_tag=model.image_tag,
            model_data_url=self._artifact(model),
            environment=model.environment,
            role_arn=self.role.arn,
            network_isolation=not serverless,
            subnet_ids=[] if serverless else self.subnet_ids,
            security_group_ids=[] if serverless else self.security_group_ids,
            depends_on=[self.role.policy],
        ).name

    def _artifact(self, model: ReleasedModel) -> str:
        construct_id = f"artifact_{model.name}"
        made = self.stack.node.try_find_child(construct_id)
        if isinstance(made, UploadedFile):
            return made.s3_uri
        return UploadedFile(
            self.stack,
            construct_id,
            bucket=self.bucket.name,
            key=f"{MODELS}{model.name}/model.tar.gz",
            path=model.artifact,
            depends_on=self.bucket.protection,
        ).s3_uri

    def _scale_instances(
        self, variant: VariantSettings, construct_id: str, endpoint_name: str, variant_name: str
    ) -> None:
        scaling = variant.scaling
        if scaling is None or scaling.max_instance_count == variant.instance_count:
            return
        VariantScaling(
            self.stack,
            f"{construct_id}_{variant_name}_scaling",
            name=f"{variant_name}-invocations-per-instance",
            endpoint_name=endpoint_name,
            variant_name=variant_name,
            capacity_type=variant.instance_type,
            scaled=INSTANCES,
            min_capacity=variant.instance_count,
            max_capacity=scaling.max_instance_count,
            target_value=scaling.invocations_per_instance,
            scale_in_cooldown_seconds=scaling.scale_in_cooldown_seconds,
            scale_out_cooldown_seconds=scaling.scale_out_cooldown_seconds,
        )

    def _scale_concurrency(self, endpoint: ServerlessEndpointSettings, construct_id: str, endpoint_name: str) -> None:
        scaling, lowest = endpoint.scaling, endpoint.provisioned_concurrency
        if scaling is None or lowest is None or scaling.max_provisioned_concurrency == lowest:
            return
        VariantScaling(
            self.stack,
            f"{construct_id}_production_scaling",
            name="production-provisioned-concurrency-utilization",
            endpoint_name=endpoint_name,
            variant_name="production",
            capacity_type=f"{endpoint.memory_size_mb} MB",
            scaled=PROVISIONED_CONCURRENCY,
            min_capacity=lowest,
            max_capacity=scaling.max_provisioned_concurrency,
            target_value=scaling.utilization,
            scale_in_cooldown_seconds=scaling.scale_in_cooldown_seconds,
            scale_out_cooldown_seconds=scaling.scale_out_cooldown_seconds,
        )

    def _compare(self, endpoint: ShadowedEndpointSettings, construct_id: str, name: str) -> None:
        alarms = ShadowAlarms(
            self.stack,
            f"{construct_id}_shadow_alarms",
            name_prefix=self._alarm_prefix(name),
            endpoint_name=name,
            production_name="production",
            shadow_name="shadow",
            invocation_5xx_errors=endpoint.shadow_alarms.invocation_5xx_errors,
            model_latency_p99_ms=endpoint.shadow_alarms.model_latency_p99_ms,
            topic_arn=self.topic_arn,
        )
        self.alarm_arns += alarms.arns


def _variant(variant: VariantSettings, model_name: str) -> Variant:
    return Variant(
        model_name=model_name,
        instance_type=variant.instance_type,
        instance_count=variant.instance_count,
        weight=variant.weight,
    )


def _update(endpoint: InstanceEndpointSettings) -> Update | None:
    update = endpoint.update
    if update is None:
        return None
    timeout = update.max_execution_timeout_seconds
    match update:
        case AllAtOnceUpdateSettings():
            return BlueGreenUpdate(
                termination_wait_seconds=update.termination_wait_seconds, max_execution_timeout_seconds=timeout
            )
        case CanaryUpdateSettings():
            return BlueGreenUpdate(
                canary_percent=update.canary_percent,
                wait_interval_seconds=update.wait_interval_seconds,
                termination_wait_seconds=update.termination_wait_seconds,
                max_execution_timeout_seconds=timeout,
            )
        case LinearUpdateSettings():
            return BlueGreenUpdate(
                linear_step_percent=update.linear_step_percent,
                wait_interval_seconds=update.wait_interval_seconds,
                termination_wait_seconds=update.termination_wait_seconds,
                max_execution_timeout_seconds=timeout,
            )
    return RollingUpdate(
        batch_percent=update.batch_percent,
        wait_interval_seconds=update.wait_interval_seconds,
        max_execution_timeout_seconds=timeout,
    )
