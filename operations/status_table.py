"""`make status` as a person reads it: a row for each endpoint, or, on a narrow terminal, some lines for each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from operations.columns import aligned
from settings.names import PRODUCTION, SHADOW
from settings.problems import one_line

NONE, SAME = "-", "same"
RELEASES, DIFFERS = "releases.json", "differs"
# Left out, this one first, where a line is too long and the column says the same of all endpoints, and nothing bad.
QUIET = {
    "metric": (NONE,),
    "previous": (NONE,),
    "shadow": (NONE,),
    "deployed": (SAME,),
    RELEASES: (SAME,),
    "alarms": ("ok",),
    "status": ("InService",),
}


def lines(environments: Sequence[Mapping[str, Any]], *, width: int) -> Iterator[str]:
    """Of the environments that could be asked a table, of the others why not. `width` is the terminal's."""
    rows = [_row(environment, endpoint) for environment in environments for endpoint in environment["endpoints"]]
    yield from _table(rows, width) if rows else ()
    for environment in environments:
        name = environment["environment"]
        if environment["error"] is not None:
            yield f"{name}: {' '.join(environment['error'].split())}"
        elif not environment["endpoints"]:
            yield f"{name}: its settings list no endpoint"


def _table(rows: Sequence[Mapping[str, str]], width: int) -> Iterator[str]:
    columns, left_out = [*rows[0]], []
    for column, quiet in (None, ()), *QUIET.items():
        values = {row[column] for row in rows} if column is not None else set()
        if len(values) == 1 and values <= {*quiet}:
            columns.remove(str(column))
            left_out += [f"{column} {value}" for value in values if value != NONE]
        found = [*aligned([columns, *([row[name] for name in columns] for row in rows)])]
        if max(map(len, found)) <= width:
            yield from found
            if left_out:
                yield f"of all of them: {', '.join(reversed(left_out))}"
            return
    for row in rows:
        said = [(name or DIFFERS, value) for name, value in row.items() if value not in ("", NONE)]
        yield from aligned([*said, ("", "")])


def _row(environment: Mapping[str, Any], endpoint: Mapping[str, Any]) -> Mapping[str, str]:
    serves, releases, deployed = endpoint["serves"], endpoint["releases"], endpoint["deployed"]
    production, shadow = serves.get(PRODUCTION), serves.get(SHADOW)
    served = {variant: _model(item) for variant, item in serves.items()}
    given = {variant: _catalogue_name(name) for variant, name in (deployed or {}).items()}
    named = {variant: releases[variant] for variant in (PRODUCTION, SHADOW) if releases[variant] is not None}
    plain = {variant: item["model"] or _catalogue_name(item["released_name"]) for variant, item in serves.items()}
    cells = {
        "environment": environment["environment"],
        "endpoint": endpoint["name"],
        "serves": served.get(PRODUCTION, NONE),
        "since": f"{datetime.fromisoformat(endpoint['since']).astimezone():%Y-%m-%d %H:%M}"
        if endpoint["since"]
        else NONE,
        "metric": _metric(production),
        "previous": f"{releases['previous'] or NONE}{' (rolled back)' if releases['rolled_back'] else ''}",
        "shadow": served.get(SHADOW, NONE) if shadow is None else _with_metric(served[SHADOW], shadow),
        "status": endpoint["status"] or NONE,
        "alarms": _alarms(endpoint["alarms"]),
        RELEASES: SAME if named and named == plain else _both(named),
        "deployed": SAME if deployed and deployed == _released_names(serves) else _both(given),
        "": f"{endpoint[DIFFERS]}{', forced' if releases['forced'] else ''}".removeprefix(", "),
    }
    return {name: one_line(value) for name, value in cells.items()}


def _released_names(serves: Mapping[str, Any]) -> dict[str, str]:
    return {variant: item["released_name"] for variant, item in serves.items()}


def _catalogue_name(released_name: str) -> str:
    return released_name.rpartition("-")[0] or released_name


def _model(item: Mapping[str, Any]) -> str:
    """By the catalogue's name, with the version where that does not end with it."""
    name = item["model"] or f"{_catalogue_name(item['released_name'])} (not in releases.json)"
    version = item["version"]
    return name if version is None or name.endswith(f"-{version}") else f"{name} version {version}"


def _metric(item: Mapping[str, Any] | None) -> str:
    """Without the channel: `validation:accuracy` is a job's name for it."""
    if item is None or item["metric"] is None:
        return NONE
    return f"{item['metric']['name'].rpartition(':')[2]} {item['metric']['value']:.6g}"


def _with_metric(name: str, item: Mapping[str, Any]) -> str:
    metric = _metric(item)
    return name if metric == NONE else f"{name} ({metric})"


def _both(names: Mapping[str, str]) -> str:
    shadow = f", shadow {names[SHADOW]}" if SHADOW in names else ""
    return f"{names[PRODUCTION]}{shadow}" if PRODUCTION in names else NONE


def _alarms(alarms: Sequence[Mapping[str, str]]) -> str:
    """Those in ALARM."""
    if not alarms:
        return NONE
    return ", ".join(alarm["name"] for alarm in alarms if alarm["state"] == "ALARM") or "ok"
