"""What environments that live in one account must not do to each other."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from settings import limits
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.problems import Problem


def account_problems(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    """The problems of environments that share an account, and of bucket names, which are unique in the world."""
    yield from _taken_twice((name, "bucket.name", item.bucket.name, "") for name, item in environments.items())
    yield from _state_bucket_problems(environments)
    for shared in _sharing_account_and_region(environments):
        yield from _log_group_problems(shared)
        yield from _taken_twice(
            (settings.name, f"endpoints.{number}.name", names.name, "; set shares_account=True in both")
            for settings in shared
            for number, names in enumerate(settings.names.endpoints.values())
        )
        yield from _taken_twice(
            (settings.name, f"trainings.{number}.name", settings.names.training(training.name), "")
            for settings in shared
            for number, training in enumerate(settings.trainings)
        )
        yield from _concurrency_problems(shared)


def _state_bucket_problems(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    """What destroys or recovers an environment would take the states in its data bucket for data."""
    for name, settings in environments.items():
        for other, data in environments.items():
            if settings.state_bucket is not None and _is_data_bucket(settings.state_bucket, data):
                allowed = f"must differ from the data bucket of {other}, which is called {_data_bucket(data)}"
                yield Problem(where=name, path="state_bucket", value=settings.state_bucket, allowed=allowed)


def _data_bucket(settings: EnvironmentSettings) -> str:
    return settings.names.bucket("<account>" if settings.account_id is None else settings.account_id)


def _is_data_bucket(name: str, settings: EnvironmentSettings) -> bool:
    """Or may be it, where nothing says which account the environment is in."""
    any_account = re.escape(_data_bucket(settings)).replace("<account>", f"[0-9]{{{limits.ACCOUNT_ID_LENGTH}}}")
    return re.fullmatch(any_account, name) is not None


def _sharing_account_and_region(
    environments: Mapping[str, EnvironmentSettings],
) -> Iterator[Sequence[EnvironmentSettings]]:
    """One sequence for each account and region. All with `shares_account` and without an id are taken to share one."""
    shared = defaultdict(list)
    for name, settings in environments.items():
        unnamed = "shared" if settings.shares_account else name
        account = unnamed if settings.account_id is None else settings.account_id
        shared[account, settings.region].append(settings)
    yield from shared.values()


def _log_group_problems(shared: Sequence[EnvironmentSettings]) -> Iterator[Problem]:
    owners = [settings.name for settings in shared if settings.logs.owns_account_wide]

    def problem(name: str, value: bool, why: str) -> Problem:
        allowed = f"must be True in exactly one environment of an account and region: {why}"
        return Problem(where=name, path="logs.owns_account_wide", value=value, allowed=allowed, page=limits.LOGGING)

    if not owners:
        yield problem(shared[0].name, False, "no other one has it")
    for name in owners[1:]:
        yield problem(name, True, f"{owners[0]} has it")


def _taken_twice(values: Iterable[tuple[str, str, str | None, str]]) -> Iterator[Problem]:
    """`values` are an environment, a field, what stands there, and what to do where another one has it."""
    taken: dict[str, str] = {}
    for name, path, value, cure in values:
        if value is not None and taken.setdefault(value, name) != name:
            yield Problem(where=name, path=path, value=value, allowed=f"must differ from that of {taken[value]}{cure}")


def _concurrency_problems(shared: Sequence[EnvironmentSettings]) -> Iterator[Problem]:
    by_name = {
        f"{settings.name} {endpoint.name}": endpoint.max_concurrency
        for settings in shared
        for endpoint in settings.endpoints
        if isinstance(endpoint, ServerlessEndpointSettings)
    }
    total = sum(by_name.values())
    if total > limits.SERVERLESS_CONCURRENCY_MAX:
        each = ", ".join(f"{name} {value}" for name, value in by_name.items())
        yield Problem(
            where=next(iter(by_name)).split()[0],
            path="endpoints.max_concurrency",
            value=total,
            allowed=f"must be at most {limits.SERVERLESS_CONCURRENCY_MAX} in sum in an account and region ({each})",
            page=limits.SERVERLESS,
        )
