"""Promotes a model: `make promote FROM=dev TO=staging [ENDPOINT=linear-learner] [FORCE="reason"] [DEPLOY=1]`.

The production model of an endpoint of FROM goes into the shadow of TO's endpoint, where that has room for one and the
model is not there yet; else into production. What speaks against it, asked of AWS, is told all at once, and nothing is
changed. FORCE goes ahead, and releases.json keeps the reason and what it went over.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations import command_line
from operations.answers import answer
from operations.asked_status import asked_statuses
from operations.caller import caller_of
from operations.reach import refuse_elsewhere, session_for
from operations.release import APPROVED
from operations.release_change import (
    PREVIOUS,
    ROLLED_BACK,
    deploy,
    endpoint_of,
    endpoint_option,
    promotions,
    put,
    release_in,
    wants_deploy,
    what_comes_next,
    when_served,
    with_production,
    with_shadow,
)
from operations.releases_file import ReleasesFile, held_releases
from operations.training_artifacts import GoneError, TrainingArtifacts
from operations.trainings import said
from settings.names import PRODUCTION, SHADOW
from settings.problems import one_line
from settings.releases import FILE_NAME, TrainedEntry
from stacks.environments import Environment
from stacks.synthesized_stack import OperationError
from stacks.terminal import Parser

# What `make status` says of an endpoint, as JSON.
Status = Mapping[str, Any]
# AWS's word for an alarm that has gone off, and SageMaker's for an endpoint that serves.
ALARM, IN_SERVICE = "ALARM", "InService"
# Of releases.json's `forced`: settings/releases.py.
FORCE_MAX_CHARACTERS = 500


def force(given: str) -> str:
    """The reason. Raises OperationError where it is none that a person reads."""
    if given and (given != one_line(given) or not given.strip() or len(given) > FORCE_MAX_CHARACTERS):
        raise OperationError(
            f"FORCE: {given!r}: must be the reason, one line of at most {FORCE_MAX_CHARACTERS} characters"
        )
    return given


def status_of(environment: Environment, endpoint: str) -> Status:
    """Asked by a process that works with that environment. Raises OperationError where it cannot be reached."""
    [found] = asked_statuses([environment], os.environ)
    if found["error"] is not None:
        raise OperationError(found["error"])
    return next(item for item in found["endpoints"] if item["endpoint"] == endpoint)


def once(ask: Callable[[Environment, str], Status]) -> Callable[[Environment, str], Status]:
    """Of one endpoint: what an environment has said is not asked again."""
    known: dict[str, Status] = {}

    def asked(environment: Environment, endpoint: str) -> Status:
        name = environment.settings.name
        if name not in known:
            known[name] = ask(environment, endpoint)
        return known[name]

    return asked


@dataclass(frozen=True, kw_only=True)
class Hop:
    """Of a model, from one environment to the next: into its shadow, or into production."""

    source: Environment
    target: Environment
    endpoint: str
    model: str  # by its name in the catalogue
    from_shadow: bool  # of the target

    def against(self, asked: Callable[[Environment, str], Status], now: datetime) -> Iterator[str]:
        """What speaks against it, in what AWS says of both endpoints."""
        yield from self._against_source(asked, now)
        if self.from_shadow:
            yield from self._against_shadow(asked, now)

    def _against_source(self, asked: Callable[[Environment, str], Status], now: datetime) -> Iterator[str]:
        where = self._where(self.source)
        try:
            status = asked(self.source, self.endpoint)
        except OperationError as error:
            yield _unreachable(self.source, error)
            return
        yield from self._against_what_serves(status, PRODUCTION, self.source)
        yield from (f"{where}: alarm {name} is in {ALARM}" for name in _in_alarm(status))
        if not self.from_shadow:
            yield from self._too_soon(status, PRODUCTION, self.source, now)

    def _against_shadow(self, asked: Callable[[Environment, str], Status], now: datetime) -> Iterator[str]:
        where, names = self._where(self.target), self.target.settings.names.endpoints[self.endpoint]
        try:
            status = asked(self.target, self.endpoint)
        except OperationError as error:
            yield _unreachable(self.target, error)
            return
        yield from self._against_what_serves(status, SHADOW, self.target)
        shadows = (names.shadow_errors_alarm, names.shadow_latency_alarm)
        yield from (f"{where}: alarm {name} is in {ALARM}" for name in _in_alarm(status) if name in shadows)
        yield from self._too_soon(status, SHADOW, self.target, now)

    def _against_what_serves(self, status: Status, variant: str, environment: Environment) -> Iterator[str]:
        where, name = self._where(environment), environment.settings.name
        serves = status["serves"].get(variant) or {}
        if status["status"] is None:
            yield f"{where}: there is no such endpoint: make deploy ENV={name}"
        elif status["status"] != IN_SERVICE:
            yield f"{where}: is {status['status']}: must be {IN_SERVICE}"
        elif _served(status, variant) != self._expected(environment, variant):
            other = serves.get("model") or serves.get("released_name") or "no model"
            yield f"{where}: serves {other} as {variant}, and not {self.model}{_named(status)}"
        elif status["differs"]:
            yield f"{where}: {status['differs']}: make status ENV={name} says more"

    def _too_soon(self, status: Status, variant: str, environment: Environment, now: datetime) -> Iterator[str]:
        soak = {item.name: item.soak_minutes for item in environment.settings.endpoints}[self.endpoint]
        began = status["configuration_created"]
        if began is None or _served(status, variant) != self._expected(environment, variant):
            return  # nothing, or another model: said above
        minutes = int((now - datetime.fromisoformat(began)).total_seconds() // 60)
        if minutes < soak:
            served = f"served for {minutes} minute{'' if minutes == 1 else 's'}"
            yield f"{self._where(environment)}: {served}: must be at least {soak}, soak_minutes of its settings"

    def _expected(self, environment: Environment, variant: str) -> str:
        """Its released name."""
        return environment.releases[self.endpoint].models[variant].name

    def _where(self, environment: Environment) -> str:
        return f"{environment.settings.name}: {self.endpoint}"


def _served(status: Status, variant: str) -> str | None:
    """The released name of the model."""
    name: str | None = (status["serves"].get(variant) or {}).get("released_name")
    return name


def _named(status: Status) -> str:
    return f" ({status['differs']})" if status["differs"] else ""


def _in_alarm(status: Status) -> list[str]:
    return [alarm["name"] for alarm in status["alarms"] if alarm["state"] == ALARM]


def _unreachable(environment: Environment, error: Exception) -> str:
    return f"{environment.settings.name}: cannot be reached: {one_line(str(error))}"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Where a model was trained, asked whether the version is approved still, and its artifact there."""

    environment: Environment
    trained: TrainedEntry
    key: str  # of the artifact

    def against(self, *, copies: bool) -> Iterator[str]:
        """What speaks against a promotion; of the artifact only where a deploy `copies` it from there."""
        name = self.environment.settings.name
        try:
            session = session_for(self.environment, os.environ)
            refuse_elsewhere(self.environment, session)
            yield from self._against_version(session.client("sagemaker"))
            if copies:
                bucket = self.environment.settings.names.bucket(caller_of(name, session).account_id)
                yield from self._against_artifact(TrainingArtifacts(session.client("s3")), f"s3://{bucket}/{self.key}")
        except (OperationError, BotoCoreError, ClientError) as error:
            yield f"{name}: cannot be asked about the model: {one_line(said(error))}"

    def _against_version(self, sagemaker: Any) -> Iterator[str]:  # noqa: ANN401
        found = answer(sagemaker.describe_model_package, ModelPackageName=self.trained.model_package)
        where = f"{self.environment.settings.name}: {self.trained.model_package}"
        if not found:
            yield f"{where} was deleted"
        elif found.get("ModelApprovalStatus") != APPROVED:
            yield f"{where} is {found.get('ModelApprovalStatus')}: must be {APPROVED}"

    def _against_artifact(self, artifacts: TrainingArtifacts, url: str) -> Iterator[str]:
        where = self.environment.settings.name
        try:
            size = artifacts.size(url)
        except GoneError:
            yield f"{where}: the model's artifact is gone: {url}"
            return
        if size != self.trained.size:
            yield f"{where}: the model's artifact has {size} bytes, and not {self.trained.size}: {url}"


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a call of the command does. `changes` is the difference in releases.json; none where nothing was to do."""

    endpoint: str
    changes: Sequence[str]
    lines: Sequence[str]
    later: Sequence[str]  # after a deploy


def chain(of: Mapping[str, Environment], source: str, target: str) -> None:
    """Raises OperationError where the target does not receive from the source."""
    receives_from, where = of[target].settings.receives_from, f"receives_from in stacks/{target}.py"
    if receives_from is None:
        raise OperationError(f"FROM: {source!r}: {target} receives from no environment: {where}")
    if receives_from != source:
        raise OperationError(f"FROM: {source!r}: must be {receives_from}, from which {target} receives: {where}")


def promoted(
    releases: ReleasesFile,
    source_name: str,
    target_name: str,
    wanted: str,
    reason: str,
    ask: Callable[[Environment, str], Status],
) -> Promotion:
    """One hop, written down. Raises OperationError with all that speaks against it, unless there is a `reason`."""
    chain(releases.environments, source_name, target_name)
    source, target = releases.environments[source_name], releases.environments[target_name]
    both = [name for name in target.settings.names.endpoints if name in source.settings.names.endpoints]
    endpoint = endpoint_of(both, wanted, f"both {source_name} and {target_name}")
    content = releases.content
    model = release_in(content, source_name, endpoint).get(PRODUCTION)
    if model is None:
        raise OperationError(f"{source_name}: {endpoint}: {FILE_NAME} names no production model to promote")
    before = release_in(content, target_name, endpoint)
    settings = next(item for item in target.settings.endpoints if item.name == endpoint)
    further = [*promotions(releases.environments, target_name, endpoint)]
    same = f"make promote FROM={source_name} TO={target_name}{endpoint_option(target, endpoint)}"
    again = f"{when_served(target, endpoint, same)}: into production"
    if before.get(PRODUCTION) == model:
        line = f"{endpoint}: {model} is in production already, in {FILE_NAME}: nothing was changed"
        return Promotion(endpoint=endpoint, changes=[], lines=[line], later=further)
    from_shadow = before.get(SHADOW) == model
    if from_shadow and not is_deployed(target, endpoint, ask):
        line = f"{endpoint}: {model} is its shadow already, in {FILE_NAME}, and not deployed yet: nothing was changed"
        return Promotion(endpoint=endpoint, changes=[], lines=[line], later=[again])
    hop = Hop(source=source, target=target, endpoint=endpoint, model=model, from_shadow=from_shadow)
    against = [*hop.against(ask, datetime.now(UTC)), *in_the_registry(releases, hop)]
    if before.get(ROLLED_BACK) and before.get(PREVIOUS) == model:
        against.append(f"{target_name}: {endpoint}: was rolled back from {model}")
    if against and not reason:
        raise OperationError(
            f"{model} is not promoted from {source_name}, and nothing was changed:\n"
            + "".join(f"  {line}\n" for line in against)
            + '  to go ahead all the same, with the reason kept: FORCE="reason"'
        )
    forced = {"reason": reason, "refused": against} if against else None
    into_shadow = settings.has_shadow and not from_shadow and PRODUCTION in before
    move = with_shadow if into_shadow else with_production
    put(content, target_name, endpoint, move(before, model, forced))
    changes = releases.write(content)
    line = f"{endpoint}: {model} is its {SHADOW if into_shadow else PRODUCTION} model, in {FILE_NAME}"
    over = [f"FORCE went over: {item}" for item in against]
    if into_shadow and SHADOW in before:
        line += f", in the place of {before[SHADOW]}, which did not go into production"
    return Promotion(endpoint=endpoint, changes=changes, lines=[*over, line], later=[again] if into_shadow else further)


def is_deployed(target: Environment, endpoint: str, ask: Callable[[Environment, str], Status]) -> bool:
    """Whether the last deploy had the shadow that releases.json names, as far as can be seen."""
    try:
        deployed: Mapping[str, str] = ask(target, endpoint)["deployed"] or {}
    except OperationError:
        return True  # told with all that speaks against the promotion
    return deployed.get(SHADOW) == target.releases[endpoint].models[SHADOW].name


def in_the_registry(releases: ReleasesFile, hop: Hop) -> Iterator[str]:
    """What speaks against the model where it was trained; a model that is a file of the project was not."""
    entry = hop.source.catalogue[hop.model]
    if entry.trained is not None:
        registry = Registry(
            environment=releases.environments[entry.trained.environment], trained=entry.trained, key=entry.artifact
        )
        yield from registry.against(copies=not hop.from_shadow)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("target", help="the environment that receives the model")
    parser.add_argument("--source", required=True, help="the one that it receives from")
    parser.add_argument("--endpoint", default="", help="of both; left out: the only one")
    parser.add_argument("--force", default="", help="the reason to go ahead, whatever speaks against it")
    arguments = parser.parse_args()
    source = command_line.known(arguments.source, "FROM: ")
    target = command_line.known(arguments.target, "TO: ")
    with command_line.errors_as_lines(target):
        deploys, reason = wants_deploy(os.environ), force(arguments.force)
        with held_releases(os.environ) as releases:
            done = promoted(releases, source, target, arguments.endpoint, reason, once(status_of))
        for line in done.changes:
            print(line)
        for line in (*done.lines, *what_comes_next(target, done.later, changed=bool(done.changes), deploys=deploys)):
            print(f"{target}: {line}")
        if deploys:
            deploy(releases.environments[target], os.environ)


if __name__ == "__main__":
    main()
