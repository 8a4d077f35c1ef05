"""Fetch many reports in one call: launched account by account, followed by lists, read a few at a time.

``planning/grid`` decides each step, in one thread; a few other threads make the calls and read the results.
There is no thread for each run, so thousands may be in flight.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from stripe_reports.errors import (
    AuthenticationError,
    CallTimeoutError,
    RunLimitError,
    RunTimeoutError,
    StripeReportsError,
    WorkerError,
)
from stripe_reports.http.clock import Clock
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.parsing.overrides import Overrides
from stripe_reports.planning import deadline
from stripe_reports.planning.grid import Cell, InFlight, Stage, Standing, State, Widths, next_step
from stripe_reports.planning.reuse import Policy
from stripe_reports.report.outcome import ReportOutcome
from stripe_reports.report.report import Report
from stripe_reports.report.shared import SharedReport
from stripe_reports.runs.accounts import Accounts
from stripe_reports.runs.find import AtStripe, why_unusable
from stripe_reports.runs.following import Followed, Following, Watched, polled
from stripe_reports.runs.pool import Inbox, Pool
from stripe_reports.runs.progress import GridProgress
from stripe_reports.runs.reading import Reader
from stripe_reports.runs.results import Made, Results

__all__ = ["Driver", "Pace"]

logger = logging.getLogger("stripe_reports")

MOST_LOST = 8
"""Workers that may be lost one after the other before nothing more is launched."""

_TICK = 1.0
"""Seconds after which a wait is interrupted: Windows cannot interrupt one, and a poll may be due."""

_SHORTEST_WAIT = 0.01

_LAUNCHED: tuple[Stage, ...] = ("pending", "unread", "reading")
"""Stages of cells whose run is in progress, or has just ended."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of a call.

    Attributes:
        in_flight: Runs that may be pending at Stripe at the same time.
        calling: Threads that make calls.
        polls_per_second: Lists of runs that all accounts together may read in a second.
        refusals: Returns how many calls Stripe has refused because too many were in progress.
    """

    in_flight: int
    calling: int
    polls_per_second: float
    refusals: Callable[[], int]


class Driver:
    """Fetches the cells of one call.

    Args:
        cells: The cells, in the order in which they are asked for: account by account.
        known: What is certain of cells already, by their number.
        accounts: The accounts of the key.
        results: Where results come from and go to.
        clock: The clock of the client.
        policy: Which earlier runs are reused.
        overrides: Types of columns that the user set.
        reader: Makes the reader of the results from the inbox of the driver.
        pace: The speed.
        durations: Durations of earlier runs in seconds, by report type.
        progress: Called after each step.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        known: Mapping[int, ReportOutcome],
        accounts: Accounts,
        results: Results,
        clock: Clock,
        *,
        policy: Policy,
        overrides: Overrides,
        reader: Callable[[Inbox], Reader],
        pace: Pace,
        durations: Mapping[str, list[float]],
        progress: GridProgress | None = None,
    ) -> None:
        self._cells = cells
        self._accounts = accounts
        self._results = results
        self._clock = clock
        self._policy = policy
        self._overrides = overrides
        self._pace = pace
        self._progress = progress
        self._started = clock.monotonic()
        self._states = [State()] * len(cells)
        self._counts = Counter[Stage]({"unasked": len(cells)})
        self._unasked = deque(number for number in range(len(cells)) if number not in known)
        self._unread: deque[int] = deque()
        self._found: dict[int, tuple[ReportRequest, AtStripe]] = {}
        self._outcomes: dict[int, ReportOutcome] = {}
        self._failed = 0
        self._left = Counter(cell.account for cell in cells)
        self._following = Following(durations, pace.polls_per_second)
        self._in_flight = InFlight(pace.in_flight, pace.in_flight)
        self._refusals = pace.refusals()
        self._stopped: str | None = None
        self._lost = 0
        self._inbox: Inbox = queue.SimpleQueue()
        self._calling = Pool("stripe-reports calls", pace.calling, self._inbox)
        self._reader = reader(self._inbox)
        self._never = threading.Event()
        self.first_error: Exception | None = None
        for number, outcome in known.items():
            self._move(number, "ended")
            self._failed += outcome.report is None
            self._end(number, outcome)

    def run(self) -> list[ReportOutcome]:
        """Fetch everything, and return what came of each cell, in their order.

        A cell that fails does not stop the others. If the call is interrupted, what has been read stays
        stored, and a note on the exception says how many runs go on at Stripe.
        """
        try:
            while self._step() != "finish":
                if self._progress:
                    self._progress(self._standing())
        except BaseException as error:
            error.add_note(self._where_it_stands())
            raise
        finally:
            self._calling.close()
            self._reader.close()
        for number, cell in enumerate(self._cells):
            if number not in self._outcomes:
                self._end(number, ReportOutcome(cell, "missing", *self._why_missing(number)))
        return [self._outcomes[number] for number in range(len(self._cells))]

    def _step(self) -> str:
        now = self._clock.monotonic()
        self._heed_refusals(now)
        widths = Widths(self._pace.calling, self._reader.most, self._in_flight.limit)
        room = self._counts["asking"] + self._counts["pending"] < widths.in_flight
        due = self._following.due(is_launching=bool(self._unasked) and room)
        is_late = deadline.left() <= 0
        if is_late:
            self._reader.stop(deadline.error("A worker did not convert a result"))
        else:
            self._check_reader()
        step = next_step(
            self._counts,
            widths,
            polling=self._following.polling,
            poll_due=due,
            now=now,
            is_over=self._stopped is not None or is_late,
        )
        match step.action:
            case "read":
                self._read(self._unread.popleft())
            case "poll":
                self._poll()
            case "ask":
                self._ask(self._unasked.popleft())
            case "await":
                self._await(step.seconds)
            case "pause":
                # A clock may not count the fractions of a second that are left.
                self._clock.wait(self._never, max(_SHORTEST_WAIT, min(step.seconds, deadline.left())))
        return step.action

    # Finding and launching

    def _ask(self, number: int) -> None:
        self._move(number, "asking")
        cell, unusable = self._cells[number], self._states[number].unusable

        def ask() -> Made | tuple[ReportRequest, AtStripe]:
            each = self._accounts[cell.account]
            stored = self._results.stored(cell, asks=True)
            if stored is not None:
                return stored
            self._results.resume(cell)
            request, found = each.runs.ask(
                cell.request, self._policy, self._overrides, unusable=unusable, recent=each.recent
            )
            if isinstance(found, Report):
                return self._results.keep(cell, found)
            self._results.launched(cell, request, found.run)
            return request, found

        self._calling.start(ask, partial(self._asked, number))

    def _asked(self, number: int, answer: Made | tuple[ReportRequest, AtStripe] | Exception) -> None:
        match answer:
            case RunLimitError() if any(self._counts[stage] for stage in _LAUNCHED):
                # The limit is one of the key, so runs of other accounts count too. The refusal has already
                # lowered what may be in flight, down to one: then it is asked for again once none is pending.
                self._move(number, "unasked")
                self._unasked.append(number)
            case Exception():
                self._fail(number, answer)
            case Report() | SharedReport():
                self._move(number, "ended")
                self._end(number, ReportOutcome.of(self._cells[number], answer))
            case (request, found):
                self._found[number] = request, found
                if found.run.state != "pending":
                    self._move(number, "unread", found.run.id)
                    self._unread.append(number)
                    return
                self._move(number, "pending", found.run.id)
                followed = Followed(number, found.run, request, self._clock.monotonic())
                account = self._cells[number].account
                is_listed = self._accounts[account].runs.api.lists_runs
                self._following.add(account, followed, is_listed=is_listed)

    # Following

    def _poll(self) -> None:
        watched, pending, polls = self._following.take()
        api = self._accounts[watched.account].runs.api
        self._calling.start(partial(polled, api, pending, polls), partial(self._polled, watched))

    def _polled(self, watched: Watched, found: Mapping[str, AnyRun | Exception] | Exception) -> None:
        for followed, run in self._following.done(watched, found, self._clock.monotonic()):
            number = followed.cell
            if isinstance(run, Exception):
                self._fail(number, run)
                continue
            request, at_stripe = self._found[number]
            self._found[number] = request, replace(at_stripe, run=run)
            self._move(number, "unread")
            self._unread.append(number)

    def _heed_refusals(self, now: float) -> None:
        refusals, before = self._pace.refusals(), self._in_flight
        self._in_flight = before.refused(now) if refusals > self._refusals else before.calm(now)
        self._refusals = refusals
        if self._in_flight.limit != before.limit:
            logger.info("%d runs may be in flight now, %d before", self._in_flight.limit, before.limit)

    # Reading

    def _read(self, number: int) -> None:
        self._move(number, "reading")
        request, found = self._found[number]
        self._reader.start(self._cells[number], request, found, partial(self._was_read, number))

    def _was_read(self, number: int, report: Made | Exception) -> None:
        _, found = self._found[number]
        if isinstance(report, Exception):
            why = why_unusable(report, found, self._states[number].unusable)
            if why is None:
                self._fail(number, report)
            else:
                self._states[number] = self._states[number].unusable_for(why)
                self._move(number, "unasked")
                self._unasked.appendleft(number)
        else:
            self._move(number, "ended")
            self._end(number, ReportOutcome.of(self._cells[number], report))

    def _check_reader(self) -> None:
        """Start nothing more if there are no workers left to read the results."""
        try:
            self._reader.check_alive()
        except WorkerError as error:
            self._stopped = _no_workers(error)
            self._reader.stop(error)

    # The end of a cell

    def _fail(self, number: int, error: Exception) -> None:
        if isinstance(error, CallTimeoutError | RunTimeoutError) and deadline.left() <= 0:
            self._end_late(number, error)
            return
        self._move(number, "ended")
        if self.first_error is None:
            self.first_error = error
        if isinstance(error, AuthenticationError):  # so every other call would fail too
            self._stopped = f"Stripe refused another report: {error}"
        self._lost = self._lost + 1 if isinstance(error, WorkerError) else 0
        if self._lost == MOST_LOST:
            self._stopped = _no_workers(error)
        if not isinstance(error, StripeReportsError):
            logger.error("%s failed", self._cells[number], exc_info=error)
        self._failed += 1
        run_id = self._states[number].run_id
        self._end(number, ReportOutcome.failing(self._cells[number], error, run_id=run_id))

    def _end_late(self, number: int, error: CallTimeoutError | RunTimeoutError) -> None:
        """End a cell that is late, unless its run is pending: ``_why_missing`` says more of that."""
        if self._states[number].stage == "pending":
            return
        run = getattr(error, "run", None)
        run_id = self._states[number].run_id or (run and run.id)
        self._move(number, "ended")
        cell, remedy = self._cells[number], error.remedy
        self._end(number, ReportOutcome(cell, "missing", error.problem, run_id=run_id, remedy=remedy))

    def _end(self, number: int, outcome: ReportOutcome) -> None:
        self._outcomes[number] = outcome
        self._found.pop(number, None)
        account = self._cells[number].account
        self._left[account] -= 1
        if not self._left[account]:
            self._accounts.forget(account)

    def _why_missing(self, number: int) -> tuple[str, None, str | None]:
        """Return the reason of a cell that has not ended, no report, and its run."""
        state = self._states[number]
        if self._stopped is not None and state.run_id is None:
            return f"Not asked for, since {self._stopped}", None, None
        if state.run_id is None:
            return "Not asked for within the time of the call.", None, None
        if state.stage == "pending":
            goes_on = "was still pending at the end of the call, and goes on at Stripe"
        else:
            goes_on = "has ended at Stripe; its result was not read by the end of the call"
        return f"Run {state.run_id} {goes_on}. The same call joins it.", None, state.run_id

    # Bookkeeping

    def _move(self, number: int, stage: Stage, run_id: str | None = None) -> None:
        before = self._states[number]
        self._states[number] = before.moved(stage, run_id)
        self._counts[before.stage] -= 1
        self._counts[stage] += 1

    def _await(self, seconds: float) -> None:
        """Wait for the threads, and do what follows from what they did."""
        try:
            self._inbox.get(timeout=max(_SHORTEST_WAIT, min(seconds, _TICK)))()
            while True:
                self._inbox.get_nowait()()
        except queue.Empty:
            return

    def _standing(self) -> Standing:
        seconds = self._clock.monotonic() - self._started
        ended = len(self._outcomes)
        left = len(self._cells) - ended
        return Standing(
            total=len(self._cells),
            there=ended - self._failed,
            failed=self._failed,
            at_stripe=self._counts["pending"],
            seconds=seconds,
            seconds_left=left * seconds / ended if ended and not math.isclose(seconds, 0) else None,
        )

    def _where_it_stands(self) -> str:
        there = sum(outcome.report is not None for outcome in self._outcomes.values())
        pending, asking = self._counts["pending"], self._counts["asking"]
        runs = f"{pending:,} run{'' if pending == 1 else 's'} go{'es' if pending == 1 else ''} on at Stripe"
        if asking:  # Stripe may have received the launch
            runs += f", and up to {asking:,} more that {'was' if asking == 1 else 'were'} being launched"
        return f"{there:,} of {len(self._cells):,} reports are stored. {runs}; the same call joins them."


def _no_workers(error: Exception) -> str:
    return f"the executor does not work any more: {error}"
