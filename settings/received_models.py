"""Which environment receives models from which: a chain, from where they are trained to where they serve."""

from collections.abc import Iterator, Mapping, Sequence

from settings.environment import EnvironmentSettings
from settings.operator_variables import variable
from settings.problems import Problem
from settings.suggestions import one_of


def sources(environments: Mapping[str, EnvironmentSettings], name: str) -> Sequence[str]:
    """The environments whose models that one may get, nearest first: what it receives from, what that receives from.

    Ends where the chain names an environment that is not there, or one that it came by.
    """
    found: list[str] = []
    source = environments[name].receives_from
    while source is not None and source in environments and source not in (name, *found):
        found.append(source)
        source = environments[source].receives_from
    return found


def share_account(one: EnvironmentSettings, other: EnvironmentSettings) -> bool:
    """As far as the settings say: an account id of both, or, where neither gives one, that both share theirs."""
    if one.account_id is None and other.account_id is None:
        return one.shares_account and other.shares_account
    return one.account_id == other.account_id


def reader_account_ids(environments: Mapping[str, EnvironmentSettings], name: str) -> Sequence[str]:
    """The accounts, other than its own, of all environments that may get that one's models; in order, each once."""
    readers = [item for reader, item in environments.items() if name in sources(environments, reader)]
    others = [reader.account_id for reader in readers if not share_account(reader, environments[name])]
    return sorted({account_id for account_id in others if account_id is not None})


def receiving_problems(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    """What is wrong with the chains of environments, which are all that there are."""
    for name, settings in environments.items():
        source = settings.receives_from
        if source == name:
            allowed = "must be another environment"
        elif source is not None and source not in environments:
            allowed = one_of(source, [other for other in environments if other != name])
        else:
            continue
        yield Problem(where=name, path="receives_from", value=source, allowed=allowed)
    yield from _circles(environments)
    yield from _missing_account_ids(environments)


def _circles(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    told: set[str] = set()
    for name in environments:
        passed = [name, *sources(environments, name)]
        if len(passed) > 1 and environments[passed[-1]].receives_from == name and name not in told:
            told.update(passed)
            circle = " from ".join([*passed, name])
            allowed = f"must not lead back: {circle}"
            source = environments[name].receives_from
            yield Problem(where=name, path="receives_from", value=source, allowed=allowed)


def _missing_account_ids(environments: Mapping[str, EnvironmentSettings]) -> Iterator[Problem]:
    """Who may read a bucket is said by account ids, of both sides."""
    lacking: dict[str, str] = {}
    for name, settings in environments.items():
        for source in sources(environments, name):
            if settings.account_id is None and environments[source].account_id is not None:
                lacking.setdefault(name, f"it receives models from {source}, which gives its own")
            if settings.account_id is not None and environments[source].account_id is None:
                lacking.setdefault(source, f"{name} receives models from it and gives its own")
    for name, why in lacking.items():
        allowed = f"must be given, here or by {variable(name, 'account_id')}, as {why}"
        yield Problem(where=name, path="account_id", value=None, allowed=allowed)
