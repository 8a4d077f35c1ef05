"""The work of a form, in threads: the kernel stays free, and the model updates the views.

At most one run is in progress. Pressing the button again joins it, pressing it for another request replaces
it, and cancelling only stops waiting: nothing is cancelled at Stripe.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from stripe_reports.errors import StripeReportsError
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.notebook.form.history import Entry, entries
from stripe_reports.notebook.form.model import Model
from stripe_reports.notebook.protocol import FormClient
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.reuse import Policy
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.futures import Pending

__all__ = ["DetachedError", "Work"]

logger = logging.getLogger("stripe_reports")

_Pending = Pending[Report | ReportSet]


class DetachedError(StripeReportsError):
    """The form stopped waiting for the run: it was cancelled in the form, or replaced by another."""


class Work:
    """Runs what the form asks for."""

    def __init__(self, client: FormClient, model: Model) -> None:
        self.client = client
        self.model = model
        self._lock = threading.RLock()
        self._current: _Pending | None = None
        self._plans = Latest("plan", self._plan)
        self._looked_up = Latest("history", self._look_up)
        model.follow(self._plan_later)

    def open(self) -> None:
        """Look up the account's report types and the earlier runs, in the background."""
        self._looked_up.ask(True)

    def refresh_history(self) -> None:
        """Look up the earlier runs again, in the background."""
        self._looked_up.ask(False)

    # The button

    def run(self, reuse: Policy = "auto") -> _Pending | None:
        """Fetch the chosen report in the background, or join the run in progress for the same request.

        Returns:
            A future of the report or the set; None while there are problems.
        """
        with self.model.changing(), self._lock:
            request = self.model.request
            if request is None:
                return None
            if self._current is not None and self.model.is_running:
                return self._current
            if self.model.split is not None:
                return self._start(request, partial(self._months, request, reuse))
            return self._start(
                request, lambda progress: self.client.fetch(request, reuse=reuse, progress=progress)
            )

    def load(self, run_id: str) -> _Pending | None:
        """Show an earlier run, from disk or from Stripe; wait for a pending one. Nothing is launched."""
        entry = next((entry for entry in self.model.history or [] if entry.run.id == run_id), None)
        if entry is None:
            return None
        with self.model.changing(), self._lock:
            self.model.open_at(entry.request)
            return self._start(entry.request, partial(self._loaded, entry))

    def cancel(self) -> None:
        """Stop waiting."""
        with self.model.changing(), self._lock:
            self._current = None
            self.model.detached()

    def _months(self, request: ReportRequest, reuse: Policy, _: object) -> ReportSet:
        def still_wanted(_: object) -> None:
            running = self.model.running
            if running is None or (running.request, running.split) != (request, "month"):
                raise DetachedError("The form stopped waiting for the months; their runs continue at Stripe.")

        return self.client.fetch_all(
            request, split="month", reuse=reuse, errors="raise", progress=still_wanted
        )

    def _loaded(self, entry: Entry, progress: Callable[[AnyRun, float, float | None], None]) -> Report:
        run = entry.run
        if run.state == "pending":
            run = self.client.wait(self.client.retrieve(run.id), progress=progress)
        return self.client.report(run)

    def _start(self, request: ReportRequest, fetch: Callable[..., Any]) -> _Pending:
        pending = _Pending(request)
        self._current = pending
        self.model.started(request, time.time())
        pending.start(partial(self._fetched, pending, fetch))
        return pending

    def _fetched(self, pending: _Pending, fetch: Callable[..., Any]) -> Any:
        try:
            report = fetch(pending.noting_run(partial(self._progressed, pending)))
        except BaseException as error:
            self._ended(pending, partial(self.model.failed, error))
            if not isinstance(error, StripeReportsError):
                logger.exception("the form could not fetch %r", pending.request)
            raise
        self._ended(pending, partial(self.model.finished, report))
        return report

    def _ended(self, pending: _Pending, tell: Callable[[], None]) -> None:
        with self.model.changing(in_background=True), self._lock:
            if self._current is pending:
                self._current = None
                tell()
        self._looked_up.ask(False)

    def _progressed(self, pending: _Pending, run: AnyRun, elapsed: float, expected: float | None) -> None:
        with self.model.changing(in_background=True), self._lock:
            if self._current is not pending:
                raise DetachedError(f"The form stopped waiting for run {run.id}; it continues at Stripe.")
            self.model.progressed(run, elapsed, expected)

    # Background lookups

    def _plan_later(self) -> None:
        request = self.model.request
        if request is not None and self.model.fetch_plan is None and self.model.running is None:
            self._plans.ask((request, self.model.split))

    def _plan(self, asked: tuple[ReportRequest, Split | None]) -> None:
        if (self.model.request, self.model.split) != asked or self.model.fetch_plan is not None:
            return
        request, split = asked
        try:
            fetch_plan = self.client.plan_all(request, split=split) if split else self.client.plan(request)
        except StripeReportsError as error:  # pressing the button shows the error
            logger.info("what a fetch would do is not known: %s", error)
            return
        self.model.learned_plan(request, fetch_plan, split=split)

    def _look_up(self, with_types: bool) -> None:
        try:
            if with_types or not self.model.is_asked:
                self.model.learned_types(self.client.report_types())
            self.model.learned_history(entries(self.client.stored(), self.client.runs(limit=50)))
        except StripeReportsError as error:
            self.model.trouble(error)
            self._look_up_here()

    def _look_up_here(self) -> None:
        try:
            self.model.learned_history(entries(self.client.stored(), []))
        except StripeReportsError as error:
            logger.info("the stored results cannot be listed: %s", error)


class Latest:
    """Does one thing at a time in its own thread; of the requests that arrive meanwhile, only the last."""

    def __init__(self, name: str, do: Callable[..., None]) -> None:
        self._name = name
        self._do = do
        self._lock = threading.Lock()
        self._wanted: list[object] = []
        self._is_busy = False

    def ask(self, what: object) -> None:
        """Do it as soon as possible."""
        with self._lock:
            self._wanted[:] = [what]
            if self._is_busy:
                return
            self._is_busy = True
        threading.Thread(target=self._work, name=f"stripe-reports {self._name}", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._is_busy = False
                    return
                what = self._wanted.pop()
            try:
                self._do(what)
            except Exception:  # an error must not end the thread, which makes the next lookup
                logger.exception("%s failed", self._name)
