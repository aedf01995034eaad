"""Pipelines of the local AWS over HTTP: what is taken and refused, executions and their steps, permissions."""

import copy
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import credentials
from local_aws.server import process as server_process
from local_aws.server.process import Server
from tests.support.answers import hold
from tests.support.synthesis import environment

ACCOUNT = "111111111111"
PREFIX = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
TRAINING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
# What a pipeline needs that trains and registers.
STATEMENTS: list[dict[str, Any]] = [
    {
        "Sid": "Jobs",
        "Effect": "Allow",
        "Action": ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:AddTags"],
        "Resource": f"{PREFIX}:training-job/lab-*",
    },
    {
        "Sid": "Role",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": TRAINING_ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    },
    {
        "Sid": "Group",
        "Effect": "Allow",
        "Action": ["sagemaker:CreateModelPackageGroup", "sagemaker:AddTags"],
        "Resource": f"{PREFIX}:model-package-group/cancer",
    },
    {
        "Sid": "Versions",
        "Effect": "Allow",
        "Action": "sagemaker:CreateModelPackage",
        "Resource": f"{PREFIX}:model-package/cancer/*",
    },
    {"Sid": "Artifact", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/training-output/*"},
]
JUDGE: dict[str, Any] = {
    "Name": "Judge",
    "Type": "Condition",
    "Arguments": {
        "Conditions": [
            {"Type": "GreaterThanOrEqualTo", "LeftValue": {"Get": "Parameters.Accuracy"}, "RightValue": 0.95}
        ],
        "IfSteps": [
            {
                "Name": "Register",
                "Type": "RegisterModel",
                "Arguments": {
                    "ModelPackageGroupName": "cancer",
                    "ModelApprovalStatus": "PendingManualApproval",
                    "InferenceSpecification": {
                        "Containers": [
                            {
                                "Image": "1.dkr.ecr.us-east-1.amazonaws.com/a:1",
                                "ModelDataUrl": "s3://acme/training-output/job/output/model.tar.gz",
                            }
                        ],
                        "SupportedContentTypes": ["text/csv"],
                        "SupportedResponseMIMETypes": ["text/csv"],
                    },
                    "CustomerMetadataProperties": {
                        "pipeline_execution": {"Get": "Execution.PipelineExecutionArn"},
                        "value": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Accuracy"}]}},
                    },
                },
            }
        ],
        "ElseSteps": [
            {
                "Name": "Fail",
                "Type": "Fail",
                "Arguments": {
                    "ErrorMessage": {"Std:Join": {"On": " ", "Values": ["accuracy is", {"Get": "Parameters.Accuracy"}]}}
                },
            }
        ],
    },
}
TRAIN: dict[str, Any] = {
    "Name": "Train",
    "Type": "Training",
    "Arguments": {
        "TrainingJobName": "lab-dev-breast-cancer",
        "AlgorithmSpecification": {
            "TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/a:1",
            "TrainingInputMode": "File",
        },
        "RoleArn": TRAINING_ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://acme/training-output/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"columns": "all"},
        "EnableNetworkIsolation": True,
    },
}
PARAMETERS = [{"Name": "Accuracy", "Type": "Float", "DefaultValue": 0.5}]


def definition(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": PARAMETERS, "Steps": [*steps]} | more)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    started = server_process.start(folder)
    yield started
    server_process.stop(folder, started)
    log = (folder / "server.log").read_text()
    assert "NotImplementedError" not in log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def client(server: Server) -> Callable[[str], Any]:
    session = credentials.session(credentials.account_variables(server, environment("dev").settings))
    return lambda service: session.client(service, endpoint_url=server.url)


@pytest.fixture(scope="module")
def made_roles(client: Callable[[str], Any]) -> Any:
    """IAM, with the training's role and one that pipelines may take."""
    iam = client("iam")
    for name in ("training", "pipeline", "untrusted"):
        trust = TRUST | ({"Principal": {"Service": "ec2.amazonaws.com"}} if name == "untrusted" else {})
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
    return iam


@pytest.fixture
def role(made_roles: Any) -> str:
    """The pipeline's, allowed what it needs."""
    allow(made_roles, STATEMENTS)
    return f"arn:aws:iam::{ACCOUNT}:role/pipeline"


def allow(iam: Any, statements: list[dict[str, Any]]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="pipeline", PolicyName="own", PolicyDocument=document)


@pytest.fixture(scope="module")
def holding(client: Callable[[str], Any]) -> Any:
    made = client("sagemaker")
    hold(made, left_out=("DescribeModelPackage.ModelPackageName: missing",))
    return made


@pytest.fixture
def sagemaker(holding: Any, client: Callable[[str], Any]) -> Iterator[Any]:
    """A client that holds every answer against the service model; it begins and ends with nothing there."""
    holding.create_model_package_group(ModelPackageGroupName="cancer")
    s3 = client("s3")
    s3.create_bucket(Bucket="acme")
    s3.put_object(Bucket="acme", Key="training-output/job/output/model.tar.gz", Body=b"")
    yield holding
    for pipeline in holding.list_pipelines()["PipelineSummaries"]:
        holding.delete_pipeline(PipelineName=pipeline["PipelineName"])
    for package in holding.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"]:
        holding.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    for group in holding.list_model_package_groups()["ModelPackageGroupSummaryList"]:
        holding.delete_model_package_group(ModelPackageGroupName=group["ModelPackageGroupName"])


def make(sagemaker: Any, role: str, text: str | None = None, **changes: Any) -> str:
    request = {"PipelineName": "lab", "PipelineDefinition": text or definition(JUDGE), "RoleArn": role} | changes
    arn: str = sagemaker.create_pipeline(**request)["PipelineArn"]
    return arn


def start(sagemaker: Any, **parameters: Any) -> str:
    given = [{"Name": name, "Value": str(value)} for name, value in parameters.items()]
    arn: str = sagemaker.start_pipeline_execution(PipelineName="lab", PipelineParameters=given)["PipelineExecutionArn"]
    return arn


def ended(sagemaker: Any, arn: str) -> dict[str, Any]:
    """The execution's description, once it has ended."""
    give_up = time.monotonic() + 30
    while True:
        described: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        if described["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            return described
        assert time.monotonic() < give_up, described
        time.sleep(0.05)


def steps(sagemaker: Any, arn: str) -> dict[str, dict[str, Any]]:
    """By name, in the order in which they ran."""
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}


def run(sagemaker: Any, **parameters: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    arn = start(sagemaker, **parameters)
    return ended(sagemaker, arn), steps(sagemaker, arn)


def refusal(operation: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as raised:
        operation(**parameters)
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


def test_a_pipeline_is_described_as_it_was_made_its_definition_as_the_text_it_was(sagemaker: Any, role: str) -> None:
    text = "\n" + definition(JUDGE).replace(": ", " :  ")
    arn = make(
        sagemaker,
        role,
        text,
        PipelineDisplayName="the-lab",
        PipelineDescription="of a test",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
        Tags=[{"Key": "Owner", "Value": "a"}],
    )
    described = sagemaker.describe_pipeline(PipelineName="lab")
    assert described["PipelineDefinition"] == text
    assert (described["PipelineDisplayName"], described["PipelineDescription"]) == ("the-lab", "of a test")
    assert (described["RoleArn"], described["PipelineStatus"]) == (role, "Active")
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}
    assert described["CreatedBy"]["IamIdentity"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/local/dev"
    assert "LastRunTime" not in described
    assert sagemaker.describe_pipeline(PipelineName=arn)["PipelineArn"] == arn == f"{PREFIX}:pipeline/lab"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Owner", "Value": "a"}]


def test_a_definition_in_s3_is_read_as_the_pipeline_is_made(
    sagemaker: Any, role: str, client: Callable[[str], Any]
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="acme-definitions")
    s3.put_object(Bucket="acme-definitions", Key="lab.json", Body=definition(JUDGE).encode())
    location = {"Bucket": "acme-definitions", "ObjectKey": "lab.json"}
    request = {"PipelineName": "lab", "RoleArn": role, "PipelineDefinitionS3Location": location}
    sagemaker.create_pipeline(**request)
    assert sagemaker.describe_pipeline(PipelineName="lab")["PipelineDefinition"] == definition(JUDGE)
    both = request | {"PipelineName": "both", "PipelineDefinition": definition(JUDGE)}
    assert "cannot be given both" in refusal(sagemaker.create_pipeline, **both)
    gone = request | {"PipelineName": "gone", "PipelineDefinitionS3Location": location | {"ObjectKey": "gone.json"}}
    assert "s3://acme-definitions/gone.json does not exist" in refusal(sagemaker.create_pipeline, **gone)


def test_an_update_changes_what_it_gives_and_nothing_else(sagemaker: Any, role: str) -> None:
    make(sagemaker, role, PipelineDescription="before")
    changed = definition(JUDGE, Metadata={"changed": "yes"})
    sagemaker.update_pipeline(PipelineName="lab", PipelineDefinition=changed)
    described = sagemaker.describe_pipeline(PipelineName="lab")
    assert (described["PipelineDefinition"], described["PipelineDescription"]) == (changed, "before")
    assert described["LastModifiedTime"] > described["CreationTime"]
    said = refusal(sagemaker.update_pipeline, PipelineName="lab", PipelineDefinition="{}")
    assert said.startswith("ValidationException: Unable to parse pipeline definition.")
    assert sagemaker.describe_pipeline(PipelineName="lab")["PipelineDefinition"] == changed


def test_pipelines_are_listed_by_prefix_order_and_page(sagemaker: Any, role: str) -> None:
    for name in ("lab-a", "lab-b", "other"):
        make(sagemaker, role, PipelineName=name)

    def listed(**filters: Any) -> list[str]:
        return [item["PipelineName"] for item in sagemaker.list_pipelines(**filters)["PipelineSummaries"]]

    assert listed() == ["other", "lab-b", "lab-a"]
    assert listed(SortBy="Name", SortOrder="Ascending", PipelineNamePrefix="lab") == ["lab-a", "lab-b"]
    first = sagemaker.list_pipelines(MaxResults=2)
    assert [item["PipelineName"] for item in first["PipelineSummaries"]] == ["other", "lab-b"]
    assert listed(MaxResults=2, NextToken=first["NextToken"]) == ["lab-a"]
    assert "NextToken 'x' is invalid" in refusal(sagemaker.list_pipelines, NextToken="x")


def test_an_execution_that_registers_tells_its_steps_and_the_version_tells_where_it_is_from(
    sagemaker: Any, role: str
) -> None:
    make(sagemaker, role)
    described, ran = run(sagemaker, Accuracy=0.986014)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in described
    assert described["PipelineExecutionDisplayName"].startswith("execution-")
    assert [*ran] == ["Judge", "Register"]
    assert {step["StepStatus"] for step in ran.values()} == {"Succeeded"}
    assert ran["Judge"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert ran["Register"]["AttemptCount"] == 1
    assert ran["Register"]["StartTime"] <= ran["Register"]["EndTime"]
    version = sagemaker.describe_model_package(ModelPackageName=ran["Register"]["Metadata"]["RegisterModel"]["Arn"])
    arn = described["PipelineExecutionArn"]
    assert version["CustomerMetadataProperties"] == {"pipeline_execution": arn, "value": "0.986014"}
    assert version["MetadataProperties"] == {"GeneratedBy": arn}
    session = f"sagemaker-pipeline-{arn.rpartition('/')[2]}-Register"
    assert version["CreatedBy"]["IamIdentity"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/{session}"
    assert sagemaker.describe_pipeline(PipelineName="lab")["LastRunTime"] == described["CreationTime"]


def test_an_execution_below_the_threshold_fails_with_the_sentence_and_registers_nothing(
    sagemaker: Any, role: str
) -> None:
    make(sagemaker, role)
    described, ran = run(sagemaker)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    assert [*ran] == ["Judge", "Fail"]
    assert (ran["Fail"]["StepStatus"], ran["Fail"]["FailureReason"]) == ("Failed", "accuracy is 0.5")
    assert ran["Fail"]["Metadata"] == {"Fail": {"ErrorMessage": "accuracy is 0.5"}}
    assert ran["Judge"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    assert sagemaker.list_model_packages(ModelPackageGroupName="cancer")["ModelPackageSummaryList"] == []
    [summary] = sagemaker.list_pipeline_executions(PipelineName="lab")["PipelineExecutionSummaries"]
    assert summary["PipelineExecutionFailureReason"] == described["FailureReason"]


def test_a_training_step_makes_a_job_of_its_arguments_with_its_prefix(sagemaker: Any, role: str) -> None:
    """Its image does not run here: so the job fails, and the step with the job's reason."""
    make(sagemaker, role, definition(TRAIN))
    described, ran = run(sagemaker)
    execution_id = described["PipelineExecutionArn"].rpartition("/")[2]
    name = ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    token = name.removeprefix(f"lab-dev-breast-cancer-{execution_id}-").removesuffix("-0")
    assert (len(token), token.isalnum()) == (10, True)
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert (job["HyperParameters"], job["RoleArn"]) == ({"columns": "all"}, TRAINING_ROLE)
    assert (job["TrainingJobStatus"], ran["Train"]["StepStatus"]) == ("Failed", "Failed")
    assert ran["Train"]["FailureReason"] == f"ClientError: {job['FailureReason']}"


def test_the_steps_are_listed_last_first_and_by_page(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    arn = start(sagemaker)
    ended(sagemaker, arn)
    first = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=1)
    assert [step["StepName"] for step in first["PipelineExecutionSteps"]] == ["Fail"]
    second = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, NextToken=first["NextToken"])
    assert [step["StepName"] for step in second["PipelineExecutionSteps"]] == ["Judge"]
    assert "NextToken" not in second


def test_an_execution_keeps_the_definition_that_it_began_with(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    arn = start(sagemaker, Accuracy=1)
    sagemaker.update_pipeline(PipelineName="lab", PipelineDefinition=definition(JUDGE, Metadata={"new": "yes"}))
    told = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert told["PipelineDefinition"] == definition(JUDGE)
    parameters = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert parameters == [{"Name": "Accuracy", "Value": "1"}]
    assert ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_a_start_that_is_sent_again_begins_no_second_execution(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    token = str(uuid.uuid4())
    arns = {
        sagemaker.start_pipeline_execution(PipelineName="lab", ClientRequestToken=token)["PipelineExecutionArn"]
        for _ in range(2)
    }
    assert len(arns) == 1
    assert len(sagemaker.list_pipeline_executions(PipelineName="lab")["PipelineExecutionSummaries"]) == 1


def test_two_executions_at_once_have_steps_of_their_own(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    good, bad = start(sagemaker, Accuracy=0.99), start(sagemaker, Accuracy=0.1)
    assert ended(sagemaker, good)["PipelineExecutionStatus"] == "Succeeded"
    assert ended(sagemaker, bad)["PipelineExecutionStatus"] == "Failed"
    assert [*steps(sagemaker, good)] == ["Judge", "Register"]
    assert [*steps(sagemaker, bad)] == ["Judge", "Fail"]
    listed = sagemaker.list_pipeline_executions(PipelineName="lab")["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == [bad, good]


WITHOUT = {
    "sagemaker:CreateModelPackageGroup": (
        "CreateModelPackageGroup",
        "is not authorized to perform: sagemaker:CreateModelPackageGroup on resource: "
        f"{PREFIX}:model-package-group/cancer because no identity-based policy allows the "
        "sagemaker:CreateModelPackageGroup action",
    ),
    "sagemaker:AddTags": (
        "CreateModelPackageGroup",
        f"is not authorized to perform: sagemaker:AddTags on resource: {PREFIX}:model-package-group/cancer",
    ),
    "sagemaker:CreateModelPackage": (
        "CreateModelPackage",
        f"is not authorized to perform: sagemaker:CreateModelPackage on resource: {PREFIX}:model-package/cancer/1",
    ),
    "s3:GetObject": (
        "CreateModelPackage",
        "Access denied for bucket: acme, object key: training-output/job/output/model.tar.gz",
    ),
}


@pytest.mark.parametrize("action", WITHOUT)
def test_a_role_that_may_not_register_fails_the_step_as_aws_says_it(
    sagemaker: Any, role: str, made_roles: Any, action: str
) -> None:
    allow(made_roles, without(action))
    make(sagemaker, role)
    described, ran = run(sagemaker, Accuracy=1)
    operation, said = WITHOUT[action]
    assert described["PipelineExecutionStatus"] == "Failed"
    reason = ran["Register"]["FailureReason"]
    assert reason.startswith(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: ")
    assert said in reason
    assert ran["Register"]["Metadata"] == {}
    assert sagemaker.list_model_packages(ModelPackageGroupName="cancer")["ModelPackageSummaryList"] == []


def without(action: str) -> list[dict[str, Any]]:
    """The statements, that action taken out of each."""
    statements = copy.deepcopy(STATEMENTS)
    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [item for item in actions if item != action] or ["none:None"]
    return statements


@pytest.mark.parametrize(
    ("action", "operation"),
    [
        ("sagemaker:CreateTrainingJob", "CreateTrainingJob"),
        ("sagemaker:AddTags", "CreateTrainingJob"),
        ("iam:PassRole", "CreateTrainingJob"),
        ("sagemaker:DescribeTrainingJob", "DescribeTrainingJob"),
    ],
)
def test_a_role_that_may_not_train_fails_the_step_as_aws_says_it(
    sagemaker: Any, role: str, made_roles: Any, action: str, operation: str
) -> None:
    allow(made_roles, without(action))
    make(sagemaker, role, definition(TRAIN))
    _, ran = run(sagemaker)
    reason = ran["Train"]["FailureReason"]
    assert reason.startswith(f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: User: arn:aws:sts::")
    assert f"is not authorized to perform: {action} on resource: " in reason


def test_a_deny_is_told_as_one(sagemaker: Any, role: str, made_roles: Any) -> None:
    deny = {"Effect": "Deny", "Action": "sagemaker:CreateTrainingJob", "Resource": "*"}
    allow(made_roles, [*STATEMENTS, deny])
    make(sagemaker, role, definition(TRAIN))
    _, ran = run(sagemaker)
    assert ran["Train"]["FailureReason"].endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize("name", ["untrusted", "nobody"])
def test_a_role_that_sagemaker_cannot_assume_fails_the_step(sagemaker: Any, role: str, name: str) -> None:
    make(sagemaker, role.replace("role/pipeline", f"role/{name}"), definition(TRAIN))
    _, ran = run(sagemaker)
    assert f"Could not assume role arn:aws:iam::{ACCOUNT}:role/{name}." in ran["Train"]["FailureReason"]


def test_what_a_step_sends_is_held_against_awss_models_too(sagemaker: Any, role: str) -> None:
    long = copy.deepcopy(TRAIN)
    long["Arguments"]["HyperParameters"] = {"columns": "a" * 2501}
    make(sagemaker, role, definition(long))
    _, ran = run(sagemaker)
    assert "HyperParameters.columns: 2501 characters: must be at most 2500" in ran["Train"]["FailureReason"]


def test_a_group_that_is_not_there_is_made_by_the_step(sagemaker: Any, role: str) -> None:
    sagemaker.delete_model_package_group(ModelPackageGroupName="cancer")
    make(sagemaker, role)
    described, _ = run(sagemaker, Accuracy=1)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    created = sagemaker.describe_model_package_group(ModelPackageGroupName="cancer")["CreatedBy"]
    assert ":assumed-role/pipeline/sagemaker-pipeline-" in created["IamIdentity"]["Arn"]


def test_rejects_a_definition_that_is_none_and_makes_nothing(sagemaker: Any, role: str) -> None:
    said = refusal(sagemaker.create_pipeline, PipelineName="lab", PipelineDefinition="not json", RoleArn=role)
    assert said.startswith("ValidationException: Unable to parse pipeline definition. It is no JSON")
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []


def test_rejects_a_definition_of_more_characters_than_sagemaker_takes(sagemaker: Any, role: str) -> None:
    most = 1_048_576
    text = definition(JUDGE)
    make(sagemaker, role, text + " " * (most - len(text)))
    said = refusal(
        sagemaker.update_pipeline, PipelineName="lab", PipelineDefinition=text + " " * (most + 1 - len(text))
    )
    assert "PipelineDefinition: 1048577 characters: must be at most 1048576" in said


def test_rejects_a_pipeline_that_exists_already(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    with pytest.raises(ClientError, match=r"Pipeline with name \(lab\) already exists"):
        make(sagemaker, role)


@pytest.mark.parametrize(
    "operation", ["describe_pipeline", "update_pipeline", "delete_pipeline", "start_pipeline_execution"]
)
def test_rejects_a_pipeline_that_is_not_there_as_terraforms_provider_reads_it(sagemaker: Any, operation: str) -> None:
    said = refusal(getattr(sagemaker, operation), PipelineName="nobody")
    assert said == f"ResourceNotFound: Pipeline '{PREFIX}:pipeline/nobody' does not exist."


@pytest.mark.parametrize(
    "operation",
    [
        "describe_pipeline_execution",
        "list_pipeline_execution_steps",
        "stop_pipeline_execution",
        "describe_pipeline_definition_for_execution",
        "list_pipeline_parameters_for_execution",
    ],
)
def test_rejects_an_execution_that_is_gone(sagemaker: Any, role: str, operation: str) -> None:
    make(sagemaker, role)
    arn = start(sagemaker)
    ended(sagemaker, arn)
    sagemaker.delete_pipeline(PipelineName="lab")
    said = refusal(getattr(sagemaker, operation), PipelineExecutionArn=arn)
    assert said == f"ResourceNotFound: Pipeline execution '{arn}' does not exist."


def test_rejects_to_stop_an_execution_that_has_ended(sagemaker: Any, role: str) -> None:
    make(sagemaker, role)
    arn = start(sagemaker)
    ended(sagemaker, arn)
    assert "is Failed: only one that is Executing can be stopped" in refusal(
        sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Unknown": "1"}, "Parameters ['Unknown'] are not defined in the pipeline definition"),
        ({"Accuracy": "high"}, "Parameter [Accuracy]: 'high': must be of type Float"),
    ],
)
def test_rejects_parameters_that_the_definition_has_not(
    sagemaker: Any, role: str, given: dict[str, str], said: str
) -> None:
    make(sagemaker, role)
    with pytest.raises(ClientError) as raised:
        start(sagemaker, **given)
    assert said in str(raised.value)
    assert sagemaker.list_pipeline_executions(PipelineName="lab")["PipelineExecutionSummaries"] == []
