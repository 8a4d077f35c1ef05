"""A wait that can be seen: a bar in a notebook, one line in a terminal, log lines elsewhere.

Nothing is drawn for what is done at once, and what cannot be drawn is never an error.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, Protocol, TextIO, TypeVar

from stripe_reports.errors import ParameterError
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
"""Called at every look at a run with the run, the seconds so far, and the seconds expected or None."""

ProgressOption = Progress | Literal["auto"] | None
"""``"auto"`` shows the wait as fits the place, None shows nothing."""

_T = TypeVar("_T")

logger = logging.getLogger("stripe_reports")

DRAWN_AFTER = 0.7
"""Seconds before anything is drawn."""

LONGEST_DRAWING = 1.0
"""Seconds to wait for a drawing of another thread, which may wait for this one: in a log handler, say."""

_BETWEEN_TICKS = 0.5


class Drawing(Protocol):
    """A place where a wait is drawn."""

    def draw(self, text: str, share: float | None) -> None:
        """Show how it stands; *share* is the part that is done, None if nobody knows."""

    def erase(self) -> None:
        """Take it away."""


class Place(Protocol):
    """Decides where ``"auto"`` draws a wait. The client gives it, since it may be a notebook."""

    def __call__(self, *, in_background: bool = False) -> Drawing:
        """Return a place to draw; *in_background* if another thread will wait."""


@contextmanager
def shown(option: ProgressOption, place: Callable[[], Drawing]) -> Iterator[Progress | None]:
    """Yield the function to call at every poll in the block.

    Args:
        option: The caller's own function, ``"auto"``, or None.
        place: Where ``"auto"`` draws.

    Raises:
        ParameterError: It is none of the three.
    """
    if option != "auto":
        if option and not callable(option):
            raise ParameterError(
                f"progress is 'auto', None, or a function of the run, the seconds so far and those expected, "
                f"not {option!r}.",
                param="progress",
            )
        yield option
        return
    display = _Display(place())
    try:
        yield display
    finally:
        display.close()


def told_in_background(option: ProgressOption, place: Place, do: Callable[..., _T]) -> Callable[[], _T]:
    """*do* with what to call at every look, for another thread; a bar takes its place below the cell now."""
    drawing = place(in_background=True) if option == "auto" else Log()

    def told() -> _T:
        with shown(option, lambda: drawing) as progress:
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
    """One line of a terminal, written over and over."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, text: str, share: float | None) -> None:
        """Write over the line."""
        filled = "" if share is None else f"[{'#' * round(20 * share):<20}] "
        self._stream.write(f"\r\x1b[2K{filled}{text}")
        self._stream.flush()

    def erase(self) -> None:
        """Leave the line empty."""
        self._stream.write("\r\x1b[2K")
        self._stream.flush()


class Log:
    """A line of the log at first, and one whenever a minute more has passed."""

    def __init__(self) -> None:
        self._logged_at = float("-inf")

    def draw(self, text: str, share: float | None) -> None:
        """Log it, unless that was done lately."""
        del share
        if time.monotonic() - self._logged_at >= 60:
            self._logged_at = time.monotonic()
            logger.info("%s", text)

    def erase(self) -> None:
        """Do nothing: log lines stay."""


class _Display:
    """Draws a wait, and lets its seconds run between two looks.

    It is drawn first in the thread that waits, where the output belongs.
    """

    def __init__(self, drawing: Drawing) -> None:
        self._drawing: Drawing | None = drawing
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._seen: tuple[ReportRun, float, float | None, float] | None = None
        self._is_over = threading.Event()
        self._is_drawn = False

    def __call__(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        self._seen = run, elapsed, expected, time.monotonic()
        if time.monotonic() - self._began < DRAWN_AFTER or run.status != "pending":
            return
        self._draw()
        if not self._is_drawn:
            self._is_drawn = True
            threading.Thread(target=self._tick, name="stripe-reports progress", daemon=True).start()

    def close(self) -> None:
        self._is_over.set()
        with self._turn() as is_mine:
            if is_mine:
                self._erase()

    def _tick(self) -> None:
        while not self._is_over.wait(_BETWEEN_TICKS):
            self._draw()

    def _draw(self) -> None:
        with self._turn() as is_mine:
            if not is_mine:
                return
            if self._drawing is not None and self._seen is not None and not self._is_over.is_set():
                run, elapsed, expected, at = self._seen
                elapsed += time.monotonic() - at
                share = min(0.97, elapsed / expected) if expected else None
                self._attempt(partial(self._drawing.draw, text_of(run, elapsed, expected), share))
            if self._is_over.is_set():  # meanwhile, and who ended it may not have waited
                self._erase()

    def _erase(self) -> None:
        if self._drawing is not None:
            self._attempt(self._drawing.erase)
            self._drawing = None

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Return True if it is this thread's turn to draw."""
        is_mine = self._lock.acquire(timeout=LONGEST_DRAWING)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._lock.release()

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # it is only a picture
            logger.debug("progress cannot be drawn", exc_info=True)
            self._drawing = None
