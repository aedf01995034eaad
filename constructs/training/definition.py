"""What a training's pipeline does: train, judge by the metric, and register the model or fail."""

from collections.abc import Mapping, Sequence
from typing import Any

from constructs.training.definition_text import canonical
from constructs.training.training_step import STEP as TRAIN
from constructs.training.training_step import TrainingStep
from settings.model_script import CODE_FOLDER, PROGRAM, SUBMIT_DIRECTORY
from settings.training import ScriptTraining

JUDGE, REGISTER, FAIL = "Judge", "Register", "Fail"
# In which direction the metric must lie from the threshold.
COMPARISONS: Mapping[str, tuple[str, str]] = {
    "Maximize": ("GreaterThanOrEqualTo", "at least"),
    "Minimize": ("LessThanOrEqualTo", "at most"),
}
CSV, JSON = "text/csv", "application/json"


def definition(step: TrainingStep, *, code_digest: str | None) -> str:
    """The JSON of the pipeline whose models go to the model package group that is called as it is.

    Without PipelineExperimentConfig, which would make an experiment that nothing deletes.
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-experiments.html
    https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/tests/unit/sagemaker/workflow/test_training_step.py
    """
    metric, value = step.training.metric, step.metric()
    comparison, must_be = COMPARISONS[metric.objective]
    told = f"{step.training.name}: {metric.name} is "
    wanted = f": must be {must_be} {metric.threshold} to be registered"
    judged = {
        "Conditions": [{"Type": comparison, "LeftValue": value, "RightValue": metric.compared_with}],
        "IfSteps": [
            {
                "Name": REGISTER,
                "Type": "RegisterModel",
                "Arguments": {
                    "ModelPackageGroupName": step.name,
                    "ModelApprovalStatus": "PendingManualApproval",
                    "InferenceSpecification": _inference(step),
                    "CustomerMetadataProperties": _origin(step, code_digest),
                },
            }
        ],
        "ElseSteps": [{"Name": FAIL, "Type": "Fail", "Arguments": {"ErrorMessage": _joined([told, value, wanted])}}],
    }
    return canonical(
        {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [],
            "Steps": [step.json, {"Name": JUDGE, "Type": "Condition", "Arguments": judged}],
        }
    )


def _inference(step: TrainingStep) -> dict[str, Any]:
    """What serves the model: the image that trained it, for a script with the handlers that it put beside its model.

    Instance types are optional for versions of a group, and a choice of whoever deploys one.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceSpecification.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html
    """
    container: dict[str, Any] = {
        "Image": step.image,
        "ModelDataUrl": {"Get": f"Steps.{TRAIN}.ModelArtifacts.S3ModelArtifacts"},
    }
    answers = [JSON]
    if isinstance(step.training, ScriptTraining):
        container["Environment"] = {PROGRAM: "inference.py", SUBMIT_DIRECTORY: CODE_FOLDER}
        answers.append(CSV)
    return {
        "Containers": [container],
        "SupportedContentTypes": [CSV, JSON],
        "SupportedResponseMIMETypes": answers,
    }


def _origin(step: TrainingStep, code_digest: str | None) -> dict[str, Any]:
    """Where the model comes from, and what it was judged by: texts, so that a number is joined to nothing."""
    metric = step.training.metric
    return {
        "training": step.training.name,
        "training_job": {"Get": f"Steps.{TRAIN}.TrainingJobName"},
        "pipeline_execution": {"Get": "Execution.PipelineExecutionArn"},
        "metric": metric.name,
        "value": _joined([step.metric()]),
        "threshold": str(metric.threshold),
        "objective": metric.objective,
        **({} if code_digest is None else {"code": code_digest}),
    }


def _joined(values: Sequence[object]) -> dict[str, Any]:
    return {"Std:Join": {"On": "", "Values": [*values]}}
