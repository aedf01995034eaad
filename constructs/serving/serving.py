"""What serves the released models: the role, the models, and the endpoints."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.account import Account
from constructs.monitoring.dashboard import ServedEndpoint
from constructs.network.placement import Placement
from constructs.serving.endpoint import Surroundings
from constructs.serving.hosting_role import HostingRole
from constructs.serving.model import Model
from constructs.serving.provisioned_endpoint import ProvisionedEndpoint
from constructs.serving.serverless_endpoint import ServerlessEndpoint
from constructs.storage.data_bucket import DATA_CAPTURE, MODELS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.endpoint import (
    EndpointSettings,
    ProvisionedEndpointSettings,
    ServerlessEndpointSettings,
    ShadowedEndpointSettings,
)
from settings.names import PRODUCTION, Names
from settings.releases import Release

HOSTED_BY: Mapping[type[EndpointSettings], Callable[..., ProvisionedEndpoint | ServerlessEndpoint]] = {
    ProvisionedEndpointSettings: ProvisionedEndpoint,
    ShadowedEndpointSettings: ProvisionedEndpoint,
    ServerlessEndpointSettings: ServerlessEndpoint,
}


class Serving(Construct):
    """The endpoints that have a release; where none has, there is no role either. `served` are their rows of the
    dashboard, `outputs` what tells a person of them.

    A released model is one artifact, and one SageMaker model for each kind of hosting that serves it: serverless
    endpoints support neither network isolation nor a VPC.
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        limit_trust_to_account: bool,
        endpoints: Sequence[EndpointSettings],
        releases: Mapping[str, Release],
        image_repositories: Iterable[str],
        bucket: DataBucket,
        key_arn: str | None,
        placement: Placement | None,
        log_groups: Mapping[str, ITerraformDependable],
        topic_arn: str,
        verify_script: Path | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.served: Sequence[ServedEndpoint]
        self.outputs: Mapping[str, str]
        released = [(endpoint, releases[endpoint.name].models) for endpoint in endpoints if endpoint.name in releases]
        served = [
            (endpoint, {variant: models[variant] for variant in endpoint.variant_names if variant in models})
            for endpoint, models in released
            if PRODUCTION in models
        ]
        if not served:
            self.served, self.outputs = [], {}
            return
        on_instances = any(endpoint.on_instances for endpoint in endpoints)
        role = HostingRole(
            self,
            "hosting_role",
            account=account,
            names=names,
            limit_trust_to_account=limit_trust_to_account,
            bucket=bucket,
            key_arn=key_arn,
            image_repositories=image_repositories,
            placement=placement if on_instances else None,
            captures=any(endpoint.captures for endpoint in endpoints),
            rolls_back=on_instances,
        )
        needed = {
            (model.name, endpoint.hosting): (model, endpoint)
            for endpoint, models in served
            for model in models.values()
        }
        artifacts = {
            name: UploadedFile(
                self,
                f"artifact_{name}",
                bucket=bucket.name,
                key=f"{MODELS}{name}/model.tar.gz",
                path=model.artifact,
                depends_on=bucket.protection,
            ).s3_uri
            for name, model in {model.name: model for model, _ in needed.values()}.items()
        }
        model_names = {
            key: Model(
                self,
                f"model_{model.name}{endpoint.model_suffix}",
                name_prefix=names.model_prefix(model.catalogue_name),
                revision=f"{model.revision}{endpoint.model_suffix}",
                model=model,
                model_data_url=artifacts[model.name],
                role_arn=role.arn,
                network_isolation=endpoint.on_instances,
                placement=placement if endpoint.on_instances else None,
                depends_on=[role.policy],
            ).name
            for key, (model, endpoint) in needed.items()
        }
        surroundings = Surroundings(
            region=account.region,
            key_arn=key_arn,
            capture_s3_uri=f"s3://{bucket.name}/{DATA_CAPTURE.rstrip('/')}",
            topic_arn=topic_arn,
            verify_script=verify_script,
        )
        group = Construct(self, "(endpoints)")
        made = [
            HOSTED_BY[type(endpoint)](
                group,
                names.endpoints[endpoint.name].construct_id,
                names=names.endpoints[endpoint.name],
                endpoint=endpoint,
                model_names={variant: model_names[model.name, endpoint.hosting] for variant, model in models.items()},
                surroundings=surroundings,
                depends_on=[role.policy, log_groups[endpoint.name]],
            )
            for endpoint, models in served
        ]
        self.served = [item.served for item in made]
        self.outputs = {name: value for item in made for name, value in item.outputs.items()}
