"""Current time and sleep as one value that is passed in, so that tests and ``demo()`` do not wait."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """The current time and the sleep function."""

    def now(self) -> datetime:
        """Return the current time as an aware datetime."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait until an event, but no longer than that."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; an interrupt ends it."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait until an event, but no longer than that; an interrupt ends it, on Windows within a second."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0 and not event.wait(min(left, 1.0)):
            pass
