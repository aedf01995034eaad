"""The released models that an environment's endpoints serve."""

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.network.placement import Placement
from constructs.serving.model import Model
from constructs.storage.data_bucket import MODELS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.endpoint import EndpointSettings
from settings.names import Names
from settings.releases import ReleasedModel


class ReleasedModels(Construct):
    """One artifact for each, and one SageMaker model for each kind of hosting that serves it: serverless endpoints
    support neither network isolation nor a VPC. `names` has those models' by released name and hosting.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        served: Sequence[tuple[EndpointSettings, Mapping[str, ReleasedModel]]],
        bucket: DataBucket,
        role_arn: str,
        placement: Placement | None,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
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
                path=model.artifact,  # type: ignore[arg-type]
                depends_on=bucket.protection,
            ).s3_uri
            for name, model in {model.name: model for model, _ in needed.values()}.items()
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
