"""What notebooks need wherever they are: their role and the bucket's samples; and the notebook instance."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.account import Account
from constructs.network.placement import Placement
from constructs.notebook.notebook_instance import NotebookInstance
from constructs.notebook.notebook_role import NotebookRole
from constructs.storage.data_bucket import NOTEBOOKS, DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.lifecycle_scripts import BUCKET, REGION, TRAINING_ROLE
from settings.names import Names, address_part
from settings.notebook import NotebookSettings


class Notebook(Construct):
    """`samples` are uploaded before the instance is made, whose scripts bring them to its users. Without `notebook`
    there is no instance: the rest is Studio's. What works with the role waits for `needed`.
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
        placement: Placement | None,
        on_create: bytes,
        on_start: bytes,
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
            placement=placement,
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
        self.needed: Sequence[ITerraformDependable] = [*self.role.policies, *depends_on, *uploaded]
        self.outputs: Mapping[str, str] = {}
        if notebook is not None:
            instance = NotebookInstance(
                self,
                "notebook",
                name=names.notebook,
                notebook=notebook,
                role_arn=self.role.arn,
                on_create=on_create,
                on_start=on_start,
                placeholders={BUCKET: bucket.name, TRAINING_ROLE: training_role_arn, REGION: account.region},
                key_arn=key_arn,
                placement=placement,
                prevent_destroy=prevent_destroy,
                depends_on=self.needed,
            )
            self.outputs = {"notebook_name": instance.name, "notebook_url": instance.url}
