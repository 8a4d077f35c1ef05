"""Show a wait: a bar in a notebook, one line in a terminal, log lines elsewhere.

A short wait is not shown, and a display that fails is never an error.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Literal, Protocol, TextIO, TypeVar

from stripe_reports.errors import ParameterError
from stripe_reports.http.clock import Clock, SystemClock
from stripe_reports.models import ReportRun
from stripe_reports.render.printable import printable

__all__ = [
    "Drawing",
    "Line",
    "Log",
    "Place",
    "Progress",
    "ProgressOption",
    "shown",
    "text_of",
    "told_in_background",
]

Progress = Callable[[ReportRun, float, float | None], None]
"""Called at every poll of a run with the run, the seconds so far, and the seconds expected or None."""

ProgressOption = Progress | Literal["auto", False] | None
"""``"auto"`` shows the wait in a notebook, terminal or log; None or False shows nothing."""

_T = TypeVar("_T")

logger = logging.getLogger("stripe_reports")

DRAWN_AFTER = 0.7
"""Seconds before anything is drawn."""

LONGEST_DRAWING = 1.0
"""Seconds to wait for the drawing thread, which may wait for this one, for example in a log handler."""

_BETWEEN_TICKS = 0.5


class Drawing(Protocol):
    """A place where a wait is drawn."""

    def draw(self, text: str, share: float | None) -> None:
        """Show the state; *share* is the part that is done, None if it is unknown."""

    def erase(self) -> None:
        """Remove it."""


class Place(Protocol):
    """Chooses the place where ``"auto"`` draws a wait. The client passes it, since it may be a notebook."""

    def __call__(self, *, in_background: bool = False) -> Drawing:
        """Return a place to draw; *in_background* if another thread will wait."""


@contextmanager
def shown(
    option: ProgressOption, place: Callable[[], Drawing], about: str, *, clock: Clock | None = None
) -> Iterator[Progress | None]:
    """Yield the function to call at every poll in the block.

    With ``"auto"``, the wait is shown within a second, even before the first poll.

    Args:
        option: The caller's own function, ``"auto"``, None or False.
        place: Chooses the place for ``"auto"``.
        about: The text until a run is known: a report type or the id of a run.
        clock: For tests; it counts the seconds that users wait, and is not the simulator's.

    Raises:
        ParameterError: It is none of the three.
    """
    if option != "auto":
        if option and not callable(option):
            raise ParameterError(
                "progress is 'auto', None, False, or a function of the run, the seconds so far and those "
                f"expected, not {option!r}.",
                param="progress",
            )
        yield option or None
        return
    display = _Display(place(), about, clock or SystemClock())
    try:
        yield display
    finally:
        display.close()


def told_in_background(
    option: ProgressOption, place: Place, about: str, do: Callable[..., _T]
) -> Callable[[], _T]:
    """Return *do* with the callback for every poll, for another thread; a bar is created at once."""
    drawing = place(in_background=True) if option == "auto" else Log()

    def told() -> _T:
        with shown(option, lambda: drawing, about) as progress:
            return do(progress=progress)

    return told


def text_of(run: ReportRun, elapsed: float, expected: float | None) -> str:
    """Return the state of a wait, in one line."""
    if run.status == "pending":
        usual = f", usually about {_duration(expected)}" if expected else ""
        return printable(f"{run.report_type}: run {run.id} is pending · {_duration(elapsed)}{usual}")
    return printable(f"{run.report_type}: run {run.id} {run.status} after {_duration(elapsed)}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Line:
    """A line of a terminal that is rewritten."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, text: str, share: float | None) -> None:
        """Rewrite the line."""
        filled = "" if share is None else f"[{'#' * round(20 * share):<20}] "
        self._stream.write(f"\r\x1b[2K{filled}{text}")
        self._stream.flush()

    def erase(self) -> None:
        """Clear the line."""
        self._stream.write("\r\x1b[2K")
        self._stream.flush()


class Log:
    """Writes a line of the log at first, and another after each minute."""

    def __init__(self) -> None:
        self._logged_at = float("-inf")

    def draw(self, text: str, share: float | None) -> None:
        """Log the state, unless that was done in the last minute."""
        del share
        if time.monotonic() - self._logged_at >= 60:
            self._logged_at = time.monotonic()
            logger.info("%s", text)

    def erase(self) -> None:
        """Do nothing: log lines stay."""


class _Display:
    """Draws a wait in a separate thread, whatever the waiting thread is doing.

    The separate thread has the context of the waiting one, so a notebook shows the drawing below its cell.
    """

    def __init__(self, drawing: Drawing, about: str, clock: Clock) -> None:
        self._drawing: Drawing | None = drawing
        self._about = about
        self._clock = clock
        self._began = clock.monotonic()
        self._seen: tuple[ReportRun, float, float | None, float] | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._draw,), name="stripe-reports progress", daemon=True
        )
        self._thread.start()

    def __call__(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        self._seen = run, elapsed, expected, self._clock.monotonic()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join(LONGEST_DRAWING)

    def _draw(self) -> None:
        self._clock.wait(self._is_over, DRAWN_AFTER)
        while not self._is_over.is_set() and self._drawing is not None:
            self._attempt(partial(self._drawing.draw, *self._state()))
            self._clock.wait(self._is_over, _BETWEEN_TICKS)
        if self._drawing is not None:
            self._attempt(self._drawing.erase)

    def _state(self) -> tuple[str, float | None]:
        """Return what to draw: the text, and the share that is done."""
        now = self._clock.monotonic()
        if self._seen is None:
            return printable(f"{self._about}: asking Stripe · {_duration(now - self._began)}"), None
        run, elapsed, expected, at = self._seen
        if run.status != "pending":
            return f"{text_of(run, elapsed, expected)} · reading its result", None
        elapsed += now - at
        return text_of(run, elapsed, expected), min(0.97, elapsed / expected) if expected else None

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # a display that fails is not an error
            logger.debug("progress cannot be drawn", exc_info=True)
            self._drawing = None
