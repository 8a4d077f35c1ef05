"""The simulator's clocks: one that moves only when it is advanced, and one that follows real time."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["DEMO_START", "Clock", "RealClock"]

DEMO_START = datetime(2026, 11, 5, 12, tzinfo=UTC)
"""Default start of a clock: half a day after the last data was prepared."""


class Clock:
    """A clock that stands still until it is advanced.

    Args:
        start: An aware datetime; 2026-11-05 12:00 UTC by default.

    Attributes:
        is_running: True if it moves by itself.
    """

    is_running = False

    def __init__(self, start: datetime = DEMO_START) -> None:
        self._lock = threading.Lock()
        self._now = _utc(start)
        self._listeners: list[weakref.WeakMethod[Callable[[], object]]] = []

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        return self._now

    def advance(self, by: float | timedelta) -> datetime:
        """Move the clock by seconds or a timedelta, and return the new time."""
        with self._lock:
            self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
            now = self._now
        self._moved()
        return now

    def set(self, to: datetime) -> None:
        """Move the clock to an aware datetime, forwards or back."""
        with self._lock:
            self._now = _utc(to)
        self._moved()

    def sleep(self, seconds: float) -> None:
        """Advance this clock without waiting; a clock that runs makes its caller wait."""
        self.advance(seconds)

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call a bound method after each move, in the thread that moved the clock, while its object lives."""
        self._listeners.append(weakref.WeakMethod(listener))

    def _moved(self) -> None:
        for reference in self._listeners:
            if listener := reference():
                listener()


class RealClock(Clock):
    """A clock that runs at real speed from *start*; ``advance`` and ``set`` make it jump."""

    is_running = True

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
        """Jump to an aware datetime and continue from there."""
        with self._lock:
            self._now, self._started = _utc(to), time.monotonic()
        self._moved()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone. Add one, such as UTC.")
    return instant.astimezone(UTC)
