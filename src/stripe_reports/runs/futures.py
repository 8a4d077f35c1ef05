"""The future of a report or a set, which a script can wait for and a notebook cell can await."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextvars import copy_context
from typing import Any, NoReturn, TypeVar

from stripe_reports.errors import NotPicklableError
from stripe_reports.http.clock import SystemClock
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.render.printable import printable_lines
from stripe_reports.report.report import Report
from stripe_reports.runs.progress import Progress

__all__ = ["Pending", "PendingReport"]

_Fetched = TypeVar("_Fetched")

_STEP = 1.0
"""Maximum seconds of one wait, so that an interrupt ends it.

With polars, an interrupt does not end a wait for a lock that has no limit: the signal handler of polars 2.1
lets the system go on with it (``SA_RESTART``). On Windows, it ends no wait for a lock.
"""


class Pending(Future[_Fetched]):
    """A ``concurrent.futures.Future`` of what is fetched; ``await pending`` works as well as ``result()``.

    Cancelling it cancels nothing at Stripe: the same fetch joins the run later.

    Attributes:
        request: The request.
        run: The run at Stripe, as last seen; None until it is launched or found.
    """

    def __init__(self, request: ReportRequest) -> None:
        super().__init__()
        self.request = request
        self.run: AnyRun | None = None

    def result(self, timeout: float | None = None) -> _Fetched:
        """Return what was fetched, after at most *timeout* seconds; an interrupt ends the wait only."""
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the error of the fetch, or None; see ``result``."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        clock = SystemClock()
        end = math.inf if timeout is None else clock.monotonic() + timeout
        try:
            while not self.done() and (left := end - clock.monotonic()) > 0:
                wait_for([self], min(left, _STEP))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                "The fetch goes on in a thread of this process: result() waits for it again. If the process "
                "ends first, the run goes on at Stripe, and the same fetch comes back to it."
            )
            raise

    def noting_run(self, progress: Progress | None) -> Progress:
        """Return the callback for every poll, which keeps the run and then calls *progress*."""

        def told(run: AnyRun, elapsed: float, expected: float | None) -> None:
            self.run = run
            if progress:
                progress(run, elapsed, expected)

        return told

    def start(self, fetch: Callable[[], _Fetched]) -> None:
        """Fetch in a separate thread, which does not keep the process running.

        The time limit of the caller applies there too, and counts from now.
        """
        name, context = f"stripe-reports {self.request.report_type}", copy_context()
        threading.Thread(target=context.run, args=(self._fulfil, fetch), name=name, daemon=True).start()

    def _fulfil(self, fetch: Callable[[], _Fetched]) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            report = fetch()
            self.run = getattr(report, "run", None)  # a set, which only the form asks for here, has none
            self.set_result(report)
        except BaseException as error:  # result() raises it
            self.set_exception(error)

    def __reduce__(self) -> NoReturn:
        raise NotPicklableError(
            f"A {type(self).__name__} cannot be pickled or copied: a thread of this process works on it. "
            "Pass on what its result() returns."
        )

    def __await__(self) -> Generator[Any, None, _Fetched]:
        return asyncio.wrap_future(self).__await__()

    def __repr__(self) -> str:
        if not self.done():
            state = "pending" + (f", run {self.run.id}" if self.run else "")
        elif self.cancelled():
            state = "cancelled"
        else:
            state = f"failed: {error}" if (error := self.exception()) else "done"
        return printable_lines(f"{type(self).__name__}({self.request!r})\n  {state}")


class PendingReport(Pending[Report]):
    """A ``concurrent.futures.Future`` of a ``Report``; ``await pending`` works as well as ``result()``.

    Cancelling it cancels nothing at Stripe: the same fetch joins the run later.

    Attributes:
        request: The request.
        run: The run at Stripe, as last seen; None until it is launched or found.
    """
