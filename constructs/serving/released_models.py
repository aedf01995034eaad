"""The released models that an environment's endpoints serve."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.account import Account
from constructs.network.placement import Placement
from constructs.serving.model import Model
from constructs.storage.copied_object import CopiedObject
from constructs.storage.data_bucket import MODELS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.endpoint import EndpointSettings
from settings.names import Names
from settings.releases import ReleasedModel


class ReleasedModels(Construct):
    """One artifact for each, and one SageMaker model for each kind of hosting that serves it: serverless endpoints
    support neither network isolation nor a VPC. `names` has those models' by released name and hosting.

    Of those `kept` for a rollback there is the artifact alone: the same object, at the same address, as when it serves.
    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        served: Sequence[tuple[EndpointSettings, Mapping[str, ReleasedModel]]],
        kept: Sequence[ReleasedModel],
        bucket: DataBucket,
        key_arn: str | None,
        role_arn: str,
        placement: Placement | None,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)

        def artifact(model: ReleasedModel) -> str:
            """Where it is in the bucket. The folder of both kinds is the model's released name."""
            construct_id, folder = f"artifact_{model.name}", f"{MODELS}{model.name}"
            if isinstance(model.artifact, Path):
                return UploadedFile(
                    self,
                    construct_id,
                    bucket=bucket.name,
                    key=f"{folder}/model.tar.gz",
                    path=model.artifact,
                    depends_on=bucket.protection,
                ).s3_uri
            return CopiedObject(
                self,
                construct_id,
                account=account,
                bucket=bucket.name,
                key=f"{folder}/{model.artifact.sha256}.tar.gz",
                artifact=model.artifact,
                catalogue_name=model.catalogue_name,
                key_arn=key_arn,
                depends_on=bucket.protection,
            ).s3_uri

        needed = {
            (model.name, endpoint.hosting): (model, endpoint)
            for endpoint, models in served
            for model in models.values()
        }
        served_models = [model for model, _ in needed.values()]
        artifacts = {
            model.name: artifact(model) for model in {item.name: item for item in (*served_models, *kept)}.values()
        }
        self.names: Mapping[tuple[str, str], str] = {
            key: Model(
                self,
                f"model_{model.name}{endpoint.model_suffix}",
                name_prefix=names.model_prefix(model.catalogue_name),
                revision=f"{model.revision}{endpoint.model_suffix}",
                model=model,
                model_data_url=artifacts[model.name],
                role_arn=role_arn,
                network_isolation=endpoint.on_instances,
                placement=placement if endpoint.on_instances else None,
                depends_on=depends_on,
            ).name
            for key, (model, endpoint) in needed.items()
        }
