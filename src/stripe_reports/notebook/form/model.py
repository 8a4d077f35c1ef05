"""The state of a form: the choices, the request they make, the run in progress, the report shown.

A plain object without widgets or calls. Every change is a method that holds the lock. The form's own parts
follow it under the same lock, so that all of them show the same state; other subscribers are called
afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from stripe_reports import catalog
from stripe_reports.models import AnyRun, ReportRequest, ReportType, base_of
from stripe_reports.notebook.form.by_month import can_be_by_month
from stripe_reports.notebook.form.choices import (
    FIELDS,
    Checked,
    Choices,
    Columns,
    check,
    choices_of,
    days_period,
)
from stripe_reports.notebook.form.deliveries import Deliveries
from stripe_reports.notebook.form.history import Entry
from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.notebook.form.values import Button, Problem, Running, Selection
from stripe_reports.notebook.form.words import age_text
from stripe_reports.planning import data_end
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.tax_months import takes_month
from stripe_reports.report.file_report import FileReport
from stripe_reports.report.report import FetchPlan
from stripe_reports.report.report_set import ReportSet
from stripe_reports.report.set_plan import SetPlan

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Model"]

FIRST_CHOICE = "balance.summary"
"""The report type of a new form: the best-known report."""


class Model:
    """The state of a form.

    Args:
        now: Returns Stripe's time.
        livemode: True if the client has a live key.
        default_zone: The client's zone.
        catalogued: The types to choose from until Stripe was asked; by default, those of v1.
        request: The request to fill in first; None for last month's balance summary.

    Attributes:
        types: The report types that the account offers, by id; empty until Stripe was asked.
        is_asked: True once Stripe was asked.
        choices: The values in the form.
        checked: The result of checking them.
        fetch_plan: The plan that the button shows; None until it is known.
        running: The run in progress, or None.
        report: The report that is shown, or None.
        selection: The selection in its chart, or None.
        problem: The last problem, or None.
        notice: Information that is not an error, or an empty text.
        history: Earlier runs; None until they are known.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        livemode: bool,
        default_zone: str | None = None,
        catalogued: Mapping[str, ReportType] | None = None,
        request: ReportRequest | None = None,
    ) -> None:
        self._now = now
        known = (catalog.report_types() if catalogued is None else catalogued).values()
        self._catalogued = [type_.id for type_ in known if type_.columns]
        self.livemode = livemode
        self.default_zone = default_zone
        self.types: dict[str, ReportType] = {}
        self.is_asked = False
        self.fetch_plan: FetchPlan | SetPlan | None = None
        self.running: Running | None = None
        self.report: ShownReport | None = None
        self._answered: Choices | None = None  # the choices when the report arrived
        self.selection: Selection | None = None
        self._selections = 0
        self.problem: Problem | None = None
        self.notice = ""
        self.history: list[Entry] | None = None
        self._lock = threading.RLock()
        self._followers: list[Callable[[], object]] = []
        self._listeners: list[Callable[[], object]] = []
        self._deliveries = Deliveries()
        self._depth = 0
        self._ends_earlier = False  # True once Stripe refused an interval that ends with its data
        self._settled = False  # True if the user or a request chose the type
        if request is None:
            self.choices = Choices(self.versioned(FIRST_CHOICE))
        else:
            self.choices, self._settled = choices_of(request), True
            if request.report_id is not None:  # its parameters are asked for with all others
                named = catalog.completed(request.report_type)
                self.types = {named.id: replace(named, report_id=request.report_id)}
        self.checked = self._check()

    # Who follows

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call *listener* after every change, without the lock.

        It may do anything: change the form, wait for a report, unsubscribe. Calls are made one at a time, in
        the order of the changes; an error that it raises goes to ``threading.excepthook``.
        """
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[], object]) -> None:
        """Stop calling *listener*, even for earlier changes that it has not been told yet."""
        with suppress(ValueError):
            self._listeners.remove(listener)

    def follow(self, follower: Callable[[], object]) -> None:
        """Call *follower* at the end of every change, with the lock held.

        Only for parts of the form: it must not wait, and must not call code outside of the form.
        """
        self._followers.append(follower)

    def tell(self, call: Callable[[], object]) -> None:
        """Let a follower add a call, made like those to listeners and before theirs for this change."""
        self._deliveries.add(call)

    @contextmanager
    def changing(self, *, in_background: bool = False) -> Iterator[None]:
        """Hold the lock during a change; call the subscribers once, at the end, without the lock.

        Args:
            in_background: Call them in a new thread. A thread that fetches must not call them: a subscriber
                that waits for the fetched report would wait forever.
        """
        is_outermost = False
        try:
            with self._lock:
                is_outermost = self._depth == 0
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    if is_outermost:
                        self._changed()
        finally:
            if is_outermost and in_background:
                self._deliveries.deliver_in_background()
            elif is_outermost:
                self._deliveries.deliver()

    def _changed(self) -> None:
        for follower in self._followers:
            follower()
        for listener in self._listeners:
            self._deliveries.add(partial(self._call, listener))

    def _call(self, listener: Callable[[], object]) -> None:
        if listener in self._listeners:
            listener()

    # What is read from it

    @property
    def report_type(self) -> ReportType:
        """The chosen type, with its available data if Stripe was asked."""
        return self.type_of(self.choices.report_type)

    def type_of(self, id_: str) -> ReportType:
        """Return a type by its id, as Stripe describes it or else from the catalogue."""
        return self.types.get(id_) or catalog.completed(id_)

    def versioned(self, name: str) -> str:
        """Return a type's id with its version: the newest one that the account offers, as far as is known."""
        return catalog.newest(name, self._offered if self.is_asked else self._catalogued)

    @property
    def _offered(self) -> catalog.Offered:
        return {id_: type_.default_columns for id_, type_ in self.types.items()}

    @property
    def request(self) -> ReportRequest | None:
        """The request that the choices make; None while there are problems."""
        return self.checked.request

    @property
    def split(self) -> Split | None:
        """``"month"`` if the request is to be fetched month by month; else None."""
        return "month" if self.choices.by_month and can_be_by_month(self.request) else None

    @property
    def zone(self) -> str:
        """The zone of the days; UTC for tax invoices, and while the typed zone is not valid."""
        if "timezone" in self.checked.problems or takes_month(self.report_type):
            return "UTC"
        return self.choices.timezone.strip() or self.default_zone or "UTC"

    def now(self) -> datetime:
        """Stripe's time."""
        return self._now()

    @property
    def is_other(self) -> bool:
        """True if the shown report is for other choices; a file is for those that it was opened with."""
        if isinstance(self.report, FileReport):
            return self.choices != self._answered
        split = self.report.split if isinstance(self.report, ReportSet) else None
        return self.report is not None and (self.report.request, split) != (self.request, self.split)

    @property
    def is_running(self) -> bool:
        """True if the run in progress is for these choices."""
        running = self.running
        return running is not None and (running.request, running.split) == (self.request, self.split)

    @property
    def button(self) -> Button:
        """The button, with the text that says what it would do."""
        if self.request is None:
            return Button("Run report", None, enabled=False)
        if self.is_running:
            return Button("Running …", "join", enabled=False)
        told = self.fetch_plan
        if told is None:
            return Button("Run month by month" if self.split else "Run report", None, enabled=True)
        if isinstance(told, SetPlan):
            return _button_of_set(told)
        now = self.now()
        match told.action:
            case "stored":
                age = age_text(now - told.stored_at) if told.stored_at else "here"
                return Button(f"Show (stored {age})", "stored", enabled=True)
            case "reused":
                age = age_text(now - told.as_of) if told.as_of else "earlier"
                return Button(f"Load (run of {age})", "reused", enabled=True)
            case "awaited":
                return Button("Continue waiting", "awaited", enabled=True)
            case "launched" | "refused":  # the error says why
                return Button("Run report", "launched", enabled=True)

    # Choosing

    def choose(
        self,
        *,
        report_type: str | None = None,
        period: str | None = None,
        timezone: str | None = None,
        columns: Columns | Iterable[str] | None = None,
        by_month: bool | None = None,
        **texts: str,
    ) -> None:
        """Change values in the form; those that are not named stay.

        Args:
            report_type: Versioned id.
            period: A period as text.
            timezone: IANA zone; empty for the client's.
            columns: ``"default"``, ``"all"`` or names in their order.
            by_month: True for a set of months; it applies to periods longer than a quarter.
            **texts: Texts of other fields, by parameter.
        """
        unknown = texts.keys() - FIELDS.keys()
        if unknown:
            raise TypeError(f"the form has no field {', '.join(sorted(unknown))}")
        with self.changing():
            choices = self.choices
            if report_type is not None:
                choices, self._settled = choices.with_type(self.type_of(report_type)), True
            if period is not None:
                choices = replace(choices, period=period)
            if timezone is not None:
                choices = replace(choices, timezone=timezone)
            if columns is not None:
                named = columns if columns in ("default", "all") else tuple(columns)
                choices = replace(choices, columns=named or "default")
            if by_month is not None:
                choices = replace(choices, by_month=by_month)
            for name, text in texts.items():
                choices = choices.with_text(name, text)
            self._chose(choices)

    def choose_days(self, first: str, last: str) -> None:
        """Choose a period of whole days, both included, as two dates in text."""
        self.choose(period=days_period(first, last))

    def toggle_column(self, name: str, *, on: bool) -> None:
        """Add a column at the end, or remove one; from then on the list is the user's own."""
        with self.changing():
            names = [each for each in self.chosen_columns() if each != name]
            self.choose(columns=[*names, name] if on else names)

    def chosen_columns(self) -> tuple[str, ...]:
        """Return the columns that the report would have, as far as they are known."""
        columns = self.choices.columns
        if not isinstance(columns, str):
            return columns
        type_ = self.report_type
        if columns == "default":
            return type_.default_columns or ()
        return catalog.every_column(type_)

    def open_at(self, request: ReportRequest) -> None:
        """Fill the form in with a request."""
        with self.changing():
            self._settled = True
            self._chose(choices_of(request))

    def _chose(self, choices: Choices) -> None:
        before = self.request, self.split
        self.choices = choices
        self.checked = self._check()
        if (self.request, self.split) != before:
            self.fetch_plan = None

    def _check(self) -> Checked:
        checked = check(self.choices, self.report_type, now=self.now(), default_zone=self.default_zone)
        shorter = checked.request and data_end.shortened(checked.request)
        if shorter is None or not self._ends_earlier:
            return checked
        note = " ".join([checked.notes.get("period", ""), *data_end.notes(shorter)]).strip()
        return replace(checked, request=shorter, notes={**checked.notes, "period": note})

    # What becomes known

    def learned_types(self, types: Iterable[ReportType]) -> None:
        """Set the types that the account offers; an unchanged form switches to the newest version offered."""
        with self.changing(in_background=True):
            self.types = {type_.id: type_ for type_ in types}
            self.is_asked = True
            choices = self.choices
            if not self._settled and choices.report_type not in self.types:
                base = base_of(choices.report_type)
                if any(type_.base == base for type_ in self.types.values()):
                    choices = choices.with_type(self.types[catalog.newest(base, self._offered)])
                elif self.types:
                    choices = choices.with_type(max(self.types.values(), key=lambda type_: type_.version))
            self._chose(choices)

    def learned_plan(
        self, request: ReportRequest, fetch_plan: FetchPlan | SetPlan | None, *, split: Split | None = None
    ) -> None:
        """Set what the button would do for a request; ignored if another one is chosen by now."""
        with self.changing(in_background=True):
            if (request, split) == (self.request, self.split):
                self.fetch_plan = fetch_plan

    def learned_history(self, entries: list[Entry]) -> None:
        """Set the earlier runs."""
        with self.changing(in_background=True):
            self.history = entries

    def trouble(self, error: BaseException) -> None:
        """Show a problem with a background lookup."""
        with self.changing(in_background=True):
            self.problem = Problem.of(error)

    # Selecting

    def selected(self, report: ShownReport, rows: Selected | None, by: str = "") -> None:
        """Set the selection in the chart of a report; ignored if another report is shown."""
        with self.changing(in_background=True):
            if report is self.report:
                self._selections += 1
                self.selection = Selection(rows, by, self._selections) if rows else None

    # Running

    def started(self, request: ReportRequest, at: float) -> None:
        """Start a run; a run still in progress continues at Stripe."""
        with self.changing():
            superseded = self.running
            self.running = Running(request, at, split=self.split)
            self.problem = None
            self.notice = _left(superseded.run) if superseded and superseded.run else ""

    def progressed(self, run: AnyRun, elapsed: float, expected: float | None) -> None:
        """Update the run in progress."""
        with self.changing(in_background=True):
            if self.running is not None:
                self.running = replace(self.running, run=run, elapsed=elapsed, expected=expected)

    def finished(self, report: ShownReport) -> None:
        """Show the report; if Stripe refused the end of its period, the request changes as it did."""
        with self.changing(in_background=True):
            asked = self.running.request if self.running is not None else None
            self.running = None
            self.problem = None
            self.fetch_plan = None
            self.report = report
            self.selection = None
            self._answered = self.choices
            if asked is not None and report.request == data_end.shortened(asked):
                self._ends_earlier = True
                self._chose(self.choices)

    def failed(self, error: BaseException) -> None:
        """Show why the run failed; an earlier report stays."""
        with self.changing(in_background=True):
            self.running = None
            self.fetch_plan = None
            self.problem = Problem.of(error)

    def detached(self) -> None:
        """Stop waiting; the run continues at Stripe."""
        with self.changing():
            running, self.running = self.running, None
            self.fetch_plan = None
            if running is not None:
                self.notice = (
                    _left(running.run)
                    if running.run
                    else "The form stopped waiting. If a run was launched, it continues at Stripe."
                )


def _button_of_set(told: SetPlan) -> Button:
    """Return the button for a set of months, with the number of runs that it would launch."""
    launched, total = told.counts["launched"], len(told.plans)
    if launched:
        return Button(
            f"Run {launched} of {total} months" if launched < total else f"Run {total} months",
            "launched",
            enabled=True,
        )
    are_stored = told.counts["stored"] == total
    return Button(
        f"Show {total} months (stored)" if are_stored else f"Load {total} months", None, enabled=True
    )


def _left(run: AnyRun) -> str:
    return f"Run {run.id} continues at Stripe. Run the same report again, or open it in the earlier runs."
