"""Definitions that the local AWS takes, and those that it refuses with SageMaker's reasons."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.server.pipelines import definition
from local_aws.server.pipelines.definition import DefinitionError, Parameter
from tests.support.training_pipeline import METRIC, TRAINING, step

Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> str:
    document = copy.deepcopy(TRAINING)
    change(document)
    return json.dumps(document)


def arguments(name: str, **values: Any) -> Change:
    return lambda document: step(document, name)["Arguments"].update(values)


def condition(**values: Any) -> Change:
    return lambda document: step(document, "Judge")["Arguments"].update(Conditions=[values])


def test_the_definition_that_trains_judges_and_registers_is_taken() -> None:
    train, judge = definition.parse(json.dumps(TRAINING)).steps
    assert (train.kind, train.waits_for) == ("Training", frozenset())
    assert (judge.kind, judge.waits_for) == ("Condition", frozenset({"Train"}))
    assert [item.name for item in judge.if_steps] == ["Register"]
    assert [item.name for item in judge.else_steps] == ["Fail"]


@pytest.mark.parametrize(
    "change",
    [
        condition(Type="In", QueryValue=METRIC, Values=[0.95, 1]),
        condition(Type="Not", Expression={"Type": "LessThan", "LeftValue": METRIC, "RightValue": 0.95}),
        condition(
            Type="Or",
            Conditions=[
                {"Type": "Equals", "LeftValue": METRIC, "RightValue": 1},
                {"Type": "GreaterThan", "LeftValue": METRIC, "RightValue": 0.95},
            ],
        ),
        lambda document: step(document, "Register").update(DependsOn=["Train"]),
        lambda document: step(document, "Train").update(DisplayName="trains", Description="on AWS"),
        lambda document: document.update(
            Parameters=[{"Name": "Columns", "Type": "String", "DefaultValue": "all", "EnumValues": ["all", "means"]}]
        ),
        lambda document: step(document, "Fail").pop("Arguments"),
        arguments("Train", Tags=[{"Key": "Owner", "Value": "ann"}]),
        lambda document: document["Steps"].append({"Name": "After", "Type": "Fail", "DependsOn": ["Train"]}),
    ],
)
def test_takes_what_the_sdk_writes(change: Change) -> None:
    definition.parse(changed(change))


REJECTED: dict[str, tuple[Change, str]] = {
    "a list": (lambda document: document.clear(), "Version: None: must be '2020-12-01'"),
    "no steps": (lambda document: document.update(Steps=[]), "Steps a list that is not empty"),
    "a member of its own": (lambda document: document.update(Author="ann"), "unknown property 'Author'"),
    "an experiment": (
        lambda document: document.update(PipelineExperimentConfig={}),
        "PipelineExperimentConfig does not run on the local AWS",
    ),
    "a step type that does not run here": (
        lambda document: step(document, "Train").update(Type="Processing"),
        "Step 'Train': type 'Processing' does not run on the local AWS: Training, RegisterModel, Condition, Fail do",
    ),
    "a cache": (
        lambda document: step(document, "Train").update(CacheConfig={"Enabled": True}),
        "CacheConfig does not run on the local AWS",
    ),
    "a member of a step": (
        lambda document: step(document, "Train").update(Role="r"),
        "Cannot parse object, unknown property 'Role'",
    ),
    "a step without a name": (lambda document: step(document, "Train").pop("Name"), "must have a Name"),
    "a step's name with a space": (
        lambda document: step(document, "Fail").update(Name="a b"),
        "Step 'a b': its name must match",
    ),
    "a step's name of 65 characters": (
        lambda document: step(document, "Fail").update(Name="a" * 65),
        "its name must match",
    ),
    "two steps of one name": (
        lambda document: document["Steps"].append({"Name": "Register", "Type": "Fail"}),
        "Duplicate step name 'Register'",
    ),
    "a step in both branches": (
        lambda document: step(document, "Judge")["Arguments"]["ElseSteps"].append(step(document, "Register")),
        "Duplicate step name 'Register'",
    ),
    "a condition in a condition": (
        lambda document: step(document, "Judge")["Arguments"]["IfSteps"].append(
            {"Name": "Again", "Type": "Condition", "Arguments": {}}
        ),
        "Step 'Again': a condition step cannot be in another one",
    ),
    "no condition": (arguments("Judge", Conditions=[]), "Conditions must be a list that is not empty"),
    "a condition of an unknown type": (
        condition(Type="Almost", LeftValue=1, RightValue=1),
        "Value 'Almost' for 'ConditionType' failed to satisfy enum value set: [Equals, ",
    ),
    "a condition with a member of another": (
        condition(Type="Equals", LeftValue=1, RightValue=1, Values=[1]),
        "Cannot parse object, unknown property 'Values'",
    ),
    "a condition without its right value": (condition(Type="Equals", LeftValue=1), "Equals: RightValue is required"),
    "an unknown condition within another": (
        condition(Type="Not", Expression={"Type": "Almost"}),
        "Value 'Almost' for 'ConditionType'",
    ),
    "an argument that the operation has not": (arguments("Train", Colour="red"), "Unknown Argument member 'Colour'"),
    "an argument deep within": (
        arguments("Train", StoppingCondition={"MaxRuntimeInHours": 1}),
        "Unknown Argument member 'MaxRuntimeInHours'",
    ),
    "a model package's name": (
        arguments("Register", ModelPackageName="a"),
        "Unknown Argument member 'ModelPackageName'",
    ),
    "a certification for the marketplace": (
        arguments("Register", CertifyForMarketplace=False),
        "Unknown Argument member 'CertifyForMarketplace'",
    ),
    "an argument that is missing": (
        lambda document: step(document, "Train")["Arguments"].pop("OutputDataConfig"),
        "Missing required key 'OutputDataConfig'",
    ),
    "an instance type that does not exist": (
        arguments("Train", ResourceConfig={"InstanceType": "ml.x9.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}),
        "Model Validation failed: Value 'ml.x9.huge' for 'TrainingInstanceType' failed to satisfy enum value set",
    ),
    "a text where a list must be": (
        arguments("Train", InputDataConfig="s3://acme/"),
        "InputDataConfig: 's3://acme/': must be of type list",
    ),
    "a step that is not there": (
        condition(Type="Equals", LeftValue={"Get": "Steps.Nobody.TrainingJobName"}, RightValue=1),
        "Step 'Judge': there is no step 'Nobody' that it could wait for",
    ),
    "a dependency that is not there": (
        lambda document: step(document, "Train").update(DependsOn=["Nobody"]),
        "Step 'Train': there is no step 'Nobody' that it could wait for",
    ),
    "a step of the other branch": (
        lambda document: step(document, "Fail").update(DependsOn=["Register"]),
        "Step 'Fail': there is no step 'Register' that it could wait for",
    ),
    "a step that fails, to wait for": (
        lambda document: document["Steps"].extend(
            [{"Name": "Late", "Type": "Fail"}, {"Name": "Later", "Type": "Fail", "DependsOn": ["Late"]}]
        ),
        "Later can not depends on Late",
    ),
    "steps in a circle": (
        lambda document: step(document, "Train").update(DependsOn=["Judge"]),
        "Step 'Train': it waits for itself",
    ),
    "a property that no training job has": (
        condition(Type="Equals", LeftValue={"Get": "Steps.Train.Accuracy"}, RightValue=1),
        "Step 'Judge': step 'Train' has no property 'Accuracy'",
    ),
    "a property that is no value": (
        condition(Type="Equals", LeftValue={"Get": "Steps.Train.ModelArtifacts"}, RightValue=1),
        "step 'Train' has no property 'ModelArtifacts'",
    ),
    "a reference to a step as such": (
        condition(Type="Equals", LeftValue={"Get": "Steps.Train"}, RightValue=1),
        "'Steps.Train' names no property of the step Train",
    ),
    "a variable that no execution has": (
        condition(Type="Equals", LeftValue={"Get": "Execution.Colour"}, RightValue=1),
        "'Execution.Colour' is none of",
    ),
    "a parameter that is not there": (
        condition(Type="Equals", LeftValue={"Get": "Parameters.Colour"}, RightValue=1),
        "Step 'Judge': there is no parameter 'Colour'",
    ),
    "a function that does not run here": (
        condition(Type="Equals", LeftValue={"Std:JsonGet": {}}, RightValue=1),
        "Std:JsonGet does not run on the local AWS: Get and Std:Join do",
    ),
    "a join without values": (
        arguments("Fail", ErrorMessage={"Std:Join": {"On": ""}}),
        "Std:Join: On must be a text and Values a list",
    ),
    "a parameter of an unknown type": (
        lambda document: document.update(Parameters=[{"Name": "a", "Type": "Double"}]),
        "Value 'Double' for 'ParameterType' failed to satisfy enum value set: [String, Integer, Float, Boolean]",
    ),
    "a default of another type": (
        lambda document: document.update(Parameters=[{"Name": "a", "Type": "Integer", "DefaultValue": True}]),
        "Parameter [a]: True: must be of type Integer",
    ),
    "two parameters of one name": (
        lambda document: document.update(Parameters=[{"Name": "a", "Type": "String"}] * 2),
        "Duplicate parameter name 'a'",
    ),
}


@pytest.mark.parametrize("case", REJECTED)
def test_rejects_a_definition_with_the_reason(case: str) -> None:
    change, said = REJECTED[case]
    with pytest.raises(DefinitionError, match=r"^Unable to parse pipeline definition\. ") as raised:
        definition.parse(changed(change))
    assert said in str(raised.value)


@pytest.mark.parametrize("text", ["not json", "", "[]", "null", '"text"', "7", '{"Steps": 1}', '{"Steps": [1, null]}'])
def test_rejects_what_is_no_definition(text: str) -> None:
    with pytest.raises(DefinitionError, match="Unable to parse pipeline definition"):
        definition.parse(text)


def test_rejects_all_that_is_wrong_at_once() -> None:
    document = copy.deepcopy(TRAINING)
    document["Version"] = "1"
    step(document, "Train")["Arguments"]["Colour"] = "red"
    with pytest.raises(DefinitionError) as raised:
        definition.parse(json.dumps(document))
    assert re.search("Version: '1'.*Colour", str(raised.value))


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [("String", "7", "7"), ("Integer", "7", 7), ("Float", "0.5", 0.5), ("Float", "1", 1), ("Boolean", "True", True)],
)
def test_a_parameter_is_read_as_its_type(kind: str, given: str, value: object) -> None:
    assert Parameter(name="a", kind=kind).value(given) == value


@pytest.mark.parametrize(
    ("parameter", "given", "said"),
    [
        (Parameter(name="a", kind="Integer"), "0.5", "'0.5': must be of type Integer"),
        (Parameter(name="a", kind="Boolean"), "1", "'1': must be of type Boolean"),
        (Parameter(name="a", kind="Float"), "", "'': must be of type Float"),
        (Parameter(name="a", kind="String"), None, "it must be given"),
        (Parameter(name="a", kind="String", allowed=("b", "c")), "d", "'d': must be one of ['b', 'c']"),
    ],
)
def test_rejects_a_parameters_value(parameter: Parameter, given: str | None, said: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        parameter.value(given)
    assert said in str(raised.value)
