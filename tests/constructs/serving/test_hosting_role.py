"""What the role of the models behind an endpoint may do, decided by an IAM simulator."""

import pytest
from cdktf import TerraformStack

from constructs.serving.hosting_role import HostingRole
from settings.data_capture import DataCaptureSettings
from settings.endpoint import ProvisionedEndpointSettings
from settings.releases import Release
from settings.variant import VariantSettings
from tests.support import parts
from tests.support.policies import ACCOUNT, Request, decisions, policies
from tests.support.synthesis import environment, only, synthesized, synthesized_platform

BUCKET = f"arn:aws:s3:::ml-platform-staging-sagemaker-{ACCOUNT}-us-east-1"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker"
IMAGES = "arn:aws:ecr:us-east-1:683313688378:repository"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"


def test_the_hosting_role_alone_is_one_role_with_one_policy() -> None:
    def build(stack: TerraformStack) -> None:
        HostingRole(
            stack,
            "hosting_role",
            account=parts.account(stack),
            names=parts.names(),
            limit_trust_to_account=True,
            bucket=parts.bucket(stack),
            key_arn=parts.KEY_ARN,
            image_repositories=["kmeans"],
            placement=parts.PLACEMENT,
            captures=True,
            rolls_back=True,
        )

    resources = synthesized(build)
    assert only(resources, "aws_iam_role")["name"] == "acme-prod-sagemaker-hosting"
    assert len(resources["aws_iam_role_policy"]) == 1


CASES = [
    ("s3:GetObject", f"{BUCKET}/models/breast-cancer/model.tar.gz", "Allowed"),
    ("s3:GetObject", f"{BUCKET}/training-data/lab1/train.csv", "ImplicitlyDenied"),
    ("s3:PutObject", f"{BUCKET}/models/breast-cancer/model.tar.gz", "ImplicitlyDenied"),
    ("logs:PutLogEvents", f"{LOGS}/Endpoints/linear-learner:log-stream:production/i-0", "Allowed"),
    ("logs:PutLogEvents", f"{LOGS}/Endpoints/other:log-stream:production/i-0", "ImplicitlyDenied"),
    ("logs:CreateLogGroup", f"{LOGS}/Endpoints/linear-learner", "ImplicitlyDenied"),
    ("ecr:BatchGetImage", f"{IMAGES}/sagemaker-scikit-learn", "Allowed"),
    ("ecr:BatchGetImage", f"{IMAGES}/linear-learner", "ImplicitlyDenied"),
    ("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-0123456789abcdef1", "Allowed"),
    ("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-99999999", "ImplicitlyDenied"),
    ("sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/x", "ImplicitlyDenied"),
]


def test_a_model_reads_its_artifact_and_nothing_else() -> None:
    policy = policies("staging")["hosting_role_policy_document"]
    decided = decisions([Request(action=action, resource=resource, policy=policy) for action, resource, _ in CASES])
    assert [(*case[:2], decision) for case, decision in zip(CASES, decided, strict=True)] == CASES


def test_it_asks_for_the_state_of_the_platforms_own_alarms() -> None:
    alarm = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"
    policy = policies("staging")["hosting_role_policy_document"]
    asked = [
        Request(action="cloudwatch:DescribeAlarms", resource=f"{alarm}{name}", policy=policy)
        for name in ("ml-platform-staging-linear-learner-5xx-errors", "other")
    ]
    assert decisions(asked) == ["Allowed", "ImplicitlyDenied"]


def test_it_writes_captured_data_where_an_endpoint_captures_and_only_there() -> None:
    endpoint = ProvisionedEndpointSettings(
        production=VariantSettings(), data_capture=DataCaptureSettings(sampling_percent=1)
    )
    key = f"arn:aws:s3:::ml-platform-dev-sagemaker-{ACCOUNT}-us-east-1"
    captures = policies("dev", endpoints=[endpoint])["hosting_role_policy_document"]
    silent = policies("dev")["hosting_role_policy_document"]
    asked = [
        Request(action="s3:PutObject", resource=f"{key}/{path}", policy=policy)
        for policy, path in ((captures, "data-capture/a"), (captures, "models/a"), (silent, "data-capture/a"))
    ]
    assert decisions(asked) == ["Allowed", "ImplicitlyDenied", "ImplicitlyDenied"]


@pytest.mark.parametrize(("name", "network"), [("dev", False), ("prod", True)])
def test_it_may_work_in_the_network_where_there_is_one_for_what_was_on_instances_too(name: str, network: bool) -> None:
    document = policies(name)["hosting_role_policy_document"]
    found = [item["Sid"] for item in document["Statement"] if item["Sid"].startswith("Network")]
    assert found == (["NetworkRead", "NetworkInterfaces", "NetworkPermissions"] if network else [])


def test_without_a_release_the_role_stays_as_sagemaker_needs_it_for_what_has_gone() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html"""
    platform = synthesized_platform(environment("prod", release=Release()))
    assert platform["resource"]["aws_iam_role"]["hosting_role"]["name"] == "ml-platform-prod-sagemaker-hosting"
    document = platform["data"]["aws_iam_policy_document"]["hosting_role_policy_document"]
    assert "ImagePull" not in [item["sid"] for item in document["statement"]]
