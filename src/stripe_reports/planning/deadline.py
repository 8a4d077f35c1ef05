"""The time limit of a call: set once, where the call begins, and respected by everything that waits in it.

The limit lies in a context variable, so nothing has to pass it on. A call within a call takes the earlier of
the two limits, and threads started within a call take it along (``contextvars.copy_context``). Work of this
machine's own processor, such as typing a file that has arrived, is not interrupted.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from stripe_reports.errors import CallTimeoutError, RunTimeoutError
from stripe_reports.render import remedies

if TYPE_CHECKING:
    from stripe_reports.models import RunView

__all__ = ["Counter", "about", "check", "error", "left", "pause", "turn", "within", "within_unless_limited"]


class Counter(Protocol):
    """What counts seconds and waits; every ``Clock`` does."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


_NOTHING_LEFT = 0.001
"""Seconds that are too few to wait for anything; clocks and sockets round them."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The moment at which a call ends, by a clock's counter; and the run that it is about, once known."""

    clock: Counter
    moment: float
    seconds: float
    run: RunView | None = None

    def left(self) -> float:
        seconds = self.moment - self.clock.monotonic()
        return seconds if seconds > _NOTHING_LEFT else 0.0


_current: ContextVar[_Deadline | None] = ContextVar("stripe_reports_deadline", default=None)


@contextmanager
def within(clock: Counter, seconds: float) -> Iterator[None]:
    """Let what the block does take so many seconds at most, or until the limit that holds already."""
    deadline, outer = _Deadline(clock, clock.monotonic() + seconds, seconds), _current.get()
    if outer is not None and outer.left() <= deadline.left():
        deadline = outer
    with _as_current(deadline):
        yield


@contextmanager
def within_unless_limited(clock: Counter, seconds: float) -> Iterator[None]:
    """Set a limit only if there is none yet."""
    if _current.get() is not None:
        yield
    else:
        with within(clock, seconds):
            yield


@contextmanager
def about(run: RunView) -> Iterator[None]:
    """Let the error at the end of the time name the run, which goes on at Stripe."""
    deadline = _current.get()
    if deadline is None:
        yield
    else:
        with _as_current(replace(deadline, run=run)):
            yield


@contextmanager
def _as_current(deadline: _Deadline) -> Iterator[None]:
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


def left() -> float:
    """Seconds that are left, 0 if the time is over; infinite where no limit is set."""
    deadline = _current.get()
    return math.inf if deadline is None else deadline.left()


def check(unfinished: str) -> None:
    """End the call if its time is over.

    Args:
        unfinished: A clause for the message, such as ``"GET /v1/files was not answered"``.

    Raises:
        RunTimeoutError: The time is over, and the call is about a run.
        CallTimeoutError: The time is over.
    """
    if left() <= 0:
        raise error(unfinished)


def error(unfinished: str) -> CallTimeoutError | RunTimeoutError:
    """The error that says what was not finished in time; see ``check``."""
    deadline = _current.get()
    if deadline is None:
        raise AssertionError("only a call with a limit can run out of time")
    happened = f"{unfinished} within the {deadline.seconds:,.6g} s that this call may take."
    run = deadline.run
    if run is None:
        return CallTimeoutError(happened, remedy=remedies.ask_again_with_more_time())
    state = "goes on at Stripe" if run.status == "pending" else f"has {run.status} at Stripe"
    return RunTimeoutError(
        f"{happened} Report run {run.id} ({run.report_type}) {state}; nothing is lost and no new run is "
        "needed.",
        run,
        remedy=remedies.wait_longer(run.id),
    )


def pause(clock: Counter, seconds: float, unfinished: str) -> None:
    """Sleep; if that would last beyond the end of the call, end it at once.

    Raises:
        CallTimeoutError, RunTimeoutError: See ``check``.
    """
    if seconds >= left():
        raise error(unfinished)
    clock.sleep(seconds)


@contextmanager
def turn(room: threading.Semaphore, unfinished: str) -> Iterator[None]:
    """Hold one place of a semaphore, and wait for it no longer than the call may take.

    Raises:
        CallTimeoutError, RunTimeoutError: See ``check``.
    """
    if not room.acquire(timeout=min(left(), threading.TIMEOUT_MAX)):
        raise error(unfinished)
    try:
        yield
    finally:
        room.release()
