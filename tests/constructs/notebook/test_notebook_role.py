"""What the notebook's role may do, decided by an IAM simulator on the policy that AWS gets."""

import json
import re

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment

from constructs.notebook.notebook_role import NotebookRole
from stacks.environments import ROOT
from stacks.ml_platform_stack import MlPlatformStack
from tests.support import parts
from tests.support.policies import ACCOUNT, KEY, Request, decisions, policies
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

BUCKET = f"arn:aws:s3:::ml-platform-dev-sagemaker-{ACCOUNT}-us-east-1"
SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
JOB = f"{SAGEMAKER}:training-job/ml-platform-dev-lab1-261123-101500"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/ml-platform-dev-sagemaker"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}


def test_the_notebooks_role_alone_is_one_role_with_one_policy() -> None:
    def build(stack: TerraformStack) -> None:
        NotebookRole(
            stack,
            "notebook_role",
            account=parts.account(stack),
            names=parts.names(),
            sagemaker_full_access=False,
            bucket=parts.bucket(stack),
            key_arn=None,
            training_role_arn="arn:aws:iam::111111111111:role/training",
            placement=None,
        )

    resources = synthesized(build)
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-sagemaker-notebook"
    assert len(resources["aws_iam_role_policy"]) == 1


# What the lifecycle scripts and Lab1 ask AWS for.
LAB1 = {
    "list_objects_v2": [("s3:ListBucket", BUCKET)],
    "get_object": [("s3:GetObject", f"{BUCKET}/notebooks/Lab1.ipynb"), ("kms:Decrypt", KEY)],
    "put_object": [("s3:PutObject", f"{BUCKET}/training-data/lab1/train.csv"), ("kms:GenerateDataKey", KEY)],
    "describe_notebook_instance": [
        ("sagemaker:DescribeNotebookInstance", f"{SAGEMAKER}:notebook-instance/ml-platform-dev")
    ],
    "create_training_job": [("sagemaker:CreateTrainingJob", JOB), ("iam:PassRole", f"{ROLES}-training")],
    "describe_training_job": [("sagemaker:DescribeTrainingJob", JOB)],
}
ALLOWED = [step for steps in LAB1.values() for step in steps] + [
    ("s3:GetObject", f"{BUCKET}/training-output/lab1/model.tar.gz"),
    ("sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/linear-learner"),
    ("logs:GetLogEvents", f"{LOGS}/TrainingJobs:log-stream:lab1"),
    ("logs:PutLogEvents", f"{LOGS}/NotebookInstances:log-stream:ml-platform-dev"),
]
DENIED = [
    ("s3:GetObject", "arn:aws:s3:::another-bucket/data.csv"),
    ("s3:ListBucket", "arn:aws:s3:::another-bucket"),
    ("s3:PutBucketPolicy", BUCKET),
    ("s3:DeleteBucket", BUCKET),
    ("iam:PassRole", f"{ROLES}-hosting"),
    ("iam:PassRole", f"{ROLES}-notebook"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors"),
    ("logs:CreateLogGroup", f"{LOGS}/TrainingJobs"),
    ("logs:PutLogEvents", f"{LOGS}/TrainingJobs:log-stream:lab1"),
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/ml-platform-staging-lab1"),
    ("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint/linear-learner"),
    ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/linear-learner"),
    ("sagemaker:StopNotebookInstance", f"{SAGEMAKER}:notebook-instance/ml-platform-staging"),
    ("kms:ScheduleKeyDeletion", KEY),
    ("kms:CreateGrant", KEY),
]


def decided(steps: list[tuple[str, str]], context: dict[str, str]) -> dict[tuple[str, str], str]:
    documents = policies("dev")
    requests = [
        Request(
            action=action,
            resource=resource,
            principal=f"{ROLES}-notebook",
            policy=documents["notebook_role_policy_document"],
            resource_policy=documents["encryption_key_policy_document"] if action.startswith("kms:") else None,
            context=context if action == "iam:PassRole" else {},
        )
        for action, resource in steps
    ]
    return dict(zip(steps, decisions(requests), strict=True))


def test_it_may_take_every_step_of_lab1() -> None:
    assert dict.fromkeys(ALLOWED, "Allowed") == decided(ALLOWED, TO_SAGEMAKER)


def test_the_steps_are_those_that_the_notebook_takes() -> None:
    cells = json.loads((ROOT / "notebooks/Lab1-train-a-linear-learner.ipynb").read_text())["cells"]
    code = "".join(line for cell in cells if cell["cell_type"] == "code" for line in cell["source"])
    called = set(re.findall(r"\b(?:s3|sagemaker)\.(\w+)\(", code))
    assert called == LAB1.keys() - {"get_object", "list_objects_v2"}  # those two are the scripts'


def test_it_may_not_reach_beyond_the_platform() -> None:
    assert dict.fromkeys(DENIED, "ImplicitlyDenied") == decided(DENIED, TO_SAGEMAKER)


def test_it_may_stop_its_own_instance_and_no_other() -> None:
    """What the idle stop asks for: lifecycle_scripts/stop_when_idle.py."""
    own, other = (f"{SAGEMAKER}:notebook-instance/{name}" for name in ("ml-platform-dev", "ml-platform-dev-2"))
    elsewhere = own.replace("us-east-1", "eu-west-1")
    may = [("sagemaker:StopNotebookInstance", own)]
    may_not = [
        *(("sagemaker:StopNotebookInstance", resource) for resource in (other, elsewhere)),
        *((f"sagemaker:{action}NotebookInstance", own) for action in ("Start", "Delete", "Update", "Create")),
    ]
    assert decided([*may, *may_not], {}) == dict.fromkeys(may, "Allowed") | dict.fromkeys(may_not, "ImplicitlyDenied")


def test_the_training_role_may_be_passed_to_sagemaker_only() -> None:
    step = ("iam:PassRole", f"{ROLES}-training")
    assert decided([step], {"iam:PassedToService": "ec2.amazonaws.com"}) == {step: "ImplicitlyDenied"}


def test_in_a_network_it_may_put_interfaces_there_and_nowhere_else() -> None:
    documents = policies("staging", notebook=environment("dev").settings.notebook)
    ec2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
    own, other = f"{ec2}:subnet/subnet-0123456789abcdef0", f"{ec2}:subnet/subnet-99999999"
    policy = documents["notebook_role_policy_document"]
    asked = [Request(action="ec2:CreateNetworkInterface", resource=item, policy=policy) for item in (own, other)]
    assert decisions(asked) == ["Allowed", "ImplicitlyDenied"]
    assert "ec2:" not in json.dumps(policies("dev")["notebook_role_policy_document"])


def test_full_access_is_attached_where_the_setting_says_so_and_nowhere_else() -> None:
    kind = IamRolePolicyAttachment.TF_RESOURCE_TYPE
    [attachment] = synthesized_platform(environment("dev", sagemaker_full_access=True))["resource"][kind].values()
    assert attachment["role"] == "${aws_iam_role.notebook_role.name}"
    assert attachment["policy_arn"].endswith(":iam::aws:policy/AmazonSageMakerFullAccess")
    for name in ("dev", "staging", "prod"):
        assert kind not in synthesized_platform(environment(name))["resource"]


@pytest.mark.parametrize("full_access", [True, False])
def test_full_access_says_at_synth_what_it_opens(full_access: bool) -> None:
    stack = MlPlatformStack(Testing.app(), environment("dev", sagemaker_full_access=full_access))
    role = stack.node.find_child("(notebook)").node.find_child("notebook_role")
    said = [str(entry.data) for entry in role.node.metadata if "warn" in entry.type]
    assert bool(said) is full_access
    if full_access:
        assert said[0].startswith("sagemaker_full_access is True: ")
        for what in ("pass every role", "every bucket that has sagemaker in its name", "delete alarms"):
            assert what in said[0]


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_without_a_notebook_there_is_no_such_role(name: str) -> None:
    assert "notebook_role" not in synthesized_platform(environment(name))["resource"]["aws_iam_role"]
