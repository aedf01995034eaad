"""A page of the documents as somebody works through it: its examples, in their order."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

FENCED = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Example:
    language: str
    text: str
    file: str | None  # that the words above it name


def examples(page: str, folder: str) -> Iterator[Example]:
    """Files are those within the folder."""
    end = 0
    for found in FENCED.finditer(page):
        named = re.findall(rf"`({folder}/[\w./]+)`", page[end : found.start()])
        yield Example(found[1], textwrap.dedent(found[2]), named[-1] if named else None)
        end = found.end()
