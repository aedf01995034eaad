"""What notebooks need wherever they are: their role and the bucket's samples; and the notebook instance."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cdktf import Fn, ITerraformDependable
from cdktf_cdktf_provider_aws.data_aws_sagemaker_prebuilt_ecr_image import DataAwsSagemakerPrebuiltEcrImage
from constructs import Construct

from constructs.account import Account
from constructs.network.network import Network
from constructs.notebook.lifecycle_script import Delivery
from constructs.notebook.notebook_instance import NotebookInstance
from constructs.notebook.notebook_role import NotebookRole
from constructs.storage.data_bucket import NOTEBOOKS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.lifecycle_scripts import (
    ENDPOINT_NAME,
    ENVIRONMENT,
    KMS_KEY_ARN,
    LINEAR_LEARNER_IMAGE,
    SECURITY_GROUP_IDS,
    SUBNET_IDS,
    TRAINING_JOB_PREFIX,
    TRAINING_ROLE_ARN,
)
from settings.names import Names, address_part
from settings.notebook import NotebookSettings
from settings.notebook_delivery import NotebookDeliverySettings
from settings.training import BuiltInTraining

LINEAR_LEARNER = "linear-learner"


class Notebook(Construct):
    """`samples` are uploaded before a script hands them out, in the instance or in Studio: `delivery` says how. Without
    `notebook` there is no instance. What works with the role waits for `needed`.

    `image_repositories` are those that training jobs may pull from.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        notebook: NotebookSettings | None,
        has_studio: bool,
        sagemaker_full_access: bool,
        bucket: DataBucket,
        key_arn: str | None,
        training_role_arn: str,
        network: Network,
        image_repositories: Collection[str],
        script: bytes,
        notebook_delivery: NotebookDeliverySettings,
        samples: Sequence[Path],
        prevent_destroy: bool,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = NotebookRole(
            self,
            "notebook_role",
            account=account,
            names=names,
            has_notebook=notebook is not None,
            has_studio=has_studio,
            sagemaker_full_access=sagemaker_full_access,
            bucket=bucket,
            key_arn=key_arn,
            training_role_arn=training_role_arn,
            placement=network.placement,
        )
        files = Construct(self, "(samples)")
        uploaded = [
            UploadedFile(
                files,
                f"notebook_{address_part(path.stem)}",
                bucket=bucket.name,
                key=f"{NOTEBOOKS}{path.name}",
                path=path,
                depends_on=bucket.protection,
            ).resource
            for path in samples
        ]
        image, training = "", network.training_placement
        if LINEAR_LEARNER in image_repositories:
            image = DataAwsSagemakerPrebuiltEcrImage(
                self, "linear_learner_image", repository_name=LINEAR_LEARNER, image_tag=BuiltInTraining.image_tag
            ).registry_path
        self.delivery = Delivery(
            bucket=bucket.name,
            region=account.region,
            patterns=notebook_delivery.patterns,
            placeholders={
                **dict.fromkeys(notebook_delivery.placeholders, bucket.name),
                TRAINING_ROLE_ARN: training_role_arn,
                TRAINING_JOB_PREFIX: names.training_job_prefix,
                LINEAR_LEARNER_IMAGE: image,
                KMS_KEY_ARN: key_arn or "",
                SUBNET_IDS: "" if training is None else Fn.join(",", [*training.subnet_ids]),
                SECURITY_GROUP_IDS: "" if training is None else Fn.join(",", [*training.security_group_ids]),
                ENDPOINT_NAME: next(iter(names.endpoints.values())).name,
                ENVIRONMENT: names.environment,
            },
        )
        self.needed: Sequence[ITerraformDependable] = [*self.role.policies, *depends_on, *uploaded]
        self.outputs: Mapping[str, str] = {}
        if notebook is not None:
            instance = NotebookInstance(
                self,
                "notebook",
                account=account,
                name=names.notebook,
                notebook=notebook,
                role_arn=self.role.arn,
                script=script,
                delivery=self.delivery,
                key_arn=key_arn,
                placement=network.placement,
                prevent_destroy=prevent_destroy,
                depends_on=self.needed,
            )
            self.outputs = {"notebook_name": instance.name, "notebook_url": instance.url}
