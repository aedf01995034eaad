"""What a deploy or a destroy would delete and SageMaker lets nobody delete yet: said before anything goes."""

from collections.abc import Iterator, Mapping
from typing import Any

from operations.answers import answer_if_allowed
from operations.terraform_state import KeptResource, TerraformState
from operations.training_run import RUNNING
from stacks.synthesized_stack import OperationError, SynthesizedStack

GROUP, GROUP_NAME = "aws_sagemaker_model_package_group", "model_package_group_name"
PIPELINE, PIPELINE_NAME = "aws_sagemaker_pipeline", "pipeline_name"


def refuse_undeletable(stack: SynthesizedStack, state: TerraformState, sagemaker: Any, verb: str) -> None:  # noqa: ANN401
    """Raises OperationError with each group that holds versions, each pipeline that runs, and what to do."""
    lines = [*_groups(stack, state, sagemaker, verb), *_pipelines(stack, state, sagemaker, verb)]
    if lines:
        raise OperationError("\n".join([*lines, f"nothing was begun: that first, then {verb} again"]))


def _groups(stack: SynthesizedStack, state: TerraformState, sagemaker: Any, verb: str) -> Iterator[str]:  # noqa: ANN401
    """https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-delete-model-group.html"""
    emptied = _emptied(stack) if verb == "destroy" else set()
    for item in _going(stack, state, verb, GROUP, GROUP_NAME):
        name = item.values[GROUP_NAME]
        listed = answer_if_allowed(sagemaker.list_model_packages, ModelPackageGroupName=name)
        if listed.get("ModelPackageSummaryList") and name not in emptied:
            yield (
                f"the model package group {name} holds registered versions, and SageMaker deletes no group that does. "
                "To keep them, leave its training in the settings; to delete them for good:\n"
                f"  .venv/bin/python operations/delete_model_packages.py {name} {stack.region}"
            )


def _pipelines(stack: SynthesizedStack, state: TerraformState, sagemaker: Any, verb: str) -> Iterator[str]:  # noqa: ANN401
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeletePipeline.html"""
    for item in _going(stack, state, verb, PIPELINE, PIPELINE_NAME):
        name = item.values[PIPELINE_NAME]
        listed = answer_if_allowed(sagemaker.list_pipeline_executions, PipelineName=name)
        for execution in listed.get("PipelineExecutionSummaries", ()):
            if execution["PipelineExecutionStatus"] in RUNNING:
                arn = execution["PipelineExecutionArn"]
                yield (
                    f"the pipeline {name} runs, and SageMaker deletes none that does: wait until execution "
                    f"{arn.rpartition('/')[2]} has ended, or stop it:\n"
                    f"  aws sagemaker stop-pipeline-execution --region {stack.region} --pipeline-execution-arn {arn}"
                )


def _going(
    stack: SynthesizedStack, state: TerraformState, verb: str, resource_type: str, name_field: str
) -> Iterator[KeptResource]:
    """What the state has and the configuration has not, or under another name, which is another one."""
    wanted: Mapping[str, Mapping[str, Any]] = stack.resources.get(resource_type, {})
    for item in state.of_type(resource_type):
        stays = wanted.get(item.name, {}).get(name_field) == item.values.get(name_field)
        if verb == "destroy" or not stays:
            yield item


def _emptied(stack: SynthesizedStack) -> set[str]:
    """The groups whose versions a destroy deletes by itself: constructs/training/model_package_group.py."""
    kept = stack.resources.get("terraform_data", {}).values()
    return {item["input"]["group"] for item in kept if "group" in item.get("input", {})}
