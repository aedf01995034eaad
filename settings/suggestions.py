"""What a misspelt word was perhaps meant to be."""

import difflib
from collections.abc import Sequence


def suggestion(name: str, known: Sequence[str], *, nearness: float = 0.6) -> str:
    """Empty where nothing is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=nearness)
    return f" (did you mean {near[0]}?)" if near else ""


def one_of(name: str, known: Sequence[str]) -> str:
    """What is allowed where a person names one of what is known, all of it in lower case."""
    return f"must be one of {', '.join(known)}{suggestion(name.lower(), known)}"
