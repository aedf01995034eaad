"""`make status` as a person reads it."""

import re
from datetime import UTC, datetime
from typing import Any

from operations.status_table import lines

METRIC = {"name": "validation:accuracy", "value": 0.986014}
OK = [{"name": "a-5xx-errors", "state": "OK"}, {"name": "a-model-latency", "state": "INSUFFICIENT_DATA"}]


def serving(model: str, **more: object) -> dict[str, Any]:
    return {"model": model, "released_name": f"{model}-00000001", "version": None, "metric": None, **more}


def endpoint(**more: Any) -> dict[str, Any]:
    """One that serves what it is to serve."""
    return {
        "endpoint": "linear-learner",
        "name": "linear-learner",
        "status": "InService",
        "since": "2026-11-24T12:00:00+00:00",
        "serves": {"production": serving("churn-dev-3", version=3, metric=METRIC)},
        "releases": {
            "production": "churn-dev-3",
            "shadow": None,
            "previous": "churn-dev-2",
            "rolled_back": False,
            "forced": None,
        },
        "deployed": {"production": "churn-dev-3-00000001"},
        "alarms": OK,
        "differs": "",
        **more,
    }


def of(name: str, *endpoints: dict[str, Any], error: str | None = None) -> dict[str, Any]:
    return {"environment": name, "error": error, "endpoints": [*endpoints]}


def cells(found: list[str]) -> list[dict[str, str]]:
    """Of a table, by the column's heading."""
    starts = [match.start() for match in re.finditer(r"(?<=  )\S|^\S", found[0])]
    width = max(map(len, found)) + 1
    columns = [slice(start, end) for start, end in zip(starts, [*starts[1:], width], strict=True)]
    return [{found[0][at].strip(): line[at].strip() for at in columns} for line in found[1:]]


PREVIOUS = {"production": "churn-dev-2", "shadow": None, "previous": "churn-dev-3", "rolled_back": True, "forced": None}
FAILING = endpoint(
    serves={
        "production": serving("churn-dev-3", metric=METRIC),
        "shadow": serving("fraud", version=7, metric=METRIC),
    },
    releases=PREVIOUS,
    alarms=[*OK, {"name": "a-shadow-5xx-errors", "state": "ALARM"}],
    differs="not deployed yet",
)


def test_a_row_says_what_serves_and_what_differs_from_it() -> None:
    since = f"{datetime(2026, 11, 24, 12, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"
    sound, failing = cells([*lines([of("dev", endpoint()), of("prod", FAILING)], width=300)])
    assert sound == {
        "environment": "dev",
        "endpoint": "linear-learner",
        "serves": "churn-dev-3",
        "since": since,
        "metric": "accuracy 0.986014",
        "previous": "churn-dev-2",
        "shadow": "-",
        "status": "InService",
        "alarms": "ok",
        "releases.json": "same",
        "deployed": "same",
    }
    assert {name: value for name, value in failing.items() if value != sound[name]} == {
        "environment": "prod",
        "previous": "churn-dev-3 (rolled back)",
        "shadow": "fraud version 7 (accuracy 0.986014)",
        "alarms": "a-shadow-5xx-errors",
        "releases.json": "churn-dev-2",
        "deployed": "churn-dev-3  not deployed yet",
    }


def test_an_endpoint_of_nothing_has_a_row_too() -> None:
    none = {"production": None, "shadow": None, "previous": None, "rolled_back": False, "forced": None}
    given = endpoint(serves={}, status=None, since=None, releases=none, deployed=None, alarms=[], differs="no release")
    [row] = cells([*lines([of("dev", given)], width=300)])
    assert row.pop("deployed").split() == ["-", "no", "release"]
    assert [*row.values()] == ["dev", "linear-learner", *"--------"]


def test_what_was_forced_and_what_the_catalogue_does_not_have_is_said() -> None:
    releases = endpoint()["releases"] | {"forced": {"reason": "it must", "refused": ["dev: too soon"]}}
    serves = {"production": serving("x") | {"model": None, "released_name": "churn-00000001"}}
    _, row = lines([of("dev", endpoint(releases=releases, serves=serves))], width=300)
    assert row.endswith("  forced")
    assert "  churn (not in releases.json)  " in row


def test_one_that_cannot_be_asked_is_a_line_and_the_others_are_shown() -> None:
    found = [*lines([of("dev", endpoint()), of("prod", error="no\n  credentials"), of("qa")], width=300)]
    assert found[2:] == ["prod: no credentials", "qa: its settings list no endpoint"]
    assert [*lines([of("dev", error="gone")], width=300)] == ["dev: gone"]


def test_three_environments_fit_on_160_columns() -> None:
    name = "breast-cancer-dev-12"
    model = serving(name, version=12, metric=METRIC)
    releases = {"production": name, "shadow": None, "previous": "breast-cancer-dev-11", "rolled_back": False}
    given = endpoint(
        serves={"production": model},
        releases=releases | {"forced": None},
        deployed={"production": f"{name}-00000001"},
    )
    rolled_back = endpoint(serves={"production": model}, releases=releases | {"forced": None}, differs="rolled back")
    found = [*lines([of("dev", given), of("staging", given), of("prod", rolled_back)], width=160)]
    assert max(map(len, found)) <= 160
    assert len(found) == 5
    assert found[3].endswith("  rolled back")
    assert found[4] == "of all of them: releases.json same"


def test_on_a_narrow_terminal_an_endpoint_is_some_lines() -> None:
    found = [*lines([of("dev", endpoint()), of("prod", FAILING)], width=80)]
    assert max(map(len, found)) <= 80
    assert found.count("") == 2
    dev, prod = (dict(line.split("  ", 1) for line in part) for part in (found[: found.index("")], found[12:-1]))
    assert dev["environment"].strip() == "dev"
    assert "shadow" not in dev
    assert prod["differs"].strip() == "not deployed yet"


def test_what_aws_says_moves_no_cursor() -> None:
    found = "\n".join(lines([of("dev", endpoint(status="\x1b[2J\n"))], width=300))
    assert "\x1b" not in found
    assert len(found.splitlines()) == 2
