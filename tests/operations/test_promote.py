"""make promote: where a model goes next, and what speaks against it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations import promote
from operations.promote import Promotion, chain, force, once, promoted
from operations.releases_file import ReleasesFile, written
from operations.trainings import POLICY_PAGE
from settings.problems import InvalidInputError
from settings.releases import FILE_NAME
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError
from tests.support import training
from tests.support.own_releases import own_releases
from tests.support.played import ACCOUNT, Answers, Played, raised, refusal
from tests.support.synthesis import environment

ENDPOINT = "linear-learner"
OLD, MEANS, TRAINED = "breast-cancer-all-columns", "breast-cancer-means", "breast-cancer-dev-3"
PACKAGE = f"{training.REGION}:model-package/{training.NAME}/3"
ENTRY = {
    "artifact": training.ARTIFACT.partition(f"{training.BUCKET}/")[2],
    "environment": training.VARIABLES,
    "image": {"repository": "sagemaker-scikit-learn", "tag": "1.2-1-cpu-py3"},
    "sha256": "ba" * 32,
    "trained": {
        "commit": None,
        "environment": "dev",
        "metric": {"name": "validation:accuracy", "value": 0.986014},
        "model_package": PACKAGE,
        "size": 5,
    },
}
ACCOUNTS = {
    f"ML_PLATFORM_{name}_ACCOUNT_ID": str(number) * 12 for number, name in enumerate(("DEV", "STAGING", "PROD"), 1)
}
LONG_AGO = timedelta(days=1)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_releases(tmp_path, monkeypatch)


def releases(root: Path, **of_environments: dict[str, Any]) -> ReleasesFile:
    """With these releases of the endpoint, and a model that dev has trained."""
    content = json.loads((root / FILE_NAME).read_text())
    content["models"][TRAINED] = ENTRY
    content["environments"] = {name: {ENDPOINT: release} for name, release in of_environments.items()}
    (root / FILE_NAME).write_bytes(written(content))
    return ReleasesFile(root, ACCOUNTS)


def status(of: Environment, served: timedelta = LONG_AGO, **others: Any) -> dict[str, Any]:
    """As make status says it of an endpoint that serves what releases.json says, and has for so long."""
    models = of.releases[ENDPOINT].models
    return {
        "endpoint": ENDPOINT,
        "status": "InService",
        "configuration_created": (datetime.now(UTC) - served).isoformat(),
        "serves": {
            variant: {"model": model.catalogue_name, "released_name": model.name} for variant, model in models.items()
        },
        "deployed": {variant: model.name for variant, model in models.items()},
        "alarms": [{"name": f"{of.settings.names.endpoints[ENDPOINT].errors_alarm}", "state": "OK"}],
        "differs": "",
        **others,
    }


def asked(**of_environments: dict[str, Any] | OperationError) -> Any:
    """What make status says, where it is not that all is well."""

    def ask(of: Environment, endpoint: str) -> Mapping[str, Any]:
        assert endpoint == ENDPOINT
        said = of_environments.get(of.settings.name, {})
        if isinstance(said, OperationError):
            raise said
        return status(of, **said)

    return ask


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """dev, where the version is approved and its artifact there; to be changed."""
    answers: dict[str, dict[str, Any]] = {
        "sagemaker": dict(training.registry(training.package(3, "Approved"))),
        "s3": dict(training.objects({training.ARTIFACT: b"model"})),
        "sts": {
            "GetCallerIdentity": lambda: {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/jane", "UserId": "u"}
        },
    }
    monkeypatch.setattr(promote, "session_for", lambda *_: Played(**answers))
    monkeypatch.setattr(promote, "refuse_elsewhere", lambda *_: None)
    return answers


def to_staging(file: ReleasesFile, reason: str = "", **of_environments: Any) -> Promotion:
    return promoted(file, "dev", "staging", "", reason, asked(**of_environments))


def in_staging(root: Path) -> Any:
    return json.loads((root / FILE_NAME).read_text())["environments"]["staging"][ENDPOINT]


def against(refused: pytest.ExceptionInfo[OperationError]) -> list[str]:
    first, *lines, last = str(refused.value).splitlines()
    assert first == f"{TRAINED} is not promoted from dev, and nothing was changed:"
    assert last == '  to go ahead all the same, with the reason kept: FORCE="reason"'
    return [line.removeprefix("  ") for line in lines]


DEV = {"production": TRAINED}


@pytest.mark.usefixtures("registry")
def test_a_shadow_whose_place_another_model_takes_is_told(root: Path) -> None:
    done = to_staging(releases(root, dev=DEV, staging={"production": OLD, "shadow": MEANS}))
    assert in_staging(root) == {"production": OLD, "shadow": TRAINED}
    [said] = done.lines
    assert said.endswith(f"in releases.json, in the place of {MEANS}, which did not go into production")


@pytest.mark.usefixtures("registry")
def test_a_model_goes_into_the_shadow_first_and_then_into_production(root: Path) -> None:
    first = to_staging(releases(root, dev=DEV, staging={"production": OLD}))
    assert in_staging(root) == {"production": OLD, "shadow": TRAINED}
    assert first.lines == [f"{ENDPOINT}: {TRAINED} is its shadow model, in releases.json"]
    assert first.later == ["after 60 minutes make promote FROM=dev TO=staging: into production"]
    assert '+        "shadow": "breast-cancer-dev-3"' in first.changes
    second = to_staging(ReleasesFile(root, ACCOUNTS))
    assert in_staging(root) == {"production": TRAINED, "previous": OLD}
    assert second.lines == [f"{ENDPOINT}: {TRAINED} is its production model, in releases.json"]
    assert second.later == ["after 60 minutes make promote FROM=staging TO=prod"]
    third = to_staging(ReleasesFile(root, ACCOUNTS))
    assert third.lines == [f"{ENDPOINT}: {TRAINED} is in production already, in releases.json: nothing was changed"]
    assert third.changes == []


def test_each_environment_is_asked_once() -> None:
    asked_of: list[str] = []

    def ask(of: Environment, _: str) -> Mapping[str, Any]:
        asked_of.append(of.settings.name)
        return {"status": of.settings.name}

    of_all = once(ask)
    for name in ("dev", "staging", "dev", "staging"):
        assert of_all(environment(name), ENDPOINT) == {"status": name}
    assert asked_of == ["dev", "staging"]


@pytest.mark.usefixtures("registry")
def test_without_room_for_a_shadow_it_goes_straight_into_production(root: Path) -> None:
    file = releases(root, staging=DEV, prod={"production": OLD, "previous": MEANS, "rolled_back": True})
    done = promoted(file, "staging", "prod", "", "", asked())
    prod = json.loads((root / FILE_NAME).read_text())["environments"]["prod"][ENDPOINT]
    assert prod == {"production": TRAINED, "previous": OLD}
    assert done.later == []


@pytest.mark.usefixtures("registry")
def test_where_nothing_is_in_production_there_is_nothing_to_be_the_shadow_of(root: Path) -> None:
    to_staging(releases(root, dev=DEV))
    assert in_staging(root) == {"production": TRAINED}


@pytest.mark.usefixtures("registry")
def test_the_shadow_of_another_model_makes_room(root: Path) -> None:
    before = {"production": OLD, "shadow": MEANS, "previous": MEANS, "rolled_back": True}
    to_staging(releases(root, dev=DEV, staging=before))
    assert in_staging(root) == {**before, "shadow": TRAINED}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("reason", ["", "hurry"])
def test_a_second_call_before_the_deploy_changes_nothing(root: Path, reason: str) -> None:
    file = releases(root, dev=DEV, staging={"production": OLD, "shadow": TRAINED})
    before = (root / FILE_NAME).read_bytes()
    done = to_staging(file, reason, staging={"deployed": {"production": "breast-cancer-all-columns-00000000"}})
    assert done.lines == [
        f"{ENDPOINT}: {TRAINED} is its shadow already, in releases.json, and not deployed yet: nothing was changed"
    ]
    assert (root / FILE_NAME).read_bytes() == before


def test_a_model_that_is_a_file_of_the_project_has_no_approval_and_needs_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promote, "session_for", lambda *_: pytest.fail("nobody is asked"))
    to_staging(releases(root, dev={"production": MEANS}, staging={"production": OLD}))
    assert in_staging(root) == {"production": OLD, "shadow": MEANS}


SERVES_OLD = {"production": {"model": OLD, "released_name": f"{OLD}-00000000"}}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("dev", "said"),
    [
        ({"status": "Updating", "differs": "updating"}, "dev: linear-learner: is Updating: must be InService"),
        (
            {"status": None, "serves": {}, "configuration_created": None, "differs": "not deployed yet"},
            "dev: linear-learner: there is no such endpoint: make deploy ENV=dev",
        ),
        (
            {"serves": SERVES_OLD, "differs": "rolled back"},
            f"dev: linear-learner: serves {OLD} as production, and not {TRAINED} (rolled back)",
        ),
        (
            {"serves": {"production": {"model": None, "released_name": None}}, "differs": "drifted"},
            f"dev: linear-learner: serves no model as production, and not {TRAINED} (drifted)",
        ),
        ({"differs": "drifted"}, "dev: linear-learner: drifted: make status ENV=dev says more"),
        (
            {"alarms": [{"name": "a", "state": "OK"}, {"name": "b", "state": "ALARM"}]},
            "dev: linear-learner: alarm b is in ALARM",
        ),
        (OperationError("AWS does not answer,\nat all"), "dev: cannot be reached: AWS does not answer,\\nat all"),
    ],
)
def test_rejects_what_the_source_does_not_serve_well(root: Path, dev: dict[str, Any], said: str) -> None:
    file = releases(root, dev=DEV, staging={"production": OLD})
    before = (root / FILE_NAME).read_bytes()
    with pytest.raises(OperationError) as refused:
        to_staging(file, dev=dev)
    assert against(refused) == [said]
    assert (root / FILE_NAME).read_bytes() == before


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(("minutes", "is_refused"), [(29.9, True), (30.1, False)])
def test_rejects_what_has_not_served_for_long_enough(root: Path, minutes: float, is_refused: bool) -> None:
    file = releases(root, dev=DEV, staging={"production": OLD})
    dev = file.environments["dev"]
    endpoints = [item.model_copy(update={"soak_minutes": 30}) for item in dev.settings.endpoints]
    soaking = replace(dev, settings=dev.settings.model_copy(update={"endpoints": endpoints}))
    file.environments = {**file.environments, "dev": soaking}
    served: dict[str, Any] = {"dev": {"served": timedelta(minutes=minutes)}}
    if not is_refused:
        assert to_staging(file, **served).changes
        return
    with pytest.raises(OperationError) as refused:
        to_staging(file, **served)
    assert against(refused) == [
        "dev: linear-learner: served for 29 minutes: must be at least 30, soak_minutes of its settings"
    ]


@pytest.mark.usefixtures("registry")
def test_a_shadow_is_judged_where_it_serves(root: Path) -> None:
    file = releases(root, dev=DEV, staging={"production": OLD, "shadow": TRAINED})
    names = file.environments["staging"].settings.names.endpoints[ENDPOINT]
    alarms = [{"name": name, "state": "ALARM"} for name in (names.errors_alarm, names.shadow_errors_alarm)]
    with pytest.raises(OperationError) as refused:
        to_staging(file, dev={"served": timedelta(0)}, staging={"served": timedelta(minutes=59.5), "alarms": alarms})
    assert against(refused) == [
        f"staging: linear-learner: alarm {names.shadow_errors_alarm} is in ALARM",
        "staging: linear-learner: served for 59 minutes: must be at least 60, soak_minutes of its settings",
    ]
    gone = {"status": "InService", "serves": SERVES_OLD, "differs": "rolled back"}
    with pytest.raises(OperationError) as refused:
        to_staging(ReleasesFile(root, ACCOUNTS), staging=gone)
    assert against(refused) == [f"staging: linear-learner: serves no model as shadow, and not {TRAINED} (rolled back)"]
    with pytest.raises(OperationError) as refused:
        to_staging(ReleasesFile(root, ACCOUNTS), staging=OperationError("no credentials"))
    assert against(refused) == ["staging: cannot be reached: no credentials"]


@pytest.mark.parametrize(
    ("service", "changed", "said"),
    [
        (
            "sagemaker",
            training.registry(training.package(3, "Rejected")),
            [f"dev: {PACKAGE} is Rejected: must be Approved"],
        ),
        ("sagemaker", training.registry(), [f"dev: {PACKAGE} was deleted"]),
        ("s3", training.objects({}), [f"dev: the model's artifact is gone: {training.ARTIFACT}"]),
        (
            "s3",
            training.objects({training.ARTIFACT: b"other!"}),
            [f"dev: the model's artifact has 6 bytes, and not 5: {training.ARTIFACT}"],
        ),
        (
            "sagemaker",
            {"DescribeModelPackage": lambda **_: raised(refusal("AccessDeniedException", "not you"))},
            [f"dev: cannot be asked about the model: not allowed: not you: {POLICY_PAGE}, has the policy"],
        ),
    ],
)
def test_rejects_what_is_not_approved_or_not_there_where_it_was_trained(
    root: Path, registry: dict[str, Answers], service: str, changed: Answers, said: list[str]
) -> None:
    registry[service] = changed
    with pytest.raises(OperationError) as refused:
        to_staging(releases(root, dev=DEV, staging={"production": OLD}))
    assert against(refused) == said


def test_a_model_that_is_in_the_shadow_needs_no_artifact_elsewhere(root: Path, registry: dict[str, Answers]) -> None:
    registry["s3"] = training.objects({})
    to_staging(releases(root, dev=DEV, staging={"production": OLD, "shadow": TRAINED}))
    assert in_staging(root)["production"] == TRAINED


def test_the_version_is_asked_for_where_it_was_trained(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """prod receives from staging what dev has trained."""

    def elsewhere(environment: Environment, _: object) -> None:
        raise OperationError(f"these credentials do not lead to {environment.settings.name}")

    monkeypatch.setattr(promote, "session_for", lambda *_: Played())
    monkeypatch.setattr(promote, "refuse_elsewhere", elsewhere)
    with pytest.raises(
        OperationError, match=r"\n  dev: cannot be asked about the model: these credentials do not lead"
    ):
        promoted(releases(root, staging=DEV, prod={"production": OLD}), "staging", "prod", "", "", asked())


@pytest.mark.usefixtures("registry")
def test_rejects_the_very_model_from_which_the_target_was_rolled_back(root: Path) -> None:
    back = {"production": OLD, "previous": TRAINED, "rolled_back": True}
    with pytest.raises(OperationError) as refused:
        to_staging(releases(root, dev=DEV, staging=back))
    assert against(refused) == [f"staging: linear-learner: was rolled back from {TRAINED}"]


def test_all_that_speaks_against_it_is_told_at_once_and_gone_over_with_a_reason_that_is_kept(
    root: Path, registry: dict[str, Answers]
) -> None:
    registry["sagemaker"] = training.registry(training.package(3, "Rejected"))
    file = releases(root, dev=DEV, staging={"production": OLD})
    dev: dict[str, Any] = {"dev": {"alarms": [{"name": "b", "state": "ALARM"}], "differs": "drifted"}}
    with pytest.raises(OperationError) as refused:
        to_staging(file, **dev)
    reasons = against(refused)
    assert len(reasons) == 3
    done = to_staging(file, "nobody is asleep", **dev)
    forced = {"reason": "nobody is asleep", "refused": reasons}
    assert in_staging(root) == {"production": OLD, "shadow": TRAINED, "forced": forced}
    assert done.lines[:-1] == [f"FORCE went over: {line}" for line in reasons]
    registry["sagemaker"] = training.registry(training.package(3, "Approved"))
    to_staging(ReleasesFile(root, ACCOUNTS), "not needed")
    assert in_staging(root) == {"production": TRAINED, "previous": OLD}, "nothing was gone over the second time"


@pytest.mark.usefixtures("registry")
def test_rejects_what_the_settings_do_not_let_the_target_have_whatever_the_reason(root: Path) -> None:
    file = releases(root, staging=DEV, prod={"production": OLD})
    _, prod = file.environments["staging"], file.environments["prod"]
    elsewhere = prod.settings.model_copy(update={"receives_from": "staging", "account_id": None, "project": "p" * 40})
    file.environments = {**file.environments, "prod": replace(prod, settings=elsewhere)}
    before = (root / FILE_NAME).read_bytes()
    with pytest.raises(InvalidInputError):
        promoted(file, "staging", "prod", "", "hurry", asked())
    assert (root / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("staging", "dev", "FROM: 'staging': dev receives from no environment: receives_from in stacks/dev.py"),
        ("dev", "prod", "FROM: 'dev': must be staging, from which prod receives: receives_from in stacks/prod.py"),
    ],
)
def test_rejects_a_way_that_the_settings_do_not_have(root: Path, source: str, target: str, said: str) -> None:
    with pytest.raises(OperationError) as refused:
        chain(releases(root, dev=DEV).environments, source, target)
    assert str(refused.value) == said


def test_rejects_a_source_without_a_production_model(root: Path) -> None:
    with pytest.raises(
        OperationError, match=r"^dev: linear-learner: releases.json names no production model to promote"
    ):
        to_staging(releases(root, staging={"production": OLD}))


@pytest.mark.parametrize("given", [" ", "a\nb", "\x1b[2J", "x" * 501])
def test_rejects_a_reason_that_nobody_reads(given: str) -> None:
    with pytest.raises(OperationError, match=r"^FORCE: .*: must be the reason, one line of at most 500 characters"):
        force(given)


@pytest.mark.parametrize("given", ["", "hurry", "x" * 500])
def test_a_reason_is_one_line(given: str) -> None:
    assert force(given) == given
