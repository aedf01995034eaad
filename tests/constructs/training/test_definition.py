"""What a pipeline does, held against AWS's models of what it calls."""

import json
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constructs.training.definition import definition
from constructs.training.training_step import TrainingStep
from settings.limits import (
    HYPERPARAMETERS_MAX_CHARACTERS,
    HYPERPARAMETERS_MAX_COUNT,
    PIPELINE_DEFINITION_MAX_CHARACTERS,
    size_in_json,
)
from settings.spot import SpotSettings
from settings.training import BuiltInTraining, ScriptTraining
from settings.training_metric import BuiltInMetricSettings, ScriptMetricSettings
from stacks.environments import NAMES
from tests.support.aws_model import shape
from tests.support.pipelines import BUILT_IN, SCRIPT, problems_of
from tests.support.policies import resolved
from tests.support.script_training import script_training
from tests.support.synthesis import environment, synthesized_platform

CODE = "0123456789ab"
TYPES = sorted(shape("sagemaker", "TrainingInstanceType").enum)
LETTERS = string.ascii_letters + string.digits


def steps(of: TrainingStep, code: str | None = CODE) -> dict[str, dict[str, Any]]:
    """By name, those of both branches too."""
    train, judge = json.loads(definition(of, code_digest=code))["Steps"]
    branches = [*judge["Arguments"]["IfSteps"], *judge["Arguments"]["ElseSteps"]]
    return {step["Name"]: step for step in (train, judge, *branches)}


def test_it_trains_judges_and_registers_or_fails() -> None:
    made = steps(SCRIPT)
    assert {name: step["Type"] for name, step in made.items()} == {
        "Train": "Training",
        "Judge": "Condition",
        "Register": "RegisterModel",
        "Fail": "Fail",
    }
    assert [step["Name"] for step in made["Judge"]["Arguments"]["IfSteps"]] == ["Register"]
    assert [step["Name"] for step in made["Judge"]["Arguments"]["ElseSteps"]] == ["Fail"]


@pytest.mark.parametrize(
    ("objective", "comparison", "said"),
    [
        ("Maximize", "GreaterThanOrEqualTo", ": must be at least 0.25 to be registered"),
        ("Minimize", "LessThanOrEqualTo", ": must be at most 0.25 to be registered"),
    ],
)
def test_the_metric_is_compared_in_its_direction_and_a_failure_says_so(
    objective: Any, comparison: str, said: str
) -> None:
    metric = ScriptMetricSettings(name="validation:loss", regex="loss=(.*)", threshold=0.25, objective=objective)
    made = steps(replace(SCRIPT, training=script_training(metric=metric).checked()))
    value = {"Get": "Steps.Train.FinalMetricDataList['validation:loss'].Value"}
    [condition] = made["Judge"]["Arguments"]["Conditions"]
    assert condition == {"Type": comparison, "LeftValue": value, "RightValue": 0.25}
    message = made["Fail"]["Arguments"]["ErrorMessage"]
    assert message == {"Std:Join": {"On": "", "Values": ["breast-cancer: validation:loss is ", value, said]}}


def test_a_registered_model_waits_for_approval_and_says_where_it_comes_from() -> None:
    arguments = steps(SCRIPT)["Register"]["Arguments"]
    assert arguments["ModelPackageGroupName"] == "acme-prod-breast-cancer"
    assert arguments["ModelApprovalStatus"] == "PendingManualApproval"
    value = {"Get": "Steps.Train.FinalMetricDataList['validation:accuracy'].Value"}
    assert arguments["CustomerMetadataProperties"] == {
        "training": "breast-cancer",
        "training_job": {"Get": "Steps.Train.TrainingJobName"},
        "pipeline_execution": {"Get": "Execution.PipelineExecutionArn"},
        "metric": "validation:accuracy",
        "value": {"Std:Join": {"On": "", "Values": [value]}},
        "threshold": "0.95",
        "objective": "Maximize",
        "code": CODE,
    }
    assert "code" not in steps(BUILT_IN, None)["Register"]["Arguments"]["CustomerMetadataProperties"]


def test_it_is_served_by_the_image_that_trained_it_with_the_handlers_beside_the_model() -> None:
    for step, variables in (
        (SCRIPT, {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}),
        (BUILT_IN, None),
    ):
        [container] = steps(step)["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
        assert container["Image"] == step.image.to
        assert container["ModelDataUrl"] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
        assert container.get("Environment") == variables


def test_no_experiment_is_made() -> None:
    assert {*json.loads(definition(SCRIPT, code_digest=CODE))} == {"Version", "Metadata", "Parameters", "Steps"}


@pytest.mark.parametrize("name", NAMES)
def test_the_pipelines_of_every_environment_are_what_aws_takes(name: str) -> None:
    platform = synthesized_platform(environment(name))
    pipelines = platform["resource"]["aws_sagemaker_pipeline"]
    assert pipelines
    for pipeline in pipelines.values():
        assert problems_of(resolved(pipeline["pipeline_definition"], platform)) == []


def texts(alphabet: str | None, longest: int, shortest: int = 0) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) if alphabet is None else alphabet
    return st.text(letters, min_size=shortest, max_size=longest)


HYPERPARAMETERS = st.dictionaries(
    texts(LETTERS + "-_.", 256, 1).filter(lambda name: name[0].isalnum() and not name.startswith("sagemaker_")),
    texts(None, 2500),
    max_size=5,
)
COMMON = {
    "instance_type": st.sampled_from(TYPES),
    "instance_count": st.integers(1, 2**31 - 1),
    "volume_size_gb": st.integers(1, 16384),
    "max_runtime_seconds": st.integers(1, 1800),
    "spot": st.one_of(st.none(), st.builds(SpotSettings, max_wait_seconds=st.integers(1800, 3600))),
}
SCRIPTS = st.builds(
    ScriptTraining,
    name=st.just("churn"),
    source=st.just("models/churn"),
    hyperparameters=HYPERPARAMETERS,
    channels=st.lists(texts(LETTERS, 60, 1).map("x".__add__), min_size=1, max_size=19, unique_by=str.lower),
    sample_data=st.none(),
    metric=st.builds(
        ScriptMetricSettings,
        name=texts(LETTERS + "_.:/=+@-", 255, 1),
        regex=texts(LETTERS + "=", 496).map("{}(.*)".format),
        threshold=st.floats(-(2**53) + 1, 2**53 - 1, allow_nan=False),
        objective=st.sampled_from(["Maximize", "Minimize"]),
    ),
    **COMMON,
)
BUILT_INS = st.builds(
    BuiltInTraining,
    name=st.just("linear"),
    hyperparameters=st.just({"predictor_type": "binary_classifier"}),
    metric=st.just(BuiltInMetricSettings(name="validation:binary_classification_accuracy", threshold=0.9)),
    **COMMON,
)


@settings(max_examples=150)
@given(st.one_of(SCRIPTS, BUILT_INS), st.booleans(), st.booleans())
def test_whatever_the_settings_take_is_what_aws_takes(training: Any, has_key: bool, has_network: bool) -> None:
    checked = training.checked()
    step = replace(
        SCRIPT,
        training=checked,
        data={channel: f"training-data/a/{channel}/" for channel in checked.channels},
        code=SCRIPT.code if isinstance(checked, ScriptTraining) else None,
        key_arn=SCRIPT.key_arn if has_key else None,
        placement=SCRIPT.placement if has_network else None,
    )
    text = definition(step, code_digest=CODE)
    assert problems_of(text.replace("$${", "${").replace("%%{", "%{").replace('Tf${"T"}oken', "TfToken")) == []


def test_the_most_hyperparameters_that_the_settings_take_fit_into_a_definition() -> None:
    most = HYPERPARAMETERS_MAX_COUNT - ScriptTraining.own_hyperparameters
    each = {f"h{number:03}": "é" * (HYPERPARAMETERS_MAX_CHARACTERS // most // 6 - 2) for number in range(most)}
    assert HYPERPARAMETERS_MAX_CHARACTERS - 2_000 < size_in_json(each) <= HYPERPARAMETERS_MAX_CHARACTERS
    training = script_training(
        hyperparameters=each, channels=[f"c{number:063}" for number in range(19)], sample_data=None
    )
    step = replace(
        SCRIPT,
        training=training.checked(),
        data={channel: f"training-data/{'a' * 256}/{channel}/" for channel in training.channels},
    )
    assert len(definition(step, code_digest=CODE)) <= PIPELINE_DEFINITION_MAX_CHARACTERS


@pytest.mark.parametrize(
    ("found", "put", "problem"),
    [
        ("Steps.Train.ModelArtifacts.S3ModelArtifacts", "Steps.Train.ModelArtifacts.S3Uri", "the answer has no S3Uri"),
        ("FinalMetricDataList['validation:accuracy']", "FinalMetricDataList['test:accuracy']", "the step has no"),
        ('"GreaterThanOrEqualTo"', '"AtLeast"', "compares nothing"),
        ('"ml.m5.large"', '"ml.m5.small"', "must be one of"),
        ('"EnableNetworkIsolation":true', '"EnableNetworkIsolation":"yes"', "Invalid type"),
        ('"Metadata":{}', '"Metadata":{},"Cache":{}', "Cache is unknown"),
        ('"VolumeSizeInGB":10', '"VolumeSizeInGb":10', "Unknown parameter"),
        ('"Name":"Fail"', '"Name":"Train"', "another one has"),
    ],
)
def test_rejects_what_aws_would_not_take(found: str, put: str, problem: str) -> None:
    """The oracle itself: a definition that is broken in one place."""
    text = definition(SCRIPT, code_digest=CODE)
    assert found in text
    assert problem in "; ".join(problems_of(text.replace(found, put)))
