"""A file of this project as an object in the data bucket."""

from collections.abc import Sequence
from pathlib import Path

from cdktf import AssetType, ITerraformDependable, TerraformAsset, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from constructs.literal import literal


class UploadedFile(Construct):
    """Synth copies the file beside the stack's JSON, so that the output folder alone is enough to deploy.

    `s3_uri` and `resource` refer to the object in place. Under another key it is another object.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: str,
        key: str,
        path: Path,
        create_before_destroy: bool = False,
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        asset = TerraformAsset(self, "file", path=str(path), type=AssetType.FILE)
        self.resource = S3Object(
            self,
            "Default",
            bucket=bucket,
            key=literal(key),
            source=literal(asset.path),
            source_hash=asset.asset_hash,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True) if create_before_destroy else None,
            depends_on=[*depends_on],
        )
        self.s3_uri = f"s3://{self.resource.bucket}/{self.resource.key}"
