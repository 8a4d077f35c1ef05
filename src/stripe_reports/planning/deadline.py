"""The time limit of a call: set once, at its start, and respected by everything that waits in it.

The limit is a context variable, so it need not be passed on. A call within a call takes the earlier of the
two limits, and threads started within a call copy it (``contextvars.copy_context``). Local computation, such
as parsing a file that has arrived, is not interrupted.
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

__all__ = [
    "Counter",
    "about",
    "began",
    "check",
    "error",
    "left",
    "pause",
    "turn",
    "within",
    "within_unless_limited",
]


class Counter(Protocol):
    """A counter of seconds that can also wait; every ``Clock`` is one."""

    def monotonic(self) -> float:
        """Return seconds, which never go backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""


_NOTHING_LEFT = 0.001
"""Seconds below which waiting is useless, since clocks and sockets round."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The end of a call by a clock's counter, and the run of the call, once known."""

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
    """Limit the block to *seconds*, or to the limit already set if that is earlier."""
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
    """Return the seconds left, 0 after the limit, infinite without a limit."""
    deadline = _current.get()
    return math.inf if deadline is None else deadline.left()


def began() -> float:
    """Return when the call began, by its clock's counter; infinite without a limit."""
    deadline = _current.get()
    return math.inf if deadline is None else deadline.moment - deadline.seconds


def check(unfinished: str) -> None:
    """Raise an error if the time limit has passed.

    Args:
        unfinished: A clause for the message, such as ``"GET /v1/files was not answered"``.

    Raises:
        RunTimeoutError: The time limit has passed, and the call is about a run.
        CallTimeoutError: The time limit has passed.
    """
    if left() <= 0:
        raise error(unfinished)


def error(unfinished: str) -> CallTimeoutError | RunTimeoutError:
    """Return the timeout error for what was not finished; see ``check``."""
    deadline = _current.get()
    if deadline is None:
        raise AssertionError("only a call with a limit can run out of time")
    happened = f"{unfinished} within the {deadline.seconds:,.6g} s that this call may take."
    run = deadline.run
    if run is None:
        return CallTimeoutError(happened, remedy=remedies.ask_again_with_more_time())
    is_pending = run.state == "pending"
    state = "goes on at Stripe" if is_pending else f"has {run.status} at Stripe"
    return RunTimeoutError(
        f"{happened} Report run {run.id} ({run.report_type}) {state}; nothing is lost and no new run is "
        "needed.",
        run,
        remedy=remedies.wait_longer(run.id) if is_pending else remedies.read_longer(run.id),
    )


def pause(clock: Counter, seconds: float, unfinished: str) -> None:
    """Sleep; if that would exceed the time limit, raise the timeout error immediately.

    Raises:
        CallTimeoutError, RunTimeoutError: See ``check``.
    """
    if seconds >= left():
        raise error(unfinished)
    clock.sleep(seconds)


@contextmanager
def turn(room: threading.Semaphore, unfinished: str) -> Iterator[None]:
    """Hold one place of a semaphore, waiting for it at most until the time limit.

    Raises:
        CallTimeoutError, RunTimeoutError: See ``check``.
    """
    if not room.acquire(timeout=min(left(), threading.TIMEOUT_MAX)):
        raise error(unfinished)
    try:
        yield
    finally:
        room.release()
