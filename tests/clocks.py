"""Time in tests: instants, and a clock that never waits."""

import threading
from datetime import UTC, datetime

from stripe_reports.simulator import Clock


class TestClock:
    """A client's clock that never waits: sleeping moves the simulator's time."""

    __test__ = False

    def __init__(self, simulated: Clock) -> None:
        self.simulated = simulated
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.simulated.now()

    def monotonic(self) -> float:
        return self.simulated.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.simulated.advance(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        if not event.is_set():
            self.sleep(seconds)


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)
