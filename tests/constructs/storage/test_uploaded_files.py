from pathlib import Path

from cdktf import TerraformStack

from constructs.storage.uploaded_files import UploadedFiles
from tests.support import parts
from tests.support.synthesis import Resources, synthesized


def uploads(prefix: str, files: dict[str, Path]) -> Resources:
    def build(stack: TerraformStack) -> None:
        UploadedFiles(stack, "code", bucket=parts.bucket(stack), prefix=prefix, files=files)

    return synthesized(build)


def test_each_file_is_an_object_below_the_prefix(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    objects = uploads("code/1/", {"train.py": tmp_path / "a.py", "lib/rows.py": tmp_path / "a.py"})["aws_s3_object"]
    keys = [item["key"] for item in objects.values() if "source" in item]
    assert keys == ["code/1/lib/rows.py", "code/1/train.py"]


def test_those_under_another_prefix_are_there_before_the_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    [before], [after] = (
        [item for item in uploads(prefix, {"a.py": tmp_path / "a.py"})["aws_s3_object"].values() if "source" in item]
        for prefix in ("code/1/", "code/2/")
    )
    assert after["lifecycle"] == {"create_before_destroy": True}
    assert {key for key in before if before[key] != after[key]} == {"key"}
