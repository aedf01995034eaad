"""docs/training.md, Who may train: that policy, as the simulator decides by it, on what the commands really ask for."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from operations import train
from operations.approval import decide, digest, package, refuse_what_cannot_serve
from operations.caller import Caller
from operations.models import lines
from operations.promote import Registry
from operations.release import Candidate, newest_approved
from operations.train import deployed_pipeline, found_execution, others, refuse_without_data, start
from operations.training_artifacts import TrainingArtifacts
from operations.training_screen import Lines
from settings.releases import TrainedEntry
from stacks.environments import ROOT
from tests.support import training
from tests.support.iam_actions import actions_of, checked_against
from tests.support.played import ACCOUNT, Played
from tests.support.policies import KEY, Policy, Request, decisions, policies
from tests.support.synthesis import environment
from tests.support.train_command import SCENES, playing
from tests.support.training import BUCKET, EXECUTION, NAME, PIPELINE, REGION, endpoints, registry

PAGE = (ROOT / "docs/training.md").read_text()
[POLICY] = [json.loads(found) for found in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)]
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"
DECRYPT, VIA_S3 = "kms:Decrypt", {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
COPY = f"s3://{BUCKET}/models/breast-cancer-3-01234567/model.tar.gz"
OTHER = "ml-platform-prod-breast-cancer"


def resource(operation: str, asked: dict[str, Any]) -> str:
    """What IAM holds the call against: https://docs.aws.amazon.com/service-authorization/latest/reference/"""
    match operation, asked:
        case _, {"PipelineExecutionArn": arn} | {"ModelPackageArn": arn}:
            return str(arn)
        case "sagemaker.DescribeModelPackage", {"ModelPackageName": arn}:
            return str(arn)
        case "sagemaker.ListModelPackages", {"ModelPackageGroupName": name}:
            return f"{REGION}:model-package/{name}/*"
        case "logs.GetLogEvents", {"logGroupName": group, "logStreamName": stream}:
            return f"{LOGS}:{group}:log-stream:{stream}"
        case "logs.DescribeLogStreams", {"logGroupName": group}:
            return f"{LOGS}:{group}"
        case "s3.HeadObject" | "s3.GetObject", {"Bucket": bucket, "Key": key}:
            return f"arn:aws:s3:::{bucket}/{key}"
        case "s3.ListObjectsV2", {"Bucket": bucket}:
            return f"arn:aws:s3:::{bucket}"
    kinds = {
        "PipelineName": "pipeline",
        "ModelPackageGroupName": "model-package-group",
        "TrainingJobName": "training-job",
        "EndpointName": "endpoint",
        "EndpointConfigName": "endpoint-config",
        "ModelName": "model",
    }
    [(kind, name)] = [(kinds[field], value) for field, value in asked.items() if field in kinds]
    return f"{REGION}:{kind}/{name}"


def decrypted(context: dict[str, str], policy: Policy = POLICY) -> Request:
    keys = policies("dev")["encryption_key_policy_document"]
    return Request(action=DECRYPT, resource=KEY, policy=policy, resource_policy=keys, context=context)


def requests(asked: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Request]:
    for operation, parameters in asked:
        context = {"s3:prefix": parameters["Prefix"]} if "Prefix" in parameters else {}
        for action in actions_of(operation):
            yield Request(action=action, resource=resource(operation, parameters), policy=POLICY, context=context)
        if operation == "s3.GetObject":  # S3 decrypts as who asks it
            yield decrypted(VIA_S3)


def trained() -> Played:
    """make train, and then with EXECUTION."""
    played = playing(SCENES["good"], ["a line"])
    sagemaker = played.client("sagemaker")
    pipeline = deployed_pipeline(sagemaker, environment("dev"), "breast-cancer", NAME)
    found_execution(sagemaker, [pipeline], "abcdefghijkl")
    refuse_without_data(played.client("s3"), pipeline, environment("dev"))
    assert [*others(sagemaker, pipeline, "make train")]
    caller = Caller(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/jane")
    start(sagemaker, pipeline, caller, train.Patience(Lines(print)), [])
    with patch("operations.train.PAUSE_SECONDS", 0.01):
        train.followed(sagemaker, played.client("logs"), EXECUTION, "dev", whole=True)
    return played


def decided() -> Played:
    """make models, make approve."""
    sagemaker = {
        **registry(training.package(3)),
        **endpoints(**{"linear-learner": {"ModelDataUrl": COPY}}),
        "UpdateModelPackage": lambda *, ModelPackageArn, **_: {"ModelPackageArn": ModelPackageArn},  # noqa: N803
    }
    played = Played(sagemaker=sagemaker, s3=training.objects({training.ARTIFACT: b"model", COPY: b"model"}))
    client, artifacts = played.client("sagemaker"), TrainingArtifacts(played.client("s3"))
    assert len([*lines(client, played.client("s3"), environment("dev"), {"breast-cancer": NAME})]) == 3
    found = package(client, environment("dev"), "breast-cancer", NAME, 3)
    refuse_what_cannot_serve(found, artifacts)
    kept = digest(found, artifacts)
    assert [*decide(client, found, "approve", f"approved on {datetime.now(UTC):%Y}", kept)]
    return played


def released() -> Played:
    """make release, and what make promote asks where the model was trained."""
    approved = training.package(3, "Approved")
    played = Played(sagemaker=registry(approved), s3=training.objects({training.ARTIFACT: b"model"}))
    client, dev = played.client("sagemaker"), environment("dev")
    found = newest_approved(client, dev, "breast-cancer", NAME)
    assert package(client, dev, "breast-cancer", NAME, 3) == found
    artifacts = TrainingArtifacts(played.client("s3"))
    entry, _ = Candidate(
        environment=dev, account_id=ACCOUNT, training="breast-cancer", found=found, artifacts=artifacts
    ).entry()
    asked_there = Registry(
        environment=dev, trained=TrainedEntry.model_validate(entry["trained"]), key=entry["artifact"]
    )
    caller = Caller(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/jane")
    with (
        patch("operations.promote.session_for", lambda *_: played),
        patch("operations.promote.refuse_elsewhere"),
        patch("operations.promote.caller_of", lambda *_: caller),  # which everybody may ask
    ):
        assert [*asked_there.against(copies=True)] == []
    return played


@pytest.mark.parametrize(
    ("played", "first"),
    [
        (trained, "sagemaker.DescribePipeline"),
        (decided, "sagemaker.DescribeEndpoint"),
        (released, "sagemaker.DescribeModelPackageGroup"),
    ],
)
def test_the_policy_of_the_page_allows_what_the_commands_ask_for(played: Any, first: str) -> None:
    asked = played().asked
    assert asked[0][0] == first
    wanted = [*requests(asked)]
    denied = [
        (request.action, request.resource)
        for request, decision in zip(wanted, decisions(wanted), strict=True)
        if decision != "Allowed"
    ]
    assert denied == []


def test_the_policy_of_the_page_allows_nothing_that_no_command_asks_for() -> None:
    asked = [*trained().asked, *decided().asked]
    needed = {action for operation, _ in asked for action in actions_of(operation)} | {
        "sagemaker:StopPipelineExecution",  # which make train tells a person to call
        DECRYPT,
    }
    granted = {
        action
        for statement in POLICY["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert granted == needed
    assert not [action for action in granted if not checked_against(action)]


@pytest.mark.parametrize(
    ("action", "of"),
    [
        ("sagemaker:StartPipelineExecution", f"{REGION}:pipeline/{OTHER}"),
        ("sagemaker:StopPipelineExecution", f"{REGION}:pipeline/{OTHER}/execution/abcdefghijkl"),
        ("sagemaker:UpdateModelPackage", f"{REGION}:model-package/{OTHER}/3"),
        ("sagemaker:UpdatePipeline", PIPELINE),
        ("sagemaker:CreateTrainingJob", f"{REGION}:training-job/{NAME}-1"),
        ("logs:GetLogEvents", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:{OTHER}-1/algo-1-1"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/data-capture/a"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/training-output/a"),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
    ],
)
def test_the_policy_of_the_page_allows_nothing_of_another_training_or_deploy(action: str, of: str) -> None:
    [decision] = decisions([Request(action=action, resource=of, policy=POLICY)])
    assert decision == "ImplicitlyDenied"


def test_the_key_decrypts_what_s3_has_and_nothing_else_and_only_for_whom_the_policy_names() -> None:
    without = {**POLICY, "Statement": [item for item in POLICY["Statement"] if item["Sid"] != "Key"]}
    assert decisions([decrypted(VIA_S3), decrypted({}), decrypted(VIA_S3, without)]) == [
        "Allowed",
        "ImplicitlyDenied",
        "ImplicitlyDenied",
    ]
