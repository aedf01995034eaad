"""Files of this project as objects below one prefix of the data bucket."""

from collections.abc import Mapping
from pathlib import Path

from cdktf import ITerraformDependable
from constructs import Construct

from constructs.storage.data_bucket import DataBucket
from constructs.storage.uploaded_file import UploadedFile
from settings.names import address_part


class UploadedFiles(Construct):
    """`files` by what follows the prefix in their keys. Under another prefix they are there before the old ones go."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: DataBucket,
        prefix: str,
        files: Mapping[str, Path],
    ) -> None:
        super().__init__(scope, construct_id)
        self.prefix = prefix
        self.resources: list[ITerraformDependable] = [
            UploadedFile(
                self,
                address_part(name),
                bucket=bucket.name,
                key=f"{prefix}{name}",
                path=path,
                create_before_destroy=True,
                depends_on=bucket.protection,
            ).resource
            for name, path in files.items()
        ]
