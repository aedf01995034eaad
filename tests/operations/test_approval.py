"""make approve and make reject: what they refuse, and what they write down."""

import hashlib
from typing import Any

import pytest

from operations.approval import (
    DESCRIPTION_MAX_CHARACTERS,
    decide,
    description,
    digest,
    next_steps,
    package,
    refuse_what_cannot_serve,
    version,
)
from operations.caller import Caller
from operations.training_artifacts import TrainingArtifacts
from settings.endpoint import ServerlessEndpointSettings
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError
from tests.support import training
from tests.support.played import ACCOUNT, Played, raised, refusal
from tests.support.synthesis import environment
from tests.support.training import ARTIFACT, BEGAN, METRIC, NAME, registry

CALLER = Caller(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/jane")
TEXT = f"approved by {CALLER.arn} on 2026-11-27 10:00 UTC"


@pytest.mark.parametrize("given", ["", "0", "-1", "1.0", "three", "1000000000", "٣", "3\n"])
def test_rejects_what_is_no_number_of_a_version(given: str) -> None:
    with pytest.raises(OperationError, match=r"^VERSION: .*: must be the number of a version"):
        version(given)


@pytest.mark.parametrize("given", ["1", "999999999"])
def test_a_version_is_a_number_that_sagemaker_takes(given: str) -> None:
    assert version(given) == int(given)


def test_what_is_written_down_says_who_when_and_why() -> None:
    assert description("approve", CALLER, "", BEGAN) == TEXT
    assert description("approve", CALLER, "better", BEGAN) == f"{TEXT}: better"
    assert description("reject", CALLER, "", BEGAN) == TEXT.replace("approved", "rejected")


def test_rejects_a_reason_that_is_longer_than_sagemaker_takes() -> None:
    most = DESCRIPTION_MAX_CHARACTERS - len(f"{TEXT}: ")
    assert len(description("approve", CALLER, "x" * most, BEGAN)) == DESCRIPTION_MAX_CHARACTERS
    with pytest.raises(OperationError, match=f"^WHY: {most + 1} characters: must be at most {most},"):
        description("approve", CALLER, "x" * (most + 1), BEGAN)


@pytest.mark.parametrize("why", ["a\nb", "\x1b[2J", "a\tb"])
def test_rejects_a_reason_that_is_not_one_line(why: str) -> None:
    with pytest.raises(OperationError, match="must be one line of what can be printed"):
        description("approve", CALLER, why, BEGAN)


def found(number: int, *packages: dict[str, Any]) -> dict[str, Any]:
    sagemaker = Played(sagemaker=registry(*packages)).client("sagemaker")
    return package(sagemaker, environment("dev"), "breast-cancer", NAME, number)


def test_rejects_a_version_that_is_not_there_with_those_that_are() -> None:
    assert found(2, training.package(2))["ModelPackageVersion"] == 2
    with pytest.raises(OperationError, match=r"^VERSION: 4: must be one of 2, 1$"):
        found(4, training.package(1), training.package(2))
    with pytest.raises(OperationError, match=r"^VERSION: 11: must be one of 12, .*, 2, ...$"):
        found(11, *[training.package(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12)])
    with pytest.raises(OperationError, match=r"^VERSION: 1: there is none yet$"):
        found(1)


def test_rejects_a_version_of_a_training_that_is_not_deployed() -> None:
    none = {"DescribeModelPackageGroup": lambda **_: raised(refusal("ValidationException"))}
    with pytest.raises(OperationError, match="not deployed yet: make deploy ENV=dev"):
        package(Played(sagemaker=none).client("sagemaker"), environment("dev"), "breast-cancer", NAME, 1)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("404", f"version 3: its artifact is gone, and nothing can serve it: {ARTIFACT}"),
        ("403", "not allowed: s3:GetObject"),
    ],
)
def test_rejects_an_approval_of_what_has_no_artifact(code: str, said: str) -> None:
    s3 = Played(s3={"HeadObject": lambda **_: raised(refusal(code, status=int(code)))}).client("s3")
    with pytest.raises(OperationError, match=f"^{said}"):
        refuse_what_cannot_serve(training.package(3), TrainingArtifacts(s3))


def test_an_artifact_that_is_there_is_asked_for_where_it_is() -> None:
    played = Played(s3=training.objects({ARTIFACT: b"model"}))
    refuse_what_cannot_serve(training.package(3), TrainingArtifacts(played.client("s3")))
    [(_, asked)] = played.asked
    assert f"s3://{asked['Bucket']}/{asked['Key']}" == ARTIFACT


def test_rejects_an_approval_of_what_is_not_registered_whole() -> None:
    with pytest.raises(OperationError, match="version 3 is Failed: only one that is Completed can be approved"):
        refuse_what_cannot_serve(
            training.package(3, ModelPackageStatus="Failed"), TrainingArtifacts(Played().client("s3"))
        )


def decided(before: dict[str, Any], verb: str, kept: dict[str, str] | None = None) -> tuple[list[str], list[Any]]:
    played = Played(sagemaker={"UpdateModelPackage": lambda **_: {"ModelPackageArn": before["ModelPackageArn"]}})
    lines = [*decide(played.client("sagemaker"), before, verb, TEXT, kept or {})]
    return lines, [parameters for _, parameters in played.asked]


def test_a_decision_is_written_down_with_who_and_why() -> None:
    lines, [asked] = decided(training.package(3), "approve")
    assert lines == [f"version 3 ({METRIC} 0.986014) is {TEXT}"]
    arn = training.package(3)["ModelPackageArn"]
    assert asked == {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved", "ApprovalDescription": TEXT}


@pytest.mark.parametrize(("verb", "status"), [("approve", "Approved"), ("reject", "Rejected")])
def test_what_is_decided_already_stays_as_it_was_said_first(verb: str, status: str) -> None:
    lines, asked = decided(training.package(3, status, ApprovalDescription="by john: first"), verb)
    assert lines == [f"version 3 is {status} already, and nothing was changed: by john: first"]
    assert asked == []


def test_an_approved_version_may_be_rejected() -> None:
    [said], asked = decided(training.package(3, "Approved", ApprovalDescription="by john"), "reject")
    assert said.endswith(", and was Approved (by john)")
    assert asked[0]["ModelApprovalStatus"] == "Rejected"


def test_the_digest_of_what_is_approved_is_kept_beside_all_that_was_there() -> None:
    artifacts = TrainingArtifacts(Played(s3=training.objects({ARTIFACT: b"model"})).client("s3"))
    kept = digest(training.package(3), artifacts)
    assert kept == {"sha256": hashlib.sha256(b"model").hexdigest()}
    _, [asked] = decided(training.package(3), "approve", kept)
    assert asked["CustomerMetadataProperties"] == {**training.package(3)["CustomerMetadataProperties"], **kept}
    assert asked["ModelApprovalStatus"] == "Approved"


def test_of_several_artifacts_none_is_the_one_that_was_approved() -> None:
    two = [{"Image": training.IMAGE, "ModelDataUrl": ARTIFACT}] * 2
    found = training.package(3, InferenceSpecification={"Containers": two})
    assert digest(found, TrainingArtifacts(Played().client("s3"))) == {}


def steps(found: dict[str, Any], of: Environment) -> list[str]:
    return [*next_steps(found, "breast-cancer", of)]


def test_an_approved_version_is_released_by_the_command_that_is_printed() -> None:
    dev = environment("dev")
    assert steps(training.package(3), dev) == ["next: make release ENV=dev MODEL=3"]
    trainings = [*dev.settings.trainings, *[item.model_copy(update={"name": "b"}) for item in dev.settings.trainings]]
    assert steps(training.package(3), environment("dev", trainings=trainings)) == [
        "next: make release ENV=dev MODEL=breast-cancer/3"
    ]
    endpoints = [ServerlessEndpointSettings(name=name) for name in ("churn", "fraud")]
    assert steps(training.package(3), environment("dev", endpoints=endpoints)) == [
        "next: make release ENV=dev MODEL=3 ENDPOINT=..."
    ]


@pytest.mark.parametrize(
    "containers",
    [
        [],
        [{"Image": "acme/own@sha256:01", "ModelDataUrl": ARTIFACT}],
        [{"Image": training.IMAGE}],
        [{"Image": training.IMAGE, "ModelDataUrl": ARTIFACT}] * 2,
    ],
)
def test_what_releases_json_cannot_have_is_told(containers: list[dict[str, Any]]) -> None:
    [said] = steps(training.package(3, InferenceSpecification={"Containers": containers}), environment("dev"))
    assert said == "releases.json cannot have it: it takes one of AWS's images with one artifact"
