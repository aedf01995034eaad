"""Lists as SageMaker's List operations answer them: filtered by the caller, sorted, page by page."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from moto.core.utils import unix_time
from moto.sagemaker.exceptions import ValidationError

PAGE = 100

Item = TypeVar("Item")
Keys = Mapping[str, Callable[[Item], Any]]


def page(
    items: Iterable[Item],
    request: Mapping[str, Any],
    *,
    keys: Keys[Item],
    default_key: str,
    default_order: str,
) -> tuple[list[Item], dict[str, str]]:
    """The page that the request asks for, and a NextToken where there is another. `keys` are SortBy's."""
    order = request.get("SortOrder", default_order)
    listed = sorted(items, key=keys[request.get("SortBy", default_key)], reverse=order == "Descending")
    token = request.get("NextToken", "0")
    if not (token.isascii() and token.isdecimal() and int(token) <= len(listed)):
        raise ValidationError(message=f"NextToken {token!r} is invalid.")
    end = int(token) + request.get("MaxResults", PAGE)
    return listed[int(token) : end], {"NextToken": str(end)} if end < len(listed) else {}


def within(created: datetime, request: Mapping[str, Any], *, after: str, before: str) -> bool:
    """Whether a time of moto's, in UTC, is between those that the request gives, each a number of seconds."""
    seconds = unix_time(created)
    return bool(request.get(after, seconds - 1) < seconds < request.get(before, seconds + 1))
