"""The deployer's policy, as data and as the simulator decides by it. That it is enough: tests/integration."""

import json
import re
import subprocess
import sys
from typing import Any

import botocore.session
import pytest

from operations.deployer_policy import POLICY_MAX_CHARACTERS, DeployerPolicy
from settings.endpoint import ProvisionedEndpointSettings
from settings.environment import EnvironmentSettings
from settings.network import ExistingNetworkSettings, NewNetworkSettings
from settings.notebook import NotebookSettings
from settings.scaling import InstanceScalingSettings
from settings.schedule import ScheduleSettings
from settings.studio import StudioSettings
from settings.variant import VariantSettings
from stacks.environments import NAMES, ROOT
from tests.support.iam_actions import actions_of, checked_against, condition_keys
from tests.support.many import endpoints
from tests.support.policies import ACCOUNT, Request, decisions
from tests.support.script_training import script_training
from tests.support.synthesis import environment

SCALED = ProvisionedEndpointSettings(
    production=VariantSettings(
        instance_type="ml.m5.large",
        scaling=InstanceScalingSettings(max_instance_count=4, invocations_per_instance=600),
    )
)
EXISTING = ExistingNetworkSettings(subnet_ids=["subnet-0123456789abcdef0"], security_group_ids=["sg-0123456789abcdef0"])
PRIVATE = NewNetworkSettings(cidr_block="10.0.16.0/20")
STUDIO = StudioSettings(user_profiles=["ana", "ben"])
DAILY = script_training(schedule=ScheduleSettings(expression="rate(1 day)"))
# The committed environments, and some with what these leave out.
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    **{name: {} for name in NAMES},
    "staging with a state bucket, a notebook and scaling": {
        "state_bucket": "acme-state",
        "notebook": NotebookSettings(),
        "endpoints": [SCALED],
    },
    "staging that receives models": {"shares_account": True},
    "dev in a network that exists": {"network": EXISTING, "sagemaker_full_access": True},
    "dev with Studio": {"network": PRIVATE, "studio": STUDIO},
    "dev with Studio alone in a network that exists": {"network": EXISTING, "studio": STUDIO, "notebook": None},
    "dev with a training every day": {"trainings": [DAILY, script_training(name="unscheduled")]},
    "dev without a training": {"trainings": []},
    "dev with a hundred endpoints": {"endpoints": endpoints(100, 36), "notebook": NotebookSettings()},
}


def _name(of: str) -> str:
    return of.partition(" ")[0]


# Of those whose names say so, what it receives models from: prod in the same account, dev in another one and region.
RECEIVED: dict[str, list[EnvironmentSettings]] = {
    "staging that receives models": [
        environment("prod", shares_account=True).settings,
        environment("dev", account_id="222222222222", region="eu-west-1").settings,
    ]
}


def policy(of: str) -> DeployerPolicy:
    settings = environment(_name(of), **ENVIRONMENTS[of]).settings
    return DeployerPolicy(settings=settings, account_id=ACCOUNT, sources=RECEIVED.get(of, ()))


def kind(arn: str) -> str:
    """Of a resource, as the reference has it."""
    service, resource = arn.split(":")[2], arn.split(":", maxsplit=5)[5]
    match service:
        case "s3":
            return "object" if "/" in resource else "bucket"
        case "sns":
            return "topic"
        case "application-autoscaling":
            return "ScalableTarget"
        case "logs" | "cloudwatch" if resource[0] == "l" or resource.startswith("alarm"):
            return resource.partition(":")[0]
    return resource.partition("/")[0]


@pytest.mark.parametrize("of", ENVIRONMENTS)
def test_every_action_is_one_of_iams_and_checked_against_the_resources_it_stands_with(of: str) -> None:
    for statement in policy(of).statements:
        for action in statement.actions:
            kinds = checked_against(action)
            assert kinds is not None, f"{action}: there is no such action"
            if statement.resources == ["*"]:
                assert not kinds, f"{action}: may have a narrower resource than *: {sorted(kinds)}"
            assert {kind(arn) for arn in statement.resources if arn != "*"} <= kinds, (statement.sid, action)


@pytest.mark.parametrize("of", ENVIRONMENTS)
def test_every_condition_is_one_that_aws_has_for_its_actions(of: str) -> None:
    for statement in policy(of).statements:
        kinds = {kind(arn) for arn in statement.resources if arn != "*"}
        for _, key in statement.conditions:
            named = re.sub("Tag/.*", "Tag/${TagKey}", key)
            assert not [action for action in statement.actions if named not in condition_keys(action, kinds)], key


@pytest.mark.parametrize("of", ENVIRONMENTS)
def test_every_statement_has_a_name_of_its_own_and_no_action_twice(of: str) -> None:
    statements = policy(of).statements
    assert len({statement.sid for statement in statements}) == len(statements)
    assert all(re.fullmatch("[A-Za-z0-9]+", statement.sid) for statement in statements)
    assert all(len(set(statement.actions)) == len(statement.actions) for statement in statements)


@pytest.mark.parametrize("of", ENVIRONMENTS)
def test_what_iam_would_find_too_long_is_several_policies(of: str) -> None:
    documents = policy(of).documents
    allowed = [item for document in documents.values() for item in document["Statement"]]
    for statement in policy(of).statements:
        parts = [item for item in allowed if re.fullmatch(f"{statement.sid}[AB]*", item["Sid"])]
        assert [arn for item in parts for arn in item["Resource"]] == [*statement.resources]
        assert all(item["Action"] == [*statement.actions] for item in parts)
    assert len({item["Sid"] for item in allowed}) == len(allowed)
    for document in documents.values():
        assert len(re.sub(r"\s", "", json.dumps(document))) <= POLICY_MAX_CHARACTERS
    assert len(documents) >= 2
    assert next(iter(documents)) == f"ml-platform-{_name(of)}-deployer-1"


@pytest.mark.parametrize("of", ENVIRONMENTS)
def test_roles_are_passed_to_their_own_service_only(of: str) -> None:
    passed = [statement for statement in policy(of).statements if "iam:PassRole" in statement.actions]
    assert passed
    for statement in passed:
        assert statement.actions == ["iam:PassRole"]
        [((operator, key), services)] = statement.conditions.items()
        assert (operator, key, len(services)) == ("StringEquals", "iam:PassedToService", 1)
        assert all(f":role/ml-platform-{_name(of)}-" in arn for arn in statement.resources)
        assert not [arn for arn in statement.resources if "*" in arn]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
TAGS = {"Project": "ml-platform", "Environment": "staging"}
OWN = {f"aws:ResourceTag/{key}": value for key, value in TAGS.items()}
OTHERS = OWN | {"aws:ResourceTag/Environment": "prod"}
NEW = {f"aws:RequestTag/{key}": value for key, value in TAGS.items()}
PASS = {"iam:PassedToService": "sagemaker.amazonaws.com"}
VPC = arn("ec2", "vpc/vpc-0123456789abcdef0")
KEY = arn("kms", "key/01234567-89ab-cdef-0123-456789abcdef")


# What the account's own policies may allow on a key, its policy leaves to them: constructs/access/encryption_key.py.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "kms:*",
            "Resource": "*",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        }
    ],
}
NOTEBOOK = arn("sagemaker", "notebook-instance/ml-platform-staging")
ASKED: list[tuple[str, str, dict[str, str], bool]] = [
    ("sagemaker:UpdateEndpoint", arn("sagemaker", "endpoint/linear-learner"), {}, True),
    ("sagemaker:DeleteEndpoint", arn("sagemaker", "endpoint/another"), {}, False),
    ("sagemaker:DeleteModel", arn("sagemaker", "model/ml-platform-prod-breast-cancer-01234567"), {}, False),
    ("iam:PassRole", f"{ROLE}ml-platform-staging-sagemaker-hosting", PASS, True),
    ("iam:PassRole", f"{ROLE}ml-platform-prod-sagemaker-hosting", PASS, False),
    ("iam:PassRole", f"{ROLE}ml-platform-staging-sagemaker-hosting", {}, False),
    ("iam:PutRolePolicy", f"{ROLE}administrators", {}, False),
    ("iam:AttachRolePolicy", f"{ROLE}ml-platform-staging-sagemaker-hosting", {}, False),
    ("s3:PutObject", f"arn:aws:s3:::ml-platform-staging-sagemaker-{ACCOUNT}-us-east-1/models/a", {}, True),
    ("s3:GetObject", f"arn:aws:s3:::ml-platform-prod-sagemaker-{ACCOUNT}-us-east-1/models/a", {}, False),
    ("s3:PutObject", "arn:aws:s3:::acme-state/ml-platform/staging/terraform.tfstate", {}, True),
    ("s3:DeleteObject", "arn:aws:s3:::acme-state/ml-platform/staging/terraform.tfstate.tflock", {}, True),
    ("s3:DeleteObject", "arn:aws:s3:::acme-state/ml-platform/staging/terraform.tfstate", {}, False),
    ("s3:GetObject", "arn:aws:s3:::acme-state/ml-platform/prod/terraform.tfstate", {}, False),
    ("s3:DeleteBucket", "arn:aws:s3:::acme-state", {}, False),
    ("ec2:CreateVpc", VPC, NEW, True),
    ("ec2:CreateVpc", VPC, {}, False),
    ("ec2:DeleteVpc", VPC, OWN, True),
    ("ec2:DeleteVpc", VPC, OTHERS, False),
    ("sagemaker:UpdatePipeline", arn("sagemaker", "pipeline/ml-platform-staging-breast-cancer"), {}, True),
    ("sagemaker:UpdatePipeline", arn("sagemaker", "pipeline/ml-platform-prod-breast-cancer"), {}, False),
    ("sagemaker:StartPipelineExecution", arn("sagemaker", "pipeline/ml-platform-staging-breast-cancer"), {}, False),
    (
        "sagemaker:DeleteModelPackageGroup",
        arn("sagemaker", "model-package-group/ml-platform-staging-breast-cancer"),
        {},
        True,
    ),
    # Protected: nothing deletes what is registered.
    (
        "sagemaker:DeleteModelPackage",
        arn("sagemaker", "model-package/ml-platform-staging-breast-cancer/1"),
        {},
        False,
    ),
    ("sagemaker:UpdateModelPackage", arn("sagemaker", "model-package/ml-platform-staging-breast-cancer/1"), {}, False),
    ("iam:PassRole", f"{ROLE}ml-platform-staging-sagemaker-pipeline", PASS, True),
    ("kms:ScheduleKeyDeletion", KEY, OWN, True),
    ("kms:ScheduleKeyDeletion", KEY, OTHERS, False),
    ("kms:Decrypt", KEY, {}, False),
    ("kms:Decrypt", KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, True),
    ("sagemaker:CreatePresignedNotebookInstanceUrl", NOTEBOOK, {}, True),
    ("sagemaker:CreatePresignedNotebookInstanceUrl", NOTEBOOK.replace("staging", "dev"), {}, False),
    ("sagemaker:StopNotebookInstance", NOTEBOOK, {}, True),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/sagemaker/Endpoints/linear-learner"), {}, True),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/lambda/another"), {}, False),
]


STUDIO_TAGS = {"Project": "ml-platform", "Environment": "dev"}
STUDIO_OWN = {f"aws:ResourceTag/{key}": value for key, value in STUDIO_TAGS.items()}
OF_SAGEMAKER = {"aws:ResourceTag/ManagedByAmazonSageMakerResource": arn("sagemaker", "domain/d-abc")}
ANAS = {"sagemaker:OwnerUserProfileArn": arn("sagemaker", "user-profile/d-abc/ana")}
EVES = {"sagemaker:OwnerUserProfileArn": arn("sagemaker", "user-profile/d-abc/eve")}
# Of dev with Studio.
ASKED_OF_STUDIO: list[tuple[str, str, dict[str, str], bool]] = [
    ("sagemaker:CreateDomain", arn("sagemaker", "domain/d-abc"), {}, False),
    (
        "sagemaker:CreateDomain",
        arn("sagemaker", "domain/d-abc"),
        {f"aws:RequestTag/{key}": value for key, value in STUDIO_TAGS.items()},
        True,
    ),
    ("sagemaker:DeleteDomain", arn("sagemaker", "domain/d-abc"), STUDIO_OWN, True),
    ("sagemaker:DeleteDomain", arn("sagemaker", "domain/d-abc"), OTHERS, False),
    ("sagemaker:DeleteUserProfile", arn("sagemaker", "user-profile/d-abc/ana"), STUDIO_OWN, True),
    ("sagemaker:DeleteUserProfile", arn("sagemaker", "user-profile/d-abc/eve"), STUDIO_OWN, False),
    ("sagemaker:DeleteSpace", arn("sagemaker", "space/d-abc/work"), ANAS, True),
    ("sagemaker:DeleteSpace", arn("sagemaker", "space/d-abc/work"), EVES, False),
    ("sagemaker:DeleteApp", arn("sagemaker", "app/d-abc/work/jupyterlab/default"), ANAS, True),
    (
        "sagemaker:DeleteStudioLifecycleConfig",
        arn("sagemaker", "studio-lifecycle-config/ml-platform-prod-01234567"),
        {},
        False,
    ),
    ("iam:PassRole", f"{ROLE}ml-platform-dev-sagemaker-notebook", PASS, True),
    ("iam:AttachRolePolicy", f"{ROLE}ml-platform-dev-sagemaker-hosting", {}, False),
    ("ec2:DeleteSecurityGroup", arn("ec2", "security-group/sg-1"), OF_SAGEMAKER, True),
    ("ec2:DeleteSecurityGroup", arn("ec2", "security-group/sg-1"), OTHERS, False),
    ("elasticfilesystem:DeleteMountTarget", arn("elasticfilesystem", "file-system/fs-1"), OF_SAGEMAKER, True),
    ("elasticfilesystem:DeleteFileSystem", arn("elasticfilesystem", "file-system/fs-1"), OF_SAGEMAKER, False),
    (
        "kms:CreateGrant",
        KEY,
        {"kms:ViaService": "elasticfilesystem.us-east-1.amazonaws.com"} | {"kms:GrantIsForAWSResource": "true"},
        True,
    ),
]


def simulated(of: str, asked: list[tuple[str, str, dict[str, str], bool]]) -> list[str]:
    """What the simulator decides by the whole policy; the last of each question is what it should."""
    documents = policy(of).documents
    whole = {"Version": "2012-10-17", "Statement": [item for part in documents.values() for item in part["Statement"]]}
    return decisions(
        [
            Request(
                action=action,
                resource=resource,
                policy=whole,
                resource_policy=KEY_POLICY if action.startswith("kms:") else None,
                context=context,
            )
            for action, resource, context, _ in asked
        ]
    )


def test_the_simulator_allows_what_is_the_environments_own_and_nothing_else() -> None:
    decided = simulated("staging with a state bucket, a notebook and scaling", ASKED)
    expected = ["Allowed" if allowed else "ImplicitlyDenied" for *_, allowed in ASKED]
    assert list(zip(ASKED, decided, strict=True)) == list(zip(ASKED, expected, strict=True))


def test_what_is_studios_may_be_made_and_taken_away_and_no_others() -> None:
    decided = simulated("dev with Studio", ASKED_OF_STUDIO)
    expected = ["Allowed" if allowed else "ImplicitlyDenied" for *_, allowed in ASKED_OF_STUDIO]
    assert list(zip(ASKED_OF_STUDIO, decided, strict=True)) == list(zip(ASKED_OF_STUDIO, expected, strict=True))


def test_what_trainings_of_its_sources_have_left_may_be_read_and_nothing_else_there() -> None:
    theirs, key = (
        "arn:aws:s3:::ml-platform-dev-sagemaker-222222222222-eu-west-1",
        "key/01234567-89ab-cdef-0123-456789abcdef",
    )
    beside = f"arn:aws:s3:::ml-platform-prod-sagemaker-{ACCOUNT}-us-east-1"
    through, elsewhere = ({"kms:ViaService": f"s3.{region}.amazonaws.com"} for region in ("eu-west-1", "us-west-2"))
    asked: list[tuple[str, str, dict[str, str], bool]] = [
        ("s3:GetObject", f"{theirs}/training-output/a/output/model.tar.gz", {}, True),
        ("s3:GetObject", f"{beside}/training-output/a/output/model.tar.gz", {}, True),
        ("s3:GetObject", f"{theirs}/training-data/a", {}, False),
        ("s3:GetObject", f"{theirs}/models/a/model.tar.gz", {}, False),
        ("s3:GetObject", "arn:aws:s3:::ml-platform-dev-sagemaker-333333333333-eu-west-1/training-output/a", {}, False),
        ("s3:PutObject", f"{theirs}/training-output/a", {}, False),
        ("s3:DeleteObject", f"{theirs}/training-output/a", {}, False),
        ("s3:ListBucket", theirs, {}, False),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:222222222222:{key}", through, True),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:222222222222:{key}", elsewhere, False),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:222222222222:{key}", {}, False),
        ("kms:GenerateDataKey", f"arn:aws:kms:eu-west-1:222222222222:{key}", through, False),
    ]
    decided = simulated("staging that receives models", asked)
    expected = ["Allowed" if allowed else "ImplicitlyDenied" for *_, allowed in asked]
    assert list(zip(asked, decided, strict=True)) == list(zip(asked, expected, strict=True))


def test_nothing_is_allowed_of_sources_that_nobody_says_the_account_of() -> None:
    sources = [environment("dev").settings, environment("prod").settings]
    unknown = DeployerPolicy(settings=environment("staging").settings, account_id=ACCOUNT, sources=sources)
    assert unknown.documents == policy("staging").documents
    own_keys = environment("dev", account_id="222222222222", encryption_key=None, protected=False).settings
    without = DeployerPolicy(settings=environment("staging").settings, account_id=ACCOUNT, sources=[own_keys])
    added = {statement.sid for statement in without.statements} - {item.sid for item in policy("staging").statements}
    assert added == {"ReceivedModels"}


# What operations/ asks AWS itself, in botocore's names; Terraform's calls: tests/integration/test_preflight.py.
OF_COMMANDS = {
    "cloudwatch": "DescribeAlarms",
    "ec2": "DescribeAvailabilityZones DescribeFlowLogs DescribeSecurityGroups DescribeSubnets DescribeVpcEndpoints "
    "DescribeVpcs",
    "iam": "GetRole SimulatePrincipalPolicy",
    "kms": "DescribeKey ListAliases ListKeys ListResourceTags",
    "logs": "DescribeLogGroups ListTagsForResource",
    "s3": "GetBucketEncryption GetObject HeadBucket",
    "sagemaker": "CreatePresignedNotebookInstanceUrl DescribeEndpoint DescribeEndpointConfig DescribeModel "
    "DescribeModelPackageGroup DescribeNotebookInstance DescribeNotebookInstanceLifecycleConfig DescribePipeline "
    "ListEndpointConfigs ListEndpoints ListModels ListTags StartNotebookInstance StopNotebookInstance",
    "sagemaker-runtime": "InvokeEndpoint",
    "service-quotas": "ListAWSDefaultServiceQuotas ListServiceQuotas",
    "sts": "GetCallerIdentity",
}


def test_every_question_of_the_commands_is_allowed() -> None:
    of = "staging with a state bucket, a notebook and scaling"
    allowed = {action for statement in policy(of).statements for action in statement.actions}
    asked = {f"{service}.{name}" for service, names in OF_COMMANDS.items() for name in names.split()}
    assert {action for operation in asked for action in actions_of(operation)} - allowed == set()
    for operation in asked:
        service, _, name = operation.partition(".")
        assert name in botocore.session.get_session().get_service_model(service).operation_names


def test_what_trains_by_itself_may_be_scheduled_and_what_is_registered_deleted_where_all_may_go() -> None:
    daily, without = policy("dev with a training every day"), policy("dev without a training")
    allowed = {statement.sid: statement for statement in daily.statements}
    assert allowed["Schedules"].resources == [arn("scheduler", "schedule/default/ml-platform-dev-breast-cancer")]
    assert allowed["PassToScheduler"].resources == [f"{ROLE}ml-platform-dev-scheduler"]
    assert len(allowed["RegisteredModels"].resources) == 2
    assert "Schedules" not in {statement.sid for statement in policy("dev").statements}
    named = {"ModelGroups", "PassToScheduler", "Pipelines", "RegisteredModels", "Schedules"}
    assert not named & {statement.sid for statement in without.statements}


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("cloudwatch.PutMetricAlarm", {"cloudwatch:PutMetricAlarm"}),
        ("s3.HeadBucket", {"s3:ListBucket"}),
        ("s3control.ListTagsForResource", {"s3:ListTagsForResource"}),
        ("sagemaker-runtime.InvokeEndpoint", {"sagemaker:InvokeEndpoint"}),
        ("service-quotas.ListServiceQuotas", {"servicequotas:ListServiceQuotas"}),
        ("sts.GetCallerIdentity", set()),
    ],
)
def test_an_operation_needs_actions_of_iams_names(operation: str, actions: set[str]) -> None:
    assert actions_of(operation) == actions
    assert all(checked_against(action) is not None for action in actions)


def test_the_command_prints_it_for_the_account_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ML_PLATFORM_STAGING_ACCOUNT_ID", ACCOUNT)
    finished = subprocess.run(
        [sys.executable, "-m", "operations.deployer_policy", "staging"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(finished.stdout) == policy("staging").documents


def test_the_command_prints_what_reads_the_models_that_the_settings_let_it_receive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, name in enumerate(NAMES, start=1):
        monkeypatch.setenv(f"ML_PLATFORM_{name.upper()}_ACCOUNT_ID", str(number) * 12)
    finished = subprocess.run(
        [sys.executable, "-m", "operations.deployer_policy", "prod"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    statements = [item for document in json.loads(finished.stdout).values() for item in document["Statement"]]
    [received] = [item for item in statements if item["Sid"] == "ReceivedModels"]
    assert received["Resource"] == [
        "arn:aws:s3:::ml-platform-staging-sagemaker-222222222222-us-east-1/training-output/*",
        "arn:aws:s3:::ml-platform-dev-sagemaker-111111111111-us-east-1/training-output/*",
    ]
