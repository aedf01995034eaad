import json
from pathlib import Path
from typing import Any

from cdktf import TerraformStack

from constructs.training.training import Training
from settings.training import BuiltInTraining, ScriptTraining, TrainingSettings
from settings.training_files import FileTree, TrainingFiles
from settings.training_metric import BuiltInMetricSettings
from tests.support import parts
from tests.support.policies import resolved
from tests.support.script_training import script_training
from tests.support.synthesis import Resources, environment, synthesized, synthesized_platform

LINEAR = BuiltInTraining(
    data_prefix="breast-cancer",
    name="linear",
    hyperparameters={"predictor_type": "binary_classifier"},
    sample_data="models/breast_cancer/data",
    metric=BuiltInMetricSettings(name="validation:binary_classification_accuracy", threshold=0.9),
)


def made(folder: Path, *unchecked: TrainingSettings) -> tuple[Resources, dict[str, Any]]:
    trainings = [item.checked() for item in unchecked]
    (folder / "a").write_text("a")
    code = FileTree(digest="0123456789ab", files={"train.py": folder / "a"})
    data = FileTree(digest="ba9876543210", files={"train/a.csv": folder / "a"})
    files = {
        item.name: TrainingFiles(
            code=code if isinstance(item, ScriptTraining) else None, data=None if item.sample_data is None else data
        )
        for item in trainings
    }
    outputs: dict[str, Any] = {}

    def build(stack: TerraformStack) -> None:
        training = Training(
            stack,
            "(training)",
            account=parts.account(stack),
            names=parts.names(),
            limit_trust_to_account=True,
            trainings=trainings,
            files=files,
            image_repositories=["sagemaker-scikit-learn"],
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
            placement=None,
            tags={"Project": "acme"},
            delete_script=None,
            prevent_destroy=False,
        )
        outputs.update(training.outputs)

    return synthesized(build), outputs


def uploaded(resources: Resources) -> list[str]:
    return sorted(item["key"] for item in resources["aws_s3_object"].values() if "source" in item)


def test_each_training_has_a_pipeline_and_a_group_and_is_told_by_name(tmp_path: Path) -> None:
    resources, outputs = made(tmp_path, script_training(), LINEAR)
    names = {"acme-prod-breast-cancer", "acme-prod-linear"}
    assert {item["pipeline_name"] for item in resources["aws_sagemaker_pipeline"].values()} == names
    groups = resources["aws_sagemaker_model_package_group"].values()
    assert {item["model_package_group_name"] for item in groups} == names
    assert {*outputs["pipeline_names"]} == {"breast-cancer", "linear"}
    assert {*outputs} == {"training_role_arn", "pipeline_names"}


def test_data_that_several_train_with_is_uploaded_once(tmp_path: Path) -> None:
    """Two resources of one key: where one of them goes, so would the other's object."""
    resources, _ = made(tmp_path, script_training(), LINEAR)
    assert uploaded(resources) == [
        "training-code/breast-cancer/0123456789ab/train.py",
        "training-data/breast-cancer/ba9876543210/train/a.csv",
    ]
    for pipeline in resources["aws_sagemaker_pipeline"].values():
        assert "/training-data/breast-cancer/ba9876543210/train/" in pipeline["pipeline_definition"]
        assert [
            item for item in pipeline["depends_on"] if "training_data_breast_cancer_ba9876543210_train_a_csv" in item
        ]


def test_without_sample_data_it_trains_with_what_was_put_there(tmp_path: Path) -> None:
    resources, _ = made(tmp_path, script_training(sample_data=None, data_prefix="loans/2026"))
    assert uploaded(resources) == ["training-code/breast-cancer/0123456789ab/train.py"]
    [pipeline] = resources["aws_sagemaker_pipeline"].values()
    assert "/training-data/loans/2026/train/" in pipeline["pipeline_definition"]


def test_without_a_training_there_is_only_the_role_of_the_jobs_that_people_start(tmp_path: Path) -> None:
    resources, outputs = made(tmp_path)
    assert [item["name"] for item in resources["aws_iam_role"].values()] == ["acme-prod-sagemaker-training"]
    assert "aws_sagemaker_pipeline" not in resources
    assert {*outputs} == {"training_role_arn"}


def test_the_role_pulls_the_images_of_the_trainings_too() -> None:
    platform = synthesized_platform(environment("dev", training_image_repositories=["kmeans"]))
    document = resolved(
        json.dumps(platform["data"]["aws_iam_policy_document"]["training_role_policy_document"]), platform
    )
    assert "repository/kmeans" in document
    assert "repository/sagemaker-scikit-learn" in document


def test_jobs_run_in_the_network_of_the_environment() -> None:
    for name, network in (("dev", False), ("staging", True)):
        [pipeline] = synthesized_platform(environment(name))["resource"]["aws_sagemaker_pipeline"].values()
        assert ("network_training_security_group" in pipeline["pipeline_definition"]) is network
