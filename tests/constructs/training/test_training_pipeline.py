from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.sagemaker_pipeline import SagemakerPipeline

from constructs.training.training_pipeline import Surroundings, TrainingPipeline
from settings.training_files import FileTree
from tests.support import parts
from tests.support.script_training import script_training
from tests.support.synthesis import Resources, only, synthesized


def made(code: FileTree | None, **changes: Any) -> Resources:
    def build(stack: TerraformStack) -> None:
        surroundings = Surroundings(
            region=parts.REGION,
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
            placement=parts.PLACEMENT,
            pipeline_role_arn="arn:aws:iam::111111111111:role/pipeline",
            training_role_arn="arn:aws:iam::111111111111:role/training",
            tags={"Project": "acme"},
            delete_script=None,
            prevent_destroy=False,
        )
        TrainingPipeline(
            stack,
            "breast_cancer",
            name="acme-prod-breast-cancer",
            training=script_training().checked(),
            code=code,
            data_prefix="training-data/breast-cancer/",
            surroundings=replace(surroundings, **changes),
            depends_on=[],
        )

    return synthesized(build)


@pytest.fixture
def code(tmp_path: Path) -> FileTree:
    (tmp_path / "lib").mkdir()
    files = {"train.py": tmp_path / "train.py", "lib/rows.py": tmp_path / "lib/rows.py"}
    for path in files.values():
        path.write_text("pass\n")
    return FileTree(digest="0123456789ab", files=files)


def test_the_script_lies_below_its_digest_and_is_there_before_the_pipeline(code: FileTree) -> None:
    resources = made(code)
    uploads = {item["key"]: item for item in resources["aws_s3_object"].values() if "source" in item}
    assert {*uploads} == {
        "training-code/breast-cancer/0123456789ab/train.py",
        "training-code/breast-cancer/0123456789ab/lib/rows.py",
    }
    assert all(item["lifecycle"] == {"create_before_destroy": True} for item in uploads.values())
    pipeline = only(resources, SagemakerPipeline.TF_RESOURCE_TYPE)
    assert "/training-code/breast-cancer/0123456789ab/" in pipeline["pipeline_definition"]
    of_the_training = [item.partition(".")[0] for item in pipeline["depends_on"] if "breast_cancer_" in item]
    assert of_the_training == ["aws_s3_object", "aws_s3_object", "aws_sagemaker_model_package_group"]


def test_another_script_is_another_definition_and_nothing_else_changes(code: FileTree) -> None:
    before, after = made(code), made(replace(code, digest="ba9876543210"))
    assert before.keys() == after.keys()
    changed = [kind for kind in before for address in before[kind] if before[kind][address] != after[kind][address]]
    assert sorted(changed) == ["aws_s3_object", "aws_s3_object", "aws_sagemaker_pipeline"]


def test_pipeline_group_and_jobs_have_one_name() -> None:
    resources = made(None)
    pipeline = only(resources, SagemakerPipeline.TF_RESOURCE_TYPE)
    assert pipeline["pipeline_name"] == pipeline["pipeline_display_name"] == "acme-prod-breast-cancer"
    assert only(resources, "aws_sagemaker_model_package_group")["model_package_group_name"] == "acme-prod-breast-cancer"
    assert '"TrainingJobName":"acme-prod-breast-cancer"' in pipeline["pipeline_definition"]
    assert '"ModelPackageGroupName":"acme-prod-breast-cancer"' in pipeline["pipeline_definition"]
    assert pipeline["role_arn"].endswith("role/pipeline")
