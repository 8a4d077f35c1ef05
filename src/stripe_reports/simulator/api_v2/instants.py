"""Instants as RFC 3339 text."""

from __future__ import annotations

import math
import zlib
from datetime import UTC, datetime

__all__ = ["in_milliseconds", "in_nanoseconds", "seconds_of"]


_FIRST, _LAST = 0, int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) - 1


def in_milliseconds(seconds: float) -> str:
    """Write ``2026-07-01T00:00:00.000Z``, as parameters and ``refreshed_at`` are."""
    return _utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_nanoseconds(seconds: float, of: str) -> str:
    """Write ``2026-10-05T21:01:11.504756927Z``; *of* chooses the last digits, which the clock lacks."""
    text = _utc(seconds).isoformat(timespec="microseconds").removesuffix("+00:00")
    return f"{text}{zlib.crc32(of.encode()) % 1000:03}Z"


def seconds_of(text: object) -> int:
    """Read an instant as Unix seconds; part of a second counts as a whole, since rows have whole seconds.

    Raises:
        ValueError: It is not an instant with a time zone.
    """
    if not isinstance(text, str) or "T" not in text.upper():
        raise ValueError("not a time in the form 2026-06-01T00:00:00Z")
    instant = datetime.fromisoformat(text.upper())
    if instant.tzinfo is None:
        raise ValueError("without a time zone")
    seconds = math.ceil(instant.timestamp())
    if not _FIRST <= seconds <= _LAST:
        raise ValueError("outside of the years 1970 to 9998")
    return seconds


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
