"""What is wrong with the text of a JSON file, beside what readers of JSON say."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from settings.problems import Problem

# https://git-scm.com/docs/git-merge#_how_conflicts_are_presented
CONFLICT = re.compile(rb"^(<{7}|>{7}|={7}|\|{7})(?= |\r?$)", re.MULTILINE)


class _Pairs(list[tuple[str, object]]):
    """A JSON object's keys and values, as they are written."""


def conflict_problem(text: bytes) -> Problem | None:
    """Where git has left two branches' lines for a person to choose from."""
    found = CONFLICT.search(text)
    if found is None:
        return None
    line, marker = text.count(b"\n", 0, found.start()) + 1, found[1].decode()
    return Problem(
        allowed=f"line {line} is git's conflict marker {marker}: two branches have changed the same lines: what is to "
        "stay of both must be kept, and the markers be deleted"
    )


def keys_given_twice(text: bytes) -> Iterator[Problem]:
    """Of a text that is JSON: its readers take the last of two values without a word."""

    def within(value: object, path: Sequence[str]) -> Iterator[Problem]:
        if isinstance(value, _Pairs):
            for key, count in Counter(key for key, _ in value).items():
                if count > 1:
                    yield Problem(path=".".join(path), value=key, allowed=f"given {count} times: must be given once")
            for key, inner in value:
                yield from within(inner, [*path, key])
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from within(inner, [*path, str(number)])

    yield from within(json.loads(text, object_pairs_hook=_Pairs, parse_int=str), [])
