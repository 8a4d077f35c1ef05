"""Parts of the models: instants, time zones, and JSON values."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stripe_reports.errors import ParameterError
from stripe_reports.render.suggest import suggestion

__all__ = ["STRIPE_ID", "checked", "instant", "iso", "month_bounds", "plain", "shown", "zone_named"]

STRIPE_ID = re.compile(r"[a-z]+_[A-Za-z0-9_]+")
"""The form of all ids of Stripe."""

_T = TypeVar("_T")

_LAST_SECOND = 10_000_000_000
"""Unix time in the year 2286: a larger number is in milliseconds or wrong, and could overflow a date."""

_short = reprlib.Repr()
_short.maxstring, _short.maxother, _short.maxdict, _short.maxlevel = 200, 200, 12, 3


def shown(value: object) -> str:
    """Format a value of an answer for a message: always short."""
    return _short.repr(value)


def plain(value: Any) -> Any:
    """Return the JSON form of a field."""
    match value:
        case datetime():
            return int(value.timestamp())
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            to_stripe = getattr(value, "to_stripe", None)  # a model inside another
            return to_stripe() if to_stripe else value


def checked(value: Any, kind: type[_T]) -> _T:
    """Return *value* if it has that type; raise ``TypeError`` otherwise."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"must be {kind.__name__}; got {shown(value)}")
    return value


def instant(seconds: float) -> datetime:
    """Convert Unix seconds to an instant; raise ``TypeError`` or ``ValueError`` for anything else."""
    if isinstance(seconds, bool) or not 0 <= seconds < _LAST_SECOND:
        raise ValueError(f"must be a time in Unix seconds; got {shown(seconds)}")
    return datetime.fromtimestamp(seconds, UTC)


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name; raise ``ParameterError`` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, TypeError, ValueError, OSError):
        hint = suggestion(_zones_like(str(name)))
        raise ParameterError(
            f"{name!r} is not a time zone. Use an IANA name such as 'Europe/Paris' or 'Etc/UTC'.{hint}",
            param="timezone",
        ) from None


def _zones_like(name: str) -> list[str]:
    """Return the nearest zones; zones of a city of that name first, since users often write a city."""
    wanted = name.strip().lower().replace(" ", "_")
    names = {zone.lower(): zone for zone in sorted(available_timezones())}
    same_city = [zone for low, zone in names.items() if low.rpartition("/")[2] == wanted]
    near = get_close_matches(wanted, names, n=3, cutoff=0.7)
    return same_city[:3] or [names[low] for low in near]


def iso(instant: datetime, zone: tzinfo = UTC) -> str:
    """Format an instant as ISO 8601 in a zone, with ``Z`` for UTC."""
    return instant.astimezone(zone).isoformat().replace("+00:00", "Z")


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first instant of a month such as ``"2026-10"`` and that of the next one, in UTC."""
    year, number = map(int, month.split("-"))
    start = datetime(year, number, 1, tzinfo=UTC)
    return start, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
