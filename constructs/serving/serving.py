"""What serves the released models: the role, the models, and the endpoints."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.account import Account
from constructs.monitoring.endpoint_rows import ServedEndpoint
from constructs.network.placement import Placement
from constructs.serving.endpoint import Surroundings
from constructs.serving.hosting_role import HostingRole
from constructs.serving.interface_release import InterfaceRelease
from constructs.serving.provisioned_endpoint import ProvisionedEndpoint
from constructs.serving.released_models import ReleasedModels
from constructs.serving.serverless_endpoint import ServerlessEndpoint
from constructs.storage.data_bucket import DATA_CAPTURE, DataBucket
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
    """The endpoints that have a release. `served` are their rows of the dashboard, `outputs` what a person is told.

    The role, with its rights in the network, and the wait for the network's interfaces are there with no release too:
    of an endpoint that goes, SageMaker needs the role for some minutes.
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
        wait_script: Path | None,
    ) -> None:
        super().__init__(scope, construct_id)
        released = [(endpoint, releases[endpoint.name].models) for endpoint in endpoints if endpoint.name in releases]
        served = [
            (endpoint, {variant: models[variant] for variant in endpoint.variant_names if variant in models})
            for endpoint, models in released
            if PRODUCTION in models
        ]
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
            placement=placement,
            captures=any(endpoint.captures for endpoint in endpoints),
            rolls_back=on_instances,
        )
        models = ReleasedModels(
            self,
            "(models)",
            account=account,
            names=names,
            served=served,
            kept=[model for endpoint, _ in served if (model := releases[endpoint.name].previous) is not None],
            bucket=bucket,
            key_arn=key_arn,
            role_arn=role.arn,
            placement=placement,
            depends_on=role.policies,
        )
        surroundings = Surroundings(
            region=account.region,
            key_arn=key_arn,
            capture_s3_uri=f"s3://{bucket.name}/{DATA_CAPTURE.rstrip('/')}",
            topic_arn=topic_arn,
            verify_script=verify_script,
        )
        needed_to_the_end = [*role.policies]
        if placement is not None and wait_script is not None:
            release = InterfaceRelease(
                self,
                "interface_release",
                script=wait_script,
                region=account.region,
                placement=placement,
                depends_on=role.policies,
            )
            needed_to_the_end.append(release.resource)
        group = Construct(self, "(endpoints)")
        made = [
            HOSTED_BY[type(endpoint)](
                group,
                names.endpoints[endpoint.name].construct_id,
                names=names.endpoints[endpoint.name],
                endpoint=endpoint,
                model_names={
                    variant: models.names[model.name, endpoint.hosting] for variant, model in of_variants.items()
                },
                surroundings=surroundings,
                depends_on=[*needed_to_the_end, log_groups[endpoint.name]],
            )
            for endpoint, of_variants in served
        ]
        self.served: Sequence[ServedEndpoint] = [item.served for item in made]
        self.outputs: Mapping[str, str] = {name: value for item in made for name, value in item.outputs.items()}
