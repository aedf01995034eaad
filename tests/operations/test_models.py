"""make models: its table, from SageMaker's answers. That it reads what was registered: tests/integration."""

from datetime import timedelta
from typing import Any

import pytest

from operations.models import VERSIONS_MAX_COUNT, lines, row, served, versions
from operations.trainings import name_of, names_of, option, refusals
from stacks.synthesized_stack import OperationError
from tests.support.played import Answers, Played, raised, refusal
from tests.support.script_training import script_training
from tests.support.synthesis import environment
from tests.support.training import ARTIFACT, BEGAN, JOB, METRIC, NAME, REGION, endpoints, package, registry

TWO = [script_training(), script_training(name="churn")]
WANTED = {"breast-cancer": NAME}


def said(played: Answers, wanted: dict[str, str] = WANTED, **settings: Any) -> list[str]:
    return [*lines(Played(sagemaker=played).client("sagemaker"), environment("dev", **settings), wanted)]


def test_a_table_has_the_versions_the_newest_first_with_who_decided_and_who_serves() -> None:
    approved = package(2, "Approved", ApprovalDescription="approved by jane: better")
    found = said({**registry(package(1, "Rejected"), approved, package(3)), **endpoints()})
    assert found[0] == f"training breast-cancer: group {NAME}"
    assert found[1].split() == ["version", "status", "metric", "age", "training", "job", "serves", "said"]
    assert [line.split()[:2] for line in found[2:]] == [
        ["3", "PendingManualApproval"],
        ["2", "Approved"],
        ["1", "Rejected"],
    ]
    assert f"{METRIC} 0.986014" in found[2]
    assert JOB in found[2]
    assert found[3].endswith("approved by jane: better")


@pytest.mark.parametrize(
    "container", [{"ModelDataUrl": ARTIFACT}, {"ModelPackageName": f"{REGION}:model-package/{NAME}/3"}]
)
def test_a_version_is_served_by_an_endpoint_of_its_artifact_or_of_itself(container: dict[str, Any]) -> None:
    sagemaker = Played(sagemaker=endpoints(**{"linear-learner": container})).client("sagemaker")
    of_served = served(sagemaker, environment("dev"))
    assert row(package(3), of_served, BEGAN)[5] == "linear-learner"
    copy = package(4, InferenceSpecification={"Containers": [{"ModelDataUrl": "s3://acme/models/a/model.tar.gz"}]})
    assert row(copy, of_served, BEGAN)[5] == "-"


def test_a_row_of_what_somebody_else_registered_has_what_there_is() -> None:
    bare = package(1, CustomerMetadataProperties={"metric": "a", "value": "x\n"}, InferenceSpecification={})
    assert row(bare, {}, BEGAN + timedelta(hours=2)) == [
        "1", "PendingManualApproval", r"a x\n", "2 h 0 min", "-", "-", "-",
    ]  # fmt: skip
    assert row(package(1, ModelPackageStatus="Failed"), {}, BEGAN)[1] == "Failed"
    assert row(package(1, CustomerMetadataProperties={}), {}, BEGAN)[2] == "-"


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
