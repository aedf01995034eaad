"""The notebooks that the bucket hands to the notebook instance, found in notebooks/ and checked."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from settings.files import UnreadableError, name_problem, opened
from settings.names import address_part
from settings.problems import Problem

# CDKTF copies each file into a folder called after its address, `notebook_<letters>_file`, of this length at most.
# https://man7.org/linux/man-pages/man7/path_resolution.7.html
FOLDER_MAX_BYTES = 255


def read_sample_notebooks(folder: Path) -> tuple[Sequence[Path], list[Problem]]:
    """The files, in the order of their names, and what is wrong with them."""
    paths = sorted(folder.glob("*.ipynb"))
    return paths, [*_problems(paths)]


def _problems(paths: Sequence[Path]) -> Iterator[Problem]:
    """Terraform's addresses are made of the files' names, their punctuation left out."""
    plain = [address_part(path.stem) for path in paths]
    for path, letters in zip(paths, plain, strict=True):
        other = paths[plain.index(letters)]
        where = f"{path.parent.name}/{os.fsencode(path.name).decode(errors='backslashreplace')}"
        meets = None if other == path else f"must differ from {other.name} in more than punctuation"
        size = len(f"notebook_{letters}_file".encode())
        long = f"must have a name of {size - FOLDER_MAX_BYTES} bytes less" if size > FOLDER_MAX_BYTES else None
        for allowed in (_content_problem(path), name_problem(path.name), meets, long):
            if allowed is not None:
                yield Problem(where=where, allowed=allowed)


def _content_problem(path: Path) -> str | None:
    """Before the fourth version, cells were in worksheets.

    https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    try:
        with opened(path) as file:
            content = json.load(file)
    except UnreadableError as error:
        return f"{error}: must be a notebook that can be read"
    except (ValueError, RecursionError) as error:
        return f"{error}: must be a notebook, which is JSON"
    if not (isinstance(content, dict) and isinstance(content.get("nbformat"), int)):
        return "must be a notebook, with the version of its format in nbformat"
    if not any(isinstance(content.get(cells), list) for cells in ("cells", "worksheets")):
        return "must be a notebook, with its cells"
    return None
