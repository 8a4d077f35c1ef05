"""The simulator's time: one that moves only when told, and one that follows the real one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

__all__ = ["DEMO_START", "Clock", "RealClock"]

DEMO_START = datetime(2026, 11, 5, 12, tzinfo=UTC)
"""Where a clock starts unless told otherwise: half a day after the last data was prepared."""


class Clock:
    """A clock that stands still until it is told to move.

    Args:
        start: An aware datetime; 2026-11-05 12:00 UTC by default.
    """

    def __init__(self, start: datetime = DEMO_START) -> None:
        self._lock = threading.Lock()
        self._now = _utc(start)

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        return self._now

    def advance(self, by: float | timedelta) -> datetime:
        """Move the clock by seconds or a timedelta, and return the new time."""
        with self._lock:
            self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
            return self._now

    def set(self, to: datetime) -> None:
        """Move the clock to an aware datetime, forwards or back."""
        with self._lock:
            self._now = _utc(to)


class RealClock(Clock):
    """A clock that runs at real speed from *start* on; ``advance`` and ``set`` make it jump."""

    def __init__(self, start: datetime = DEMO_START) -> None:
        super().__init__(start)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)

    def advance(self, by: float | timedelta) -> datetime:
        """Jump by seconds or a timedelta, and return the new time."""
        super().advance(by)
        return self.now()

    def set(self, to: datetime) -> None:
        """Jump to an aware datetime and run on from there."""
        with self._lock:
            self._now, self._started = _utc(to), time.monotonic()


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no zone, so it is no instant.")
    return instant.astimezone(UTC)
