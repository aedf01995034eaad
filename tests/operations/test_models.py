"""make models: its table, from SageMaker's answers. That it reads what was registered: tests/integration."""

from datetime import timedelta
from typing import Any

import pytest

from operations.approval import description
from operations.caller import Caller
from operations.models import VERSIONS_MAX_COUNT, WIDTH, Served, lines, row, served, versions
from operations.training_artifacts import TrainingArtifacts
from operations.trainings import name_of, names_of, option, refusals
from stacks.synthesized_stack import OperationError
from tests.support.played import ACCOUNT, Answers, Played, raised, refusal
from tests.support.script_training import script_training
from tests.support.synthesis import environment
from tests.support.training import (
    ARTIFACT,
    BEGAN,
    BUCKET,
    JOB,
    METRIC,
    NAME,
    REGION,
    endpoints,
    objects,
    package,
    registry,
)

TWO = [script_training(), script_training(name="churn")]
WANTED = {"breast-cancer": NAME}
COPY, SHADOW_COPY = (f"s3://{BUCKET}/models/{name}-01234567/model.tar.gz" for name in ("churn-3", "churn-4"))
RELEASED = endpoints({"linear-learner": {"ModelDataUrl": SHADOW_COPY}}, **{"linear-learner": {"ModelDataUrl": COPY}})
NOTHING = Served(servings=[], artifacts=TrainingArtifacts(Played().client("s3")), uncompared={})


def said(played: Answers, wanted: dict[str, str] = WANTED, **settings: Any) -> list[str]:
    of_aws = Played(sagemaker=played, s3=objects({ARTIFACT: b"model"}))
    return [*lines(of_aws.client("sagemaker"), of_aws.client("s3"), environment("dev", **settings), wanted)]


def serves(package: dict[str, Any], played: Played) -> tuple[str, dict[str, str]]:
    """What the table says of a version, and why something could not be compared."""
    of_served = served(played.client("sagemaker"), played.client("s3"), environment("dev"))
    return row(package, of_served, BEGAN)[5], of_served.uncompared


def test_a_table_has_the_versions_the_newest_first_with_who_decided_and_who_serves() -> None:
    caller = Caller(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/team/jane")
    approved = package(2, "Approved", ApprovalDescription=description("approve", caller, "better", BEGAN))
    found = said({**registry(package(1, "Rejected"), approved, package(3)), **endpoints()})
    assert found[0] == f"training breast-cancer: group {NAME}"
    assert found[1].split() == ["version", "status", "metric", "age", "execution", "serves", "said"]
    assert [line.split()[:2] for line in found[2:]] == [
        ["3", "PendingManualApproval"],
        ["2", "Approved"],
        ["1", "Rejected"],
    ]
    assert f"{METRIC} 0.986014" in found[2]
    assert "  abcdefghijkl  " in found[2]
    assert found[3].endswith("  jane 2026-11-27: better")


def test_the_usual_table_fits_into_120_columns_and_has_the_job_or_its_execution_where_that_fits_too() -> None:
    served_copy = endpoints(**{"linear-learner": {"ModelDataUrl": ARTIFACT}})
    jane = Caller(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/jane")
    approved = package(2, "Approved", ApprovalDescription=description("approve", jane, "", BEGAN))
    usual = said({**registry(package(1, "Rejected"), approved, package(3)), **served_copy})
    assert max(len(f"dev: {line}") for line in usual) <= WIDTH == 120
    assert not [line for line in usual[1:] if JOB in line]
    assert "execution" in usual[1]
    reason = package(2, "Approved", ApprovalDescription=description("approve", jane, "x" * 40, BEGAN))
    header = said({**registry(package(1, "Rejected"), reason, package(3)), **served_copy})[1]
    assert header.split() == ["version", "status", "metric", "age", "serves", "said"]
    short = package(
        1, "Rejected", CustomerMetadataProperties={"training_job": "ml-dev-churn-abcdefghijkl-0123456789-0"}
    )
    header, line = said({**registry(short), **endpoints()})[1:]
    assert "training job" in header
    assert "ml-dev-churn-abcdefghijkl-0123456789-0" in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("approved by arn:aws:iam::111111111111:root on 2026-11-27 10:00 UTC", "root 2026-11-27"),
        ("rejected by arn:aws:iam::1:user/team/joe on 2026-11-27 10:00 UTC: a: b", "joe 2026-11-27: a: b"),
        ("approved by the console", "approved by the console"),
        ("", "-"),
    ],
)
def test_what_was_said_is_told_shortly_where_make_approve_has_written_it(text: str, told: str) -> None:
    assert row(package(1, ApprovalDescription=text), NOTHING, BEGAN)[6] == told


@pytest.mark.parametrize(
    "container", [{"ModelDataUrl": ARTIFACT}, {"ModelPackageName": f"{REGION}:model-package/{NAME}/3"}]
)
def test_a_version_is_served_by_an_endpoint_of_its_artifact_or_of_itself(container: dict[str, Any]) -> None:
    played = Played(sagemaker=endpoints(**{"linear-learner": container}))
    assert serves(package(3), played) == ("linear-learner", {})
    assert not [operation for operation in played.operations() if operation.startswith("s3.")]


@pytest.mark.parametrize(
    ("production", "shadow", "told"),
    [
        (b"model", b"older", "linear-learner"),
        (b"older", b"model", "linear-learner shadow"),
        (b"model", b"model", "linear-learner, linear-learner shadow"),
        (b"model", b"longer", "linear-learner"),
        (b"older", b"longer", "-"),
    ],
)
def test_a_release_serves_the_version_whose_bytes_it_is_a_copy_of(production: bytes, shadow: bytes, told: str) -> None:
    played = Played(sagemaker=RELEASED, s3=objects({ARTIFACT: b"model", COPY: production, SHADOW_COPY: shadow}))
    assert serves(package(3), played) == (told, {})
    read = [parameters["Key"] for operation, parameters in played.asked if operation == "s3.GetObject"]
    assert all(read.count(key) == 1 for key in read)
    assert (SHADOW_COPY.rpartition(f"{BUCKET}/")[2] in read) is (len(shadow) == len(b"model"))


def test_a_version_whose_artifact_is_gone_says_so() -> None:
    played = Played(sagemaker=RELEASED, s3=objects({COPY: b"model", SHADOW_COPY: b"model"}))
    assert serves(package(3), played)[0] == "artifact gone"


def test_an_endpoint_whose_artifact_is_gone_is_compared_with_no_version() -> None:
    played = Played(sagemaker=RELEASED, s3=objects({ARTIFACT: b"model", SHADOW_COPY: b"model"}))
    assert serves(package(3), played) == (
        "linear-learner ?, linear-learner shadow",
        {"linear-learner": f"{COPY} is gone"},
    )


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_what_the_caller_may_not_read_is_told_once_below_the_table(operation: str) -> None:
    code = "403" if operation == "HeadObject" else "AccessDenied"
    denied = {operation: lambda **_: raised(refusal(code, "not authorized to perform: kms:Decrypt", status=403))}
    contents = {ARTIFACT: b"model", COPY: b"older", SHADOW_COPY: b"older"}
    played = Played(sagemaker={**registry(package(2), package(3)), **RELEASED}, s3={**objects(contents), **denied})
    found = [*lines(played.client("sagemaker"), played.client("s3"), environment("dev"), WANTED)]
    assert "  linear-learner ?, linear-learner shadow ?  " in found[2]
    assert [line.partition(": ")[0] for line in found[4:]] == ["linear-learner ?", "linear-learner shadow ?"]
    assert all("not allowed: " in line and "docs/training.md, Who may train" in line for line in found[4:])


def test_what_is_huge_is_not_read_and_said_not_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.training_artifacts.READ_MAX_BYTES", 2 * 1024**2)
    of_one_size = {ARTIFACT: b"m" * 1024**2, COPY: b"c" * 1024**2, SHADOW_COPY: b"s" * 1024**2}
    played = Played(sagemaker=RELEASED, s3=objects(of_one_size))
    told, why = serves(package(3), played)
    assert told == "linear-learner shadow ?"
    assert why["linear-learner shadow"] == (
        f"{SHADOW_COPY} and {ARTIFACT} have 1048576 bytes each, and were not compared: no more than 2 MB are read for "
        "that"
    )
    assert played.operations().count("s3.GetObject") == 2


def test_a_row_of_what_somebody_else_registered_has_what_there_is() -> None:
    bare = package(1, CustomerMetadataProperties={"metric": "a", "value": "x\n"}, InferenceSpecification={})
    assert row(bare, NOTHING, BEGAN + timedelta(hours=2)) == [
        "1", "PendingManualApproval", r"a x\n", "2 h", "-", "-", "-",
    ]  # fmt: skip
    assert row(package(1, ModelPackageStatus="Failed"), NOTHING, BEGAN)[1] == "Failed"
    assert row(package(1, CustomerMetadataProperties={}), NOTHING, BEGAN)[2] == "-"


def test_of_many_versions_the_newest_are_shown_and_the_way_to_all_of_them() -> None:
    found = said({**registry(*map(package, range(1, VERSIONS_MAX_COUNT + 4))), **endpoints()})
    assert len(found) == 2 + VERSIONS_MAX_COUNT + 1
    assert found[2].split()[0] == str(VERSIONS_MAX_COUNT + 3)
    assert found[-1].endswith(f"list-model-packages --region us-east-1 --model-package-group-name {NAME}")


def test_what_is_not_asked_for_is_not_shown_again() -> None:
    played = Played(sagemaker=registry(*map(package, range(1, VERSIONS_MAX_COUNT + 40))))
    assert len(versions(played.client("sagemaker"), NAME)) == VERSIONS_MAX_COUNT + 1
    assert played.operations().count("sagemaker.ListModelPackages") < VERSIONS_MAX_COUNT / 2 + 2


def test_a_training_without_a_version_and_one_that_is_not_deployed_are_told() -> None:
    assert said({**registry(), **endpoints()}) == ["training breast-cancer: no version yet: make train ENV=dev"]
    both = {"breast-cancer": NAME, "churn": "ml-platform-dev-churn"}
    none = {
        **registry(),
        **endpoints(),
        "DescribeModelPackageGroup": lambda **_: raised(refusal("ValidationException")),
    }
    assert said(none, both, trainings=TWO) == [
        "training breast-cancer: not deployed yet: make deploy ENV=dev",
        "training churn: not deployed yet: make deploy ENV=dev",
    ]
    assert said({**registry(), **endpoints()}, both, trainings=TWO)[1].endswith("make train ENV=dev TRAINING=churn")


# Which training is meant.


def test_one_training_need_not_be_named_and_one_of_several_must() -> None:
    one, two = environment("dev"), environment("dev", trainings=TWO)
    assert name_of(one, "") == ("breast-cancer", NAME)
    assert name_of(two, "churn") == ("churn", "ml-platform-dev-churn")
    assert [*names_of(two, "")] == ["breast-cancer", "churn"]
    assert (option(one, "breast-cancer"), option(two, "churn")) == ("", " TRAINING=churn")
    with pytest.raises(OperationError, match=r"^TRAINING: breast-cancer, churn: one of them must be named"):
        name_of(two, "")


@pytest.mark.parametrize("wanted", ["brest-cancer", "CHURN", "x"])
def test_rejects_an_unknown_training(wanted: str) -> None:
    with pytest.raises(OperationError, match="must be one of breast-cancer, churn") as refused:
        names_of(environment("dev", trainings=TWO), wanted)
    assert ("did you mean" in str(refused.value)) == (wanted != "x")


def test_rejects_any_where_there_is_none() -> None:
    with pytest.raises(OperationError, match=r"no training: stacks/dev\.py lists none in trainings"):
        names_of(environment("dev", trainings=[]), "")


def test_what_aws_does_not_allow_is_a_line_with_who_asked_for_what() -> None:
    message = "User: arn:aws:iam::1:user/jane is not authorized to perform: sagemaker:ListModelPackages on resource: x."
    denied: Answers = {"DescribeEndpoint": lambda **_: raised(refusal("AccessDeniedException", message))}
    with pytest.raises(OperationError) as refused, refusals():
        said(denied)
    assert str(refused.value) == f"not allowed: {message[:-1]}: docs/training.md, Who may train, has the policy"
