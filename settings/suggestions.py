"""What a misspelt word was perhaps meant to be."""

import difflib
from collections.abc import Sequence


def suggestion(name: str, known: Sequence[str], *, nearness: float = 0.6) -> str:
    """Empty where nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=nearness)
    return f" (did you mean {near[0]}?)" if near else ""
