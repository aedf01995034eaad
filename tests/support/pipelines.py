"""Holds a pipeline's definition against what AWS says of one: each step's arguments against botocore's model of the
operation that it calls, what it refers to against the answer that this comes from, and the rest against AWS's pages.

Not against the schema that AWS's samples publish: it has not been kept up, and refuses what AWS's own SDK sends
(`On` of Std:Join, ModelApprovalStatus, a container's Environment), and has no licence that would let it stand here.
https://github.com/aws-sagemaker-mlops/sagemaker-model-building-pipeline-definition-JSON-schema
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.validate import ParamValidator
from moto.core.utils import get_service_model

from constructs.training.definition_text import Reference
from constructs.training.training_step import TrainingStep
from local_aws.server import strict
from settings.limits import PIPELINE_DEFINITION_MAX_CHARACTERS
from settings.training import BuiltInTraining
from settings.training_metric import BuiltInMetricSettings
from tests.support import parts
from tests.support.script_training import script_training

# https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
OPERATIONS = {"Training": "CreateTrainingJob", "RegisterModel": "CreateModelPackage"}
# Of a step that is a job, what can be referred to: what describes it.
ANSWERS = {"Training": "DescribeTrainingJob"}
# https://github.com/aws/sagemaker-python-sdk/blob/v2.251.0/src/sagemaker/workflow/execution_variables.py
EXECUTION = {
    "Execution.PipelineExecutionArn": f"arn:aws:sagemaker:us-east-1:{'1' * 12}:pipeline/a/execution/{'b' * 12}",
    "Execution.PipelineExecutionId": "b" * 12,
}
COMPARISONS = ("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
SAMPLES: Mapping[str, Any] = {"string": "a", "float": 0.5, "timestamp": 0, "integer": 1}
URI = "s3://bucket/training-output/a/output/model.tar.gz"

# The steps of two trainings, in which all is known that Terraform would know at apply.
SCRIPT = TrainingStep(
    name="acme-prod-breast-cancer",
    training=script_training().checked(),
    image=Reference(to="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"),
    role_arn="arn:aws:iam::111111111111:role/acme-prod-sagemaker-training",
    bucket_name="acme-data",
    data={"train": "training-data/a/train/", "validation": "training-data/a/validation/"},
    code="training-code/breast-cancer/0123456789ab/",
    key_arn=parts.KEY_ARN,
    placement=parts.PLACEMENT,
    tags={"Project": "acme", "Owner": "ann"},
)
BUILT_IN = replace(
    SCRIPT,
    training=BuiltInTraining(
        name="linear",
        hyperparameters={"predictor_type": "binary_classifier"},
        metric=BuiltInMetricSettings(name="validation:binary_classification_accuracy", threshold=0.9),
    ).checked(),
    code=None,
)


def problems_of(definition: str) -> list[str]:
    """What of it SageMaker would refuse, or could not run."""
    return [*_Held(definition).problems()]


class _Held:
    def __init__(self, definition: str) -> None:
        self._text = definition
        self._before: dict[str, Mapping[str, Any]] = {}  # the steps that have run, by name

    def problems(self) -> Iterator[str]:
        if len(self._text) > PIPELINE_DEFINITION_MAX_CHARACTERS:
            yield f"{len(self._text)} characters"
        document = json.loads(self._text)
        yield from _members("", document, ("Version", "Metadata", "Parameters", "Steps"), ())
        if document.get("Version") != "2020-12-01":
            yield f"Version: {document.get('Version')}"
        yield from self._steps(document.get("Steps", []), within_condition=False)

    def _steps(self, steps: list[dict[str, Any]], *, within_condition: bool) -> Iterator[str]:
        kinds: dict[str, Callable[[str, Any], Iterator[str]]] = {"Fail": self._fail}
        kinds |= {kind: self._call(kind) for kind in OPERATIONS}
        kinds |= {} if within_condition else {"Condition": self._condition}
        for step in steps:
            yield from _members("step", step, ("Name", "Type", "Arguments"), ("DependsOn", "Description"))
            name, kind = step["Name"], step["Type"]
            if not NAME.fullmatch(name) or name in self._before:
                yield f"{name}: a name that no step can have, or that another one has"
            if kind not in kinds:
                yield f"{name}: {kind}: no type of a step here"
                continue
            yield from kinds[kind](name, step["Arguments"])
            self._before[name] = step

    def _fail(self, name: str, arguments: Any) -> Iterator[str]:
        yield from _members(name, arguments, ("ErrorMessage",), ())
        value, problems = self._value(arguments["ErrorMessage"])
        yield from problems
        if not isinstance(value, str):
            yield f"{name}: {value!r}: no text"

    def _condition(self, name: str, arguments: Any) -> Iterator[str]:
        yield from _members(name, arguments, ("Conditions", "IfSteps", "ElseSteps"), ())
        for condition in arguments["Conditions"]:
            yield from _members(name, condition, ("Type", "LeftValue", "RightValue"), ())
            if condition["Type"] not in COMPARISONS:
                yield f"{name}: {condition['Type']}: compares nothing"
            for side in ("LeftValue", "RightValue"):
                value, problems = self._value(condition[side])
                yield from problems
                if not isinstance(value, int | float):
                    yield f"{name}: {side}: {value!r}: no number"
        for branch in ("IfSteps", "ElseSteps"):
            yield from self._steps(arguments[branch], within_condition=True)

    def _call(self, kind: str) -> Callable[[str, Any], Iterator[str]]:
        def problems(name: str, arguments: Any) -> Iterator[str]:
            model = get_service_model("sagemaker").operation_model(OPERATIONS[kind])
            parameters, found = self._value(arguments)
            yield from found
            if kind == "Training":  # SageMaker adds an id, a token and a number to it
                parameters["TrainingJobName"] += f"-{'b' * 12}-{'c' * 10}-0"
            report = ParamValidator().validate(parameters, model.input_shape)
            if report.has_errors():
                yield f"{name}: {report.generate_report()}"
            call = strict.Call(service="sagemaker", operation=OPERATIONS[kind], model=model, parameters=parameters)
            yield from (f"{name}: {problem}" for problem in strict.problems_of(call, "key"))

        return problems

    def _value(self, value: Any) -> tuple[Any, list[str]]:
        """With values in the place of references, as SageMaker would call with, and which refer to nothing."""
        if isinstance(value, dict):
            if [*value] == ["Get"]:
                return self._got(value["Get"])
            if [*value] == ["Std:Join"]:
                members = [*_members("Std:Join", value["Std:Join"], ("On", "Values"), ())]
                parts = [self._value(item) for item in value["Std:Join"]["Values"]]
                joined = value["Std:Join"]["On"].join(str(part) for part, _ in parts)
                return joined, [*members, *(problem for _, problems in parts for problem in problems)]
            pairs = {key: self._value(item) for key, item in value.items()}
            return {key: item for key, (item, _) in pairs.items()}, [p for _, found in pairs.values() for p in found]
        if isinstance(value, list):
            items = [self._value(item) for item in value]
            return [item for item, _ in items], [problem for _, problems in items for problem in problems]
        return value, []

    def _got(self, reference: str) -> tuple[Any, list[str]]:
        if reference in EXECUTION:
            return EXECUTION[reference], []
        found = re.fullmatch(r"Steps\.([^.]+)\.(.+)", reference)
        step = None if found is None else self._before.get(found[1])
        if found is None or step is None or step["Type"] not in ANSWERS:
            return "", [f"{reference}: refers to nothing that has run"]
        shape: Any = get_service_model("sagemaker").operation_model(ANSWERS[step["Type"]]).output_shape
        for part in re.findall(r"[^.\[]+|\['[^']*'\]", found[2]):
            if part.startswith("["):
                metrics = [
                    item["Name"] for item in step["Arguments"]["AlgorithmSpecification"].get("MetricDefinitions", [])
                ]
                if shape.type_name != "list" or (metrics and part[2:-2] not in metrics):
                    return "", [f"{reference}: the step has no {part}"]
                shape = shape.member
            elif shape.type_name != "structure" or part not in shape.members:
                return "", [f"{reference}: the answer has no {part}"]
            else:
                shape = shape.members[part]
        return (URI if "S3" in reference else SAMPLES[shape.type_name]), []


def _members(where: str, found: Mapping[str, Any], must: tuple[str, ...], may: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{where}: {name} is missing" for name in must if name not in found)
    yield from (f"{where}: {name} is unknown" for name in found if name not in (*must, *may))
