import hashlib
from pathlib import Path
from typing import Any

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.s3_object import S3Object

from constructs.storage.uploaded_file import UploadedFile
from tests.support.synthesis import only, synthesized


def upload(path: Path) -> dict[str, Any]:
    def build(stack: TerraformStack) -> None:
        UploadedFile(stack, "upload", bucket="acme", key="notebooks/a.ipynb", path=path, depends_on=[])

    return only(synthesized(build), S3Object.TF_RESOURCE_TYPE)


def test_the_object_comes_from_a_copy_beside_the_stack_and_not_from_this_machines_path(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    uploaded = upload(tmp_path / "a.ipynb")
    assert uploaded["source"].startswith("assets/")
    assert (uploaded["bucket"], uploaded["key"]) == ("acme", "notebooks/a.ipynb")


def test_changed_content_changes_the_hash_that_makes_terraform_upload_again(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("{}")
    before = upload(path)["source_hash"]
    assert upload(path)["source_hash"] == before
    path.write_text('{"changed": true}')
    assert upload(path)["source_hash"] != before
    assert hashlib.sha256(b"{}").hexdigest() != before  # CDKTF's own hash, of the content only
