"""Show a wait for one run or for many: a bar in a notebook, one line in a terminal, plain lines elsewhere.

A short wait is not shown, and a display that fails is never an error.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TextIO, TypeVar

from stripe_reports.errors import ParameterError
from stripe_reports.http.clock import Clock, SystemClock
from stripe_reports.models import AnyRun
from stripe_reports.planning.grid import Standing
from stripe_reports.render.printable import printable

__all__ = [
    "Drawing",
    "GridProgress",
    "GridProgressOption",
    "Line",
    "Lines",
    "Place",
    "Progress",
    "ProgressOption",
    "columns_of",
    "in_log",
    "in_terminal",
    "shown",
    "shown_for_all",
    "standing_text",
    "text_of",
    "told_in_background",
]

Progress = Callable[[AnyRun, float, float | None], None]
"""Called at every poll of a run with the run, the seconds since its launch, and those expected or None."""

ProgressOption = Progress | Literal["auto", False] | None
"""``"auto"`` shows the wait in a notebook, terminal or log; None or False shows nothing."""

GridProgress = Callable[[Standing], None]
"""Called with the state of a call that fetches many reports, after each of its steps."""

GridProgressOption = GridProgress | Literal["auto", False] | None
"""``"auto"`` shows one line or bar for the whole call; None or False shows nothing."""

_T = TypeVar("_T")

logger = logging.getLogger("stripe_reports")

DRAWN_AFTER = 0.7
"""Seconds before anything is drawn."""

LONGEST_DRAWING = 1.0
"""Seconds to wait for the drawing thread, which may wait for this one, for example in a log handler."""


class Drawing(Protocol):
    """A place where a wait is drawn."""

    @property
    def between(self) -> float:
        """Seconds between two drawings."""

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
        _check_callable(option, "the run, the seconds so far and those expected")
        yield option or None
        return
    display = _RunDisplay(place(), about, clock or SystemClock())
    try:
        yield display
    finally:
        display.close()


@contextmanager
def shown_for_all(
    option: GridProgressOption, place: Callable[[], Drawing], about: str, *, clock: Clock | None = None
) -> Iterator[GridProgress | None]:
    """Yield the function to call with the state of a call that fetches many reports; see ``shown``.

    Raises:
        ParameterError: The option is none of those allowed.
    """
    if option != "auto":
        _check_callable(option, "the state of the call")
        yield option or None
        return
    display = _GridDisplay(place(), about, clock or SystemClock())
    try:
        yield display
    finally:
        display.close()


def _check_callable(option: object, of: str) -> None:
    if option and not callable(option):
        raise ParameterError(
            f"progress is 'auto', None, False, or a function of {of}, not {option!r}.", param="progress"
        )


def told_in_background(
    option: ProgressOption, place: Place, about: str, do: Callable[..., _T]
) -> Callable[[], _T]:
    """Return *do* with the callback for every poll, for another thread; a bar is created at once."""
    drawing = place(in_background=True) if option == "auto" else in_log()

    def told() -> _T:
        with shown(option, lambda: drawing, about) as progress:
            return do(progress=progress)

    return told


def text_of(run: AnyRun, elapsed: float, expected: float | None) -> str:
    """Return the state of a wait, in one line."""
    if run.state == "pending":
        usual = f", usually about {_duration(expected)}" if expected else ""
        return printable(f"{run.report_type}: run {run.id} is pending · {_duration(elapsed)}{usual}")
    return printable(f"{run.report_type}: run {run.id} {run.status} after {_duration(elapsed)}")


def standing_text(standing: Standing) -> str:
    """Return the state of a call that fetches many reports, in one line."""
    said = [f"{standing.there:,} of {standing.total:,} reports"]
    if standing.failed:
        said.append(f"{standing.failed:,} failed")
    if standing.at_stripe:
        said.append(f"{standing.at_stripe:,} run{'s'[: standing.at_stripe > 1]} pending")
    left = standing.seconds_left
    about = f", about {_duration(left)} left" if left is not None and standing.share < 1 else ""
    return f"{' · '.join(said)} · {_duration(standing.seconds)}{about}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Line:
    """A line of a terminal that is rewritten."""

    between = 0.5

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, text: str, share: float | None) -> None:
        """Rewrite the line; a long text is cut in its middle, since a line that wraps cannot be rewritten."""
        width = columns_of(self._stream) - 1
        filled = "" if share is None else f"[{'#' * round(20 * share):<20}] "
        if len(filled) + len(text) > width:
            filled = ""
        if len(text) > width:
            kept = max(width - 1, 0)
            text = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        self._stream.write(f"\r\x1b[2K{filled}{text}")
        self._stream.flush()

    def erase(self) -> None:
        """Clear the line."""
        self._stream.write("\r\x1b[2K")
        self._stream.flush()


class Lines:
    """Plain lines that stay: one at first, and another after each minute."""

    between = 60.0

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def draw(self, text: str, share: float | None) -> None:
        """Write the state."""
        del share
        self._write(text)

    def erase(self) -> None:
        """Do nothing: the lines stay."""


def in_log() -> Lines:
    """Return the log as a place to draw."""
    return Lines(partial(logger.info, "%s"))


def in_terminal(stream: TextIO) -> Line | None:
    """Return the line of a terminal as a place to draw; None for a stream that cannot rewrite a line."""
    return Line(stream) if stream.isatty() and os.environ.get("TERM") != "dumb" else None


def columns_of(stream: TextIO) -> int:
    """Return the width of a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or shutil.get_terminal_size().columns
    except (OSError, ValueError):  # not a terminal of the system
        return shutil.get_terminal_size().columns


@dataclass(frozen=True, slots=True)
class _Poll:
    """What a poll showed, and when, by the clock of the display."""

    run: AnyRun
    elapsed: float
    expected: float | None
    at: float


def _until(now: float, poll: _Poll) -> tuple[float, float | None]:
    """Return the seconds so far and those expected, counted on since the last poll."""
    return poll.elapsed + now - poll.at, poll.expected


class _Display(ABC):
    """Draws a wait in a separate thread, whatever the waiting threads are doing.

    The separate thread has the context of its creator, so a notebook shows the drawing below its cell.
    """

    def __init__(self, drawing: Drawing, about: str, clock: Clock) -> None:
        self._drawing: Drawing | None = drawing
        self._between = drawing.between
        self._about = about
        self._clock = clock
        self._began = clock.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._draw,), name="stripe-reports progress", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join(LONGEST_DRAWING)

    def _draw(self) -> None:
        self._clock.wait(self._is_over, DRAWN_AFTER)
        while not self._is_over.is_set() and self._drawing is not None:
            self._attempt(partial(self._drawing.draw, *self._state()))
            self._clock.wait(self._is_over, self._between)
        if self._drawing is not None:
            self._attempt(self._drawing.erase)

    @abstractmethod
    def _state(self) -> tuple[str, float | None]:
        """Return what to draw: the text, and the share that is done."""

    def _asking(self) -> str:
        """Return the text until anything is known."""
        return printable(f"{self._about}: asking Stripe · {_duration(self._clock.monotonic() - self._began)}")

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # a display that fails is not an error
            logger.debug("progress cannot be drawn", exc_info=True)
            self._drawing = None


class _RunDisplay(_Display):
    """Draws the wait for one run, or for several at once."""

    def __init__(self, drawing: Drawing, about: str, clock: Clock) -> None:
        self._polls: dict[str, _Poll] = {}  # the last one of each run
        super().__init__(drawing, about, clock)

    def __call__(self, run: AnyRun, elapsed: float, expected: float | None) -> None:
        self._polls[run.id] = _Poll(run, elapsed, expected, self._clock.monotonic())

    def _state(self) -> tuple[str, float | None]:
        now, polls = self._clock.monotonic(), list(self._polls.values())
        if not polls:
            return self._asking(), None
        pending = [poll for poll in polls if poll.run.state == "pending"]
        if len(polls) > 1:
            count = f"{len(pending)} of {len(polls)} runs pending"
            if pending:
                count += f" · {text_of(pending[0].run, *_until(now, pending[0]))}"
            return count, 1 - len(pending) / len(polls)
        (poll,) = polls
        if not pending:
            return f"{text_of(poll.run, poll.elapsed, poll.expected)} · reading its result", None
        elapsed, expected = _until(now, poll)
        return text_of(poll.run, elapsed, expected), min(0.97, elapsed / expected) if expected else None


class _GridDisplay(_Display):
    """Draws one line for a call that fetches many reports."""

    _seen: Standing | None = None

    def __call__(self, standing: Standing) -> None:
        self._seen = standing

    def _state(self) -> tuple[str, float | None]:
        if self._seen is None:
            return self._asking(), None
        return printable(f"{self._about}: {standing_text(self._seen)}"), self._seen.share
