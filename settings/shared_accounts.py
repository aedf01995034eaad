"""What environments that live in one account must not do to each other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from settings import limits
from settings.endpoint import ServerlessEndpointSettings
from settings.environment import EnvironmentSettings
from settings.problems import limit


def account_faults(environments: Mapping[str, EnvironmentSettings]) -> list[str]:
    """The faults of environments that share an account, and of bucket names, which are unique in the world."""
    faults = list(_taken_twice("bucket.name", [(name, item.bucket.name) for name, item in environments.items()]))
    for shared in _by_account_and_region(environments):
        faults += _log_group_faults(shared)
        endpoints = [(settings.name, name) for settings in shared for name in settings.endpoint_names]
        faults += _taken_twice("endpoints.name", endpoints, "; set shares_account=True in both")
        faults += _concurrency_faults(shared)
    return faults


def _by_account_and_region(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Sequence[EnvironmentSettings]]:
    """Environments by account and region. Those that share an account without saying which are taken to share one."""
    shared = defaultdict(list)
    for name, settings in environments.items():
        account = settings.account_id or ("shared" if settings.shares_account else name)
        shared[account, settings.region].append(settings)
    yield from shared.values()


def _log_group_faults(shared: Sequence[EnvironmentSettings]) -> Iterator[str]:
    owners = [settings.name for settings in shared if settings.logs.owns_account_wide]
    rule = limit("must be True in exactly one environment of an account and region", limits.LOGGING)
    if not owners:
        yield f"{shared[0].name}: logs.owns_account_wide: False: {rule}: no other one has it"
    for name in owners[1:]:
        yield f"{name}: logs.owns_account_wide: True: {rule}: {owners[0]} has it"


def _taken_twice(field: str, values: Iterable[tuple[str, str | None]], cure: str = "") -> Iterator[str]:
    """`values` are pairs of an environment and what it calls something."""
    taken: dict[str, str] = {}
    for name, value in values:
        if value is not None and taken.setdefault(value, name) != name:
            yield f"{name}: {field}: {value!r}: must differ from that of {taken[value]}{cure}"


def _concurrency_faults(shared: Sequence[EnvironmentSettings]) -> Iterator[str]:
    by_name = {
        f"{settings.name} {endpoint.name}": endpoint.max_concurrency
        for settings in shared
        for endpoint in settings.endpoints
        if isinstance(endpoint, ServerlessEndpointSettings)
    }
    total = sum(by_name.values())
    if total > limits.SERVERLESS_CONCURRENCY_MAX:
        allowed = limit(
            f"must be at most {limits.SERVERLESS_CONCURRENCY_MAX} in an account and region", limits.SERVERLESS
        )
        each = ", ".join(f"{name} {value}" for name, value in by_name.items())
        yield f"{next(iter(by_name)).split()[0]}: endpoints.max_concurrency: {total} in sum ({each}): {allowed}"
