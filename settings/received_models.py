"""Which environment receives models from which: a chain, from where they are trained to where they serve."""

from collections.abc import Iterator, Mapping, Sequence

from settings.environment import EnvironmentSettings
from settings.names import partition
from settings.operator_variables import variable
from settings.problems import Problem
from settings.suggestions import one_of

Environments = Mapping[str, EnvironmentSettings]


def sources(environments: Environments, name: str) -> Sequence[str]:
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
    """As far as the settings say: the same account id in both, or, where neither gives one, that both share theirs."""
    if one.account_id is None and other.account_id is None:
        return one.shares_account and other.shares_account
    return one.account_id == other.account_id


def reader_account_ids(environments: Environments, name: str) -> Sequence[str]:
    """The accounts, other than its own, of all environments that may get that one's models; in order, each once."""
    readers = [item for reader, item in environments.items() if name in sources(environments, reader)]
    others = [reader.account_id for reader in readers if not share_account(reader, environments[name])]
    return sorted({account_id for account_id in others if account_id is not None})


def receiving_problems(environments: Environments) -> Iterator[Problem]:
    """What is wrong with the chains of `environments`, which are all that there are."""
    for name, settings in environments.items():
        source = settings.receives_from
        if source is not None:
            allowed = _wrong_source(environments, name, source)
            if allowed is not None:
                yield Problem(where=name, path="receives_from", value=source, allowed=allowed)
    yield from _circles(environments)
    yield from _missing_account_ids(environments)


def copy_problem(environments: Environments, name: str, trained_in: str, model_package: str) -> str | None:
    """What is allowed where an environment cannot get the artifact of a model package that another, or it, has trained.

    `environments` are all that there are.
    """
    source, target, known = environments[trained_in], environments[name], (name, *sources(environments, name))
    if trained_in not in known:
        return f"trained in {trained_in}: must be trained in {' or '.join(known)}, where receives_from leads to"
    missing = [item.name for item in (source, target) if item.account_id is None]
    if source is not target and missing and not share_account(source, target):
        where = " and ".join(f"stacks/{item}.py" for item in missing)
        variables = " and ".join(variable(item, "account_id") for item in missing)
        return (
            f"trained in {trained_in}: account_id must be given in {where}, or by {variables}, as it says whose bucket "
            "the artifact is copied from, and who may read it"
        )
    region, account_id = model_package.split(":")[3:5]
    if source.region != region or source.account_id not in (None, account_id):
        of = "" if source.account_id is None else f"account {source.account_id}, "
        return (
            f"trained in account {account_id}, {region}: must be trained again, as {trained_in} is in {of}"
            f"{source.region} now"
        )
    return None


def _wrong_source(environments: Environments, name: str, source: str) -> str | None:
    if source == name:
        return "must be another environment"
    if source not in environments:
        return one_of(source, [other for other in environments if other != name])
    here, there = partition(environments[name].region), partition(environments[source].region)
    if here != there:
        return f"must be an environment in {here}: nothing in {there} can let accounts of {here} read anything"
    return None


def _circles(environments: Environments) -> Iterator[Problem]:
    told: set[str] = set()
    for name, settings in environments.items():
        passed = [name, *sources(environments, name)]
        if name not in told and len(passed) > 1 and environments[passed[-1]].receives_from == name:
            told.update(passed)
            allowed = f"must not lead back: {' from '.join([*passed, name])}"
            yield Problem(where=name, path="receives_from", value=settings.receives_from, allowed=allowed)


def _missing_account_ids(environments: Environments) -> Iterator[Problem]:
    """Where a chain goes through several accounts, nobody can tell which of them an environment without an id is in.

    Of a chain with one account id, or none, nothing is known that could be wrong.
    """
    told: set[str] = set()
    for name in environments:
        chain = [environments[item] for item in (name, *sources(environments, name))]
        given = {item.account_id: item.name for item in chain if item.account_id is not None}
        if len(given) < 2:
            continue
        for item in chain:
            if item.account_id is None and item.name not in told:
                told.add(item.name)
                others = " and ".join(f"{other} is in {account_id}" for account_id, other in given.items())
                allowed = (
                    f"must be given, here or by {variable(item.name, 'account_id')}: models go from one of these "
                    f"environments to another, and {others}"
                )
                yield Problem(where=item.name, path="account_id", value=None, allowed=allowed)
