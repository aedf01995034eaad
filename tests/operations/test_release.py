"""make release: which version, what is refused, and what releases.json says afterwards."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from operations.release import Candidate, chosen, newest_approved, refuse_what_was_taken_back, with_entry
from operations.release_change import (
    deploy,
    endpoint_of,
    promotions,
    rolled_back,
    wants_deploy,
    what_comes_next,
    with_production,
    with_shadow,
)
from operations.releases_file import ReleasesFile
from operations.training_artifacts import TrainingArtifacts
from settings.limits import ARTIFACT_COPY_MAX_BYTES
from settings.releases import FILE_NAME
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError
from tests.support import training
from tests.support.own_releases import own_releases
from tests.support.played import ACCOUNT, Played, raised, refusal
from tests.support.synthesis import environment
from tests.support.training import ARTIFACT, IMAGE, NAME, VARIABLES, registry

MODEL = b"model"
SHA256 = hashlib.sha256(MODEL).hexdigest()
PROPERTIES = training.package(3)["CustomerMetadataProperties"]
NAMED = "breast-cancer-dev-3"


def two_trainings() -> Environment:
    dev = environment("dev")
    return environment(
        "dev",
        trainings=[
            *dev.settings.trainings,
            *[item.model_copy(update={"name": "b"}) for item in dev.settings.trainings],
        ],
    )


@pytest.mark.parametrize(
    ("given", "training", "number"),
    [
        ("", "breast-cancer", None),
        ("breast-cancer", "breast-cancer", None),
        ("3", "breast-cancer", 3),
        ("breast-cancer/3", "breast-cancer", 3),
    ],
)
def test_a_model_is_a_training_a_number_or_both(given: str, training: str, number: int | None) -> None:
    assert chosen(environment("dev"), given) == (training, number)


def test_of_several_trainings_one_must_be_named() -> None:
    assert chosen(two_trainings(), "b/3") == ("b", 3)
    for given, example in (("", "breast-cancer"), ("3", "breast-cancer/3")):
        with pytest.raises(
            OperationError, match=f"^MODEL: breast-cancer, b: one of them must be named: MODEL={example}$"
        ):
            chosen(two_trainings(), given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("breast-cancre", "must be one of breast-cancer (did you mean breast-cancer?), or the number of a version"),
        ("breast-cancre/3", "must be one of breast-cancer (did you mean breast-cancer?), or the number of a version"),
        *[
            (given, "must be a training, the number of a version, or both: breast-cancer/3")
            for given in ("/", "/3", "breast-cancer/", "breast-cancer/x", "breast-cancer/0", "breast-cancer/3/4", "b/٣")
        ],
        ("0", "must be one of breast-cancer, or the number of a version"),
    ],
)
def test_rejects_what_names_no_model(given: str, said: str) -> None:
    with pytest.raises(OperationError) as refused:
        chosen(environment("dev"), given)
    assert str(refused.value) == f"MODEL: {given!r}: {said}"


def newest(*packages: dict[str, Any]) -> tuple[dict[str, Any], Played]:
    played = Played(sagemaker=registry(*packages))
    return newest_approved(played.client("sagemaker"), environment("dev"), "breast-cancer", NAME), played


def test_the_newest_approved_version_is_that_of_the_highest_number_on_any_page() -> None:
    """As the approved ones are listed; that SageMaker lists those alone is its own doing."""
    found, played = newest(*[training.package(number, "Approved") for number in (1, 2, 10, 9, 3)])
    assert found["ModelPackageVersion"] == 10
    listed = [asked for operation, asked in played.asked if operation == "sagemaker.ListModelPackages"]
    assert len(listed) == 3
    assert {asked["ModelApprovalStatus"] for asked in listed} == {"Approved"}


def test_rejects_a_training_without_an_approved_version() -> None:
    with pytest.raises(OperationError, match=r"^training breast-cancer: no version is approved: make models ENV=dev"):
        newest()


def test_rejects_a_training_that_is_not_deployed() -> None:
    none = {"DescribeModelPackageGroup": lambda **_: raised(refusal("ValidationException"))}
    with pytest.raises(OperationError, match="not deployed yet: make deploy ENV=dev"):
        newest_approved(Played(sagemaker=none).client("sagemaker"), environment("dev"), "breast-cancer", NAME)


def candidate(of: Environment | None = None, content: bytes = MODEL, **others: Any) -> Candidate:
    """Version 3, approved as make approve does it."""
    properties = {"CustomerMetadataProperties": {**PROPERTIES, "sha256": SHA256}}
    return Candidate(
        environment=of or environment("dev"),
        account_id=ACCOUNT,
        training="breast-cancer",
        found=training.package(3, **{"approval": "Approved", **properties, **others}),
        artifacts=TrainingArtifacts(Played(s3=training.objects({ARTIFACT: content})).client("s3")),
    )


def container(**changed: Any) -> dict[str, Any]:
    one = {"Image": IMAGE, "ModelDataUrl": ARTIFACT, "Environment": VARIABLES, **changed}
    return {"InferenceSpecification": {"Containers": [{key: value for key, value in one.items() if value}]}}


def test_an_entry_has_what_the_registry_has_and_the_digest_of_what_was_approved() -> None:
    entry, notes = candidate().entry()
    assert notes == []
    assert entry == {
        "artifact": f"training-output/{training.JOB}/output/model.tar.gz",
        "environment": VARIABLES,
        "image": {"repository": "sagemaker-scikit-learn", "tag": "1.2-1-cpu-py3"},
        "sha256": SHA256,
        "trained": {
            "environment": "dev",
            "metric": {"name": training.METRIC, "value": 0.986014},
            "model_package": f"{training.REGION}:model-package/{NAME}/3",
            "size": len(MODEL),
        },
    }
    entry, _ = candidate(**container(Environment=None)).entry()
    assert "environment" not in entry


def test_of_what_another_program_approved_the_digest_is_taken_now_and_that_is_told() -> None:
    entry, [said] = candidate(CustomerMetadataProperties=PROPERTIES).entry()
    assert entry["sha256"] == SHA256
    assert said == "breast-cancer/3 was approved by another program than make approve: its digest was taken now"


ELSEWHERE = "s3://acme/training-output/model.tar.gz"
OVERWRITTEN = f"s3://{training.BUCKET}/models/model.tar.gz"


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"approval": "Rejected"}, "is Rejected: only an approved version is released: make approve ENV=dev VERSION=3"),
        ({"approval": "PendingManualApproval"}, "is PendingManualApproval: only an approved version is released"),
        ({"ModelPackageStatus": "Failed"}, "is Failed: only one that is Completed can serve"),
        ({"InferenceSpecification": {"Containers": []}}, "has 0 containers with 0 artifacts: releases.json takes one"),
        (container(ModelDataUrl=None), "has 1 containers with 0 artifacts: releases.json takes one"),
        (
            {"InferenceSpecification": {"Containers": [{"Image": IMAGE, "ModelDataUrl": ARTIFACT}] * 2}},
            "has 2 containers with 2 artifacts: releases.json takes one",
        ),
        (container(ModelDataUrl=ELSEWHERE), f": its artifact is {ELSEWHERE}: must be below s3://{training.BUCKET}/"),
        (container(ModelDataUrl=OVERWRITTEN), f": its artifact is {OVERWRITTEN}: must be below s3://"),
        (container(Image="acme.example/sagemaker-scikit-learn@sha256:01"), ": its image is acme.example/"),
        (container(Image=IMAGE.replace("scikit-learn", "rents")), ": its image is "),
        (container(Image=IMAGE.replace("683313688378", ACCOUNT)), f": its image is {ACCOUNT}.dkr.ecr"),
        ({"content": b"other"}, ": its artifact was changed since it was approved: "),
        ({"CustomerMetadataProperties": {"sha256": SHA256}}, " has no metric among its properties: only what"),
        (
            {"CustomerMetadataProperties": {**PROPERTIES, "value": "none"}},
            " has no metric among its properties: only what",
        ),
    ],
)
def test_rejects_a_version_that_must_not_be_released(others: dict[str, Any], said: str) -> None:
    with pytest.raises(OperationError) as refused:
        candidate(**others).entry()
    assert str(refused.value).removeprefix("breast-cancer/3").lstrip().startswith(said.lstrip())


def test_rejects_an_artifact_that_is_gone() -> None:
    gone = candidate(**container(ModelDataUrl=ARTIFACT.replace("model.tar.gz", "other.tar.gz")))
    with pytest.raises(
        OperationError, match=r"^breast-cancer/3: its artifact is gone, and nothing can serve it: s3://"
    ):
        gone.entry()


@pytest.mark.parametrize("more", [0, 1])
def test_rejects_an_artifact_that_s3_does_not_copy_at_once(more: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = candidate()
    monkeypatch.setattr(one.artifacts, "size", lambda _: ARTIFACT_COPY_MAX_BYTES + more)
    if not more:
        assert one.entry()[0]["trained"]["size"] == ARTIFACT_COPY_MAX_BYTES
        return
    with pytest.raises(OperationError, match=f"has {ARTIFACT_COPY_MAX_BYTES + 1} bytes: must be at most"):
        one.entry()


def catalogue() -> dict[str, Any]:
    return {"models": {}}


def test_an_entry_is_made_once_and_used_again() -> None:
    content = catalogue()
    coded = {**PROPERTIES, "sha256": SHA256, "code": "0123456789ab"}
    [said] = with_entry(content, candidate(CustomerMetadataProperties=coded))
    assert said.startswith("the commit of its code is not written down: ")
    assert content["models"][NAMED]["trained"]["commit"] is None
    content["models"][NAMED]["trained"]["commit"] = "c0" * 20  # found where it was released first
    before = json.dumps(content)
    assert with_entry(content, candidate()) == []
    assert json.dumps(content) == before


def test_rejects_another_version_of_the_same_name_with_what_differs() -> None:
    content = catalogue()
    with_entry(content, candidate())
    content["models"][NAMED]["sha256"] = "0" * 64
    content["models"][NAMED]["trained"]["size"] = 4
    with pytest.raises(OperationError) as refused:
        with_entry(content, candidate())
    assert str(refused.value).startswith(
        f"releases.json has {NAMED} already, and says otherwise: sha256 is {'0' * 64} there, and {SHA256} in the "
        f"registry; trained.size is 4 there, and {len(MODEL)} in the registry. An entry is never changed"
    )


def test_the_app_takes_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = own_releases(tmp_path, monkeypatch)
    file = ReleasesFile(root, {})
    content = file.content
    with_entry(content, candidate())
    content["environments"]["dev"]["linear-learner"] = with_production({"production": "breast-cancer-means"}, NAMED)
    assert file.write(content)
    found = ReleasesFile(root, {}).environments["dev"].releases["linear-learner"]
    assert [model.catalogue_name for model in found.kept] == [NAMED, "breast-cancer-means"]
    assert (root / FILE_NAME).read_text().count(SHA256) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"production": "new"}),
        ({"production": "old"}, {"production": "new", "previous": "old"}),
        ({"production": "old", "shadow": "new"}, {"production": "new", "previous": "old"}),
        ({"production": "old", "shadow": "other"}, {"production": "new", "previous": "old", "shadow": "other"}),
        (
            {"production": "old", "previous": "new", "rolled_back": True, "forced": {"reason": "a", "refused": ["b"]}},
            {"production": "new", "previous": "old"},
        ),
    ],
)
def test_what_was_in_production_is_the_previous_model(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert with_production(before, "new") == after


def test_a_shadow_stands_beside_what_was_there() -> None:
    before = {
        "production": "old",
        "previous": "older",
        "rolled_back": True,
        "forced": {"reason": "a", "refused": ["b"]},
    }
    assert with_shadow(before, "new") == {
        "production": "old",
        "previous": "older",
        "rolled_back": True,
        "shadow": "new",
    }


def test_what_was_rolled_back_is_the_previous_model() -> None:
    assert rolled_back({"production": "bad", "previous": "good"}) == {
        "production": "good",
        "previous": "bad",
        "rolled_back": True,
    }


def test_rejects_the_very_model_that_was_rolled_back_from_however_new_it_is() -> None:
    taken_back = rolled_back({"production": NAMED, "previous": "good"})
    with pytest.raises(OperationError) as refused:
        refuse_what_was_taken_back(taken_back, "dev", "linear-learner", candidate())
    assert str(refused.value).startswith(f"linear-learner: was rolled back from {NAMED}, and nothing was changed: ")
    assert "make reject ENV=dev VERSION=3" in str(refused.value)
    for release in ({"production": "good", "previous": NAMED}, {**taken_back, "previous": "other"}):
        refuse_what_was_taken_back(release, "dev", "linear-learner", candidate())


def test_the_only_endpoint_needs_no_name() -> None:
    assert endpoint_of(["churn"], "", "stacks/dev.py") == "churn"
    assert endpoint_of(["churn", "fraud"], "fraud", "stacks/dev.py") == "fraud"


@pytest.mark.parametrize(
    ("endpoints", "wanted", "said"),
    [
        ([], "", "no endpoint: stacks/dev.py has none"),
        (["churn", "fraud"], "", "ENDPOINT: churn, fraud: one of them must be named: ENDPOINT=churn"),
        (["churn"], "chrun", "ENDPOINT: 'chrun': must be one of churn (did you mean churn?), of stacks/dev.py"),
    ],
)
def test_rejects_an_endpoint_that_is_none(endpoints: list[str], wanted: str, said: str) -> None:
    with pytest.raises(OperationError) as refused:
        endpoint_of(endpoints, wanted, "stacks/dev.py")
    assert str(refused.value) == said


@pytest.mark.parametrize("given", ["0", "yes", " "])
def test_rejects_another_wish_than_to_deploy(given: str) -> None:
    assert [wants_deploy(variables) for variables in ({}, {"DEPLOY": ""}, {"DEPLOY": "1"})] == [False, False, True]
    with pytest.raises(OperationError, match=f"^DEPLOY: '{given}': must be 1, or left out$"):
        wants_deploy({"DEPLOY": given})


def test_to_deploy_is_make_deploy_of_that_environment_whichever_one_the_shell_is_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    became: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *of: became.append(of))
    shell = {
        "LOCAL_AWS_ENVIRONMENT": "dev",
        "CDKTF_OUTPUT": "/x/dev/cdktf.out",
        "AWS_ACCESS_KEY_ID": "dev's",
        "ML_PLATFORM_STAGING_PROFILE": "of-staging",
    }
    deploy(environment("staging"), shell)
    [(program, command, variables)] = became
    assert command == [program, "-m", "stacks.run", "operations.deploy", "--", "staging"]
    assert variables["AWS_PROFILE"] == "of-staging"
    assert variables["CDKTF_OUTPUT"] == "/x/staging/cdktf.out"
    assert "AWS_ACCESS_KEY_ID" not in variables


def test_what_comes_next_is_told_as_it_is() -> None:
    dev = {name: environment(name) for name in ("dev", "staging", "prod")}
    assert [*promotions(dev, "dev", "linear-learner")] == ["make promote FROM=dev TO=staging"]
    assert [*promotions(dev, "staging", "linear-learner")] == ["after 60 minutes make promote FROM=staging TO=prod"]
    assert [*promotions(dev, "prod", "linear-learner")] == []
    first, _ = what_comes_next("dev", ["make promote"], changed=True, deploys=False)
    assert first == "next: make deploy ENV=dev, then make verify ENV=dev, then make promote"
    first, _ = what_comes_next("dev", [], changed=True, deploys=True)
    assert first == "next: make verify ENV=dev"
    [only] = what_comes_next("dev", [], changed=False, deploys=False)
    assert only == "where it is not deployed yet: make deploy ENV=dev, then make verify ENV=dev"
    assert [*what_comes_next("dev", [], changed=False, deploys=True)] == []
