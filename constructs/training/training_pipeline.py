"""The SageMaker pipeline of one training, with its script and the group of the models that it registers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_sagemaker_prebuilt_ecr_image import DataAwsSagemakerPrebuiltEcrImage
from cdktf_cdktf_provider_aws.sagemaker_pipeline import SagemakerPipeline
from constructs import Construct

from constructs.network.placement import Placement
from constructs.storage.data_bucket import TRAINING_CODE, DataBucket
from constructs.storage.uploaded_files import UploadedFiles
from constructs.training.definition import definition
from constructs.training.definition_text import Reference
from constructs.training.model_package_group import ModelPackageGroup
from constructs.training.training_step import TrainingStep
from settings.training import TrainingSettings
from settings.training_files import FileTree


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the pipelines of an environment have in common; `tags` are those of the jobs."""

    region: str
    bucket: DataBucket
    key_arn: str | None
    placement: Placement | None
    pipeline_role_arn: str
    training_role_arn: str
    tags: Mapping[str, str]
    delete_script: Path | None
    prevent_destroy: bool


class TrainingPipeline(Construct):
    """Trains with the objects below `data_prefix`, a folder for each channel, once all that it `depends_on` is there.

    `name` is the pipeline's, the group's, and the beginning of the jobs'. The script's objects are below the digest of
    its files, so that another script is another definition, and nothing else changes. The definition is in the
    configuration, not in S3, from where Terraform's provider reads none back:
    https://github.com/hashicorp/terraform-provider-aws/issues/38259
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        training: TrainingSettings,
        code: FileTree | None,
        data_prefix: str,
        surroundings: Surroundings,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        needed = [*depends_on]
        code_prefix = None
        if code is not None:
            uploaded = UploadedFiles(
                self,
                "code",
                bucket=surroundings.bucket,
                prefix=f"{TRAINING_CODE}{training.name}/{code.digest}/",
                files=code.files,
            )
            code_prefix = uploaded.prefix
            needed += uploaded.resources
        models = ModelPackageGroup(
            self,
            "model_package_group",
            name=name,
            region=surroundings.region,
            delete_script=surroundings.delete_script,
            prevent_destroy=surroundings.prevent_destroy,
        )
        image = DataAwsSagemakerPrebuiltEcrImage(
            self, "image", repository_name=training.image_repository, image_tag=training.image_tag
        )
        step = TrainingStep(
            name=name,
            training=training,
            image=Reference(to=image.registry_path),
            role_arn=surroundings.training_role_arn,
            bucket_name=surroundings.bucket.name,
            data={channel: f"{data_prefix}{channel}/" for channel in training.channels},
            code=code_prefix,
            key_arn=surroundings.key_arn,
            placement=surroundings.placement,
            tags=surroundings.tags,
        )
        made = SagemakerPipeline(
            self,
            "pipeline",
            pipeline_name=name,
            pipeline_display_name=name,
            pipeline_description=f"Trains {training.name}, and registers the model where its metric is good enough",
            pipeline_definition=definition(step, code_digest=None if code is None else code.digest),
            role_arn=surroundings.pipeline_role_arn,
            depends_on=[*needed, models.resource],
        )
        self.name, self.arn = made.pipeline_name, made.arn
