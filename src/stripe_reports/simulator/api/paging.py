"""Pages of a list, newest first: ``limit``, ``starting_after``, ``ending_before``, ``created``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from stripe_reports.simulator.api.answers import invalid, no_such, unknown
from stripe_reports.simulator.api.checks import checked_expand, integer

__all__ = ["page"]

_COMPARED = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_KNOWN = ("created", "ending_before", "expand", "limit", "starting_after")


class _Listed(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def created(self) -> int: ...


_Item = TypeVar("_Item", bound=_Listed)


def page(
    newest_first: Sequence[_Item],
    query: Mapping[str, Any],
    what: str,
    filters: Mapping[str, Callable[[_Item], bool]] | None = None,
) -> tuple[list[_Item], bool]:
    """Return one page, with ``has_more`` true if there are more objects in its direction.

    Args:
        newest_first: All objects.
        query: The query that was sent.
        what: The name of such an object, for the message if one is missing.
        filters: For each parameter, a function that tells which objects it keeps; used if it was sent.

    Raises:
        StripeError: 400 for a limit, cursor or time that is not valid.
    """
    strangers = [name for name in query if name not in _KNOWN and name not in (filters or ())]
    if strangers:
        raise unknown(strangers)
    checked_expand(query)
    limit = integer(query["limit"], "limit") if "limit" in query else 10
    if limit < 1:
        raise invalid("This value must be greater than or equal to 1.", "limit")
    if limit > 100:
        raise invalid("This value must be less than or equal to 100.", "limit")
    if "starting_after" in query and "ending_before" in query:
        raise invalid("You may only specify one of these parameters: ending_before, starting_after.")

    items = list(newest_first)
    if "starting_after" in query:
        items = items[_position(items, query, "starting_after", what) + 1 :]
    elif "ending_before" in query:
        items = items[: _position(items, query, "ending_before", what)]
    items = _created(items, query.get("created"))
    for name, keeps in (filters or {}).items():
        items = [item for item in items if name not in query or keeps(item)]
    if "ending_before" in query:
        return items[-limit:], len(items) > limit
    return items[:limit], len(items) > limit


def _position(items: Sequence[_Listed], query: Mapping[str, Any], cursor: str, what: str) -> int:
    id_ = query[cursor]
    if not isinstance(id_, str):
        raise invalid(f"Invalid string: {str(id_)[:100]}", cursor)
    for position, item in enumerate(items):
        if item.id == id_:
            return position
    raise no_such(what, id_, cursor, status=400)


def _created(items: list[_Item], wanted: Any) -> list[_Item]:
    if wanted is None:
        return items
    if isinstance(wanted, list):
        raise invalid("Invalid integer", "created", code="parameter_invalid_integer")
    if isinstance(wanted, str):
        exactly = integer(wanted, "created")
        return [item for item in items if item.created == exactly]
    strangers = [f"created[{name}]" for name in wanted if name not in _COMPARED]
    if strangers:
        raise unknown(strangers)
    for name, text in wanted.items():
        bound, holds = integer(text, f"created[{name}]"), _COMPARED[name]
        items = [item for item in items if holds(item.created, bound)]
    return items
