"""The state of a form: what is chosen, what it comes to, what runs, what is shown.

A plain object without widgets or calls. Every change is a method, and holds the state while it is made. The
form's own parts follow it under the same lock, so that all of them show the same; whoever else subscribes is
told afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from stripe_reports import catalog
from stripe_reports.models import ReportRequest, ReportRun, ReportType
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
from stripe_reports.notebook.form.values import Button, Problem, Running, Selection
from stripe_reports.notebook.form.words import age_text
from stripe_reports.report.report import FetchPlan, Report

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Model"]

FIRST_CHOICE = "balance.summary"
"""What stands in a new form: the report that everybody knows."""


class Model:
    """What a form shows.

    Args:
        now: Tells Stripe's time.
        livemode: Whether the client's key is a live one.
        default_zone: The client's zone.
        request: What to open the form at; None for last month's balance summary.

    Attributes:
        types: The report types that the account offers, by id; empty until Stripe was asked.
        is_asked: Whether it was.
        choices: What stands in the form.
        checked: What that comes to.
        fetch_plan: What the button would do; None until that is known.
        running: The run in progress, or None.
        report: The report that is shown, or None.
        selection: What is selected in its chart, or None.
        problem: What went wrong last, or None.
        notice: Something to know that is no error, or an empty text.
        history: Earlier runs; None until they were asked for.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        livemode: bool,
        default_zone: str | None = None,
        request: ReportRequest | None = None,
    ) -> None:
        self._now = now
        self.livemode = livemode
        self.default_zone = default_zone
        self.types: dict[str, ReportType] = {}
        self.is_asked = False
        self.fetch_plan: FetchPlan | None = None
        self.running: Running | None = None
        self.report: Report | None = None
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
        self._settled = False  # whether the user or a request named the type
        if request is None:
            self.choices = Choices(catalog.newest(FIRST_CHOICE))
        else:
            self.choices, self._settled = choices_of(request), True
        self.checked = self._check()

    # Who follows

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call *listener* after every change, once the state is no longer held.

        It may do anything: change the form, wait for a report, unsubscribe. One call is made at a time, in
        the order of the changes; an error that it raises goes to ``threading.excepthook``.
        """
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[], object]) -> None:
        """Call *listener* no more, not even for changes that it has not been told yet."""
        with suppress(ValueError):
            self._listeners.remove(listener)

    def follow(self, follower: Callable[[], object]) -> None:
        """Call *follower* at the end of every change, while the state is held.

        For the parts of the form alone: it must neither wait nor call code that is not the form's.
        """
        self._followers.append(follower)

    def tell(self, call: Callable[[], object]) -> None:
        """For a follower: make a call as listeners are called, before theirs for this change."""
        self._deliveries.add(call)

    @contextmanager
    def changing(self, *, in_background: bool = False) -> Iterator[None]:
        """Hold the state while it changes; who subscribed is told once, at the end, when it is free again.

        Args:
            in_background: Tell it in a thread of its own. A thread that fetches tells nobody: whoever waits
                there for what it fetches would wait forever.
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
        """The chosen type, with its available range where Stripe was asked."""
        return self.type_of(self.choices.report_type)

    def type_of(self, id_: str) -> ReportType:
        """A type by its id: as Stripe described it, else as the catalogue completes it."""
        return self.types.get(id_) or catalog.completed(id_)

    def versioned(self, name: str) -> str:
        """A type's id with its version: the newest one that the account offers, as far as is known."""
        return catalog.newest(name, self._offered if self.is_asked else None)

    @property
    def _offered(self) -> catalog.Offered:
        return {id_: type_.default_columns for id_, type_ in self.types.items()}

    @property
    def request(self) -> ReportRequest | None:
        """What would be asked for; None while there are problems."""
        return self.checked.request

    @property
    def zone(self) -> str:
        """The zone in which days are meant, UTC while the one typed is none."""
        if "timezone" in self.checked.problems:
            return "UTC"
        return self.choices.timezone.strip() or self.default_zone or "UTC"

    def now(self) -> datetime:
        """Stripe's time."""
        return self._now()

    @property
    def button(self) -> Button:
        """What pressing the button would do."""
        if self.request is None:
            return Button("Run report", None, enabled=False)
        if self.running is not None and self.running.request == self.request:
            return Button("Running …", "join", enabled=False)
        told = self.fetch_plan
        if told is None:
            return Button("Run report", None, enabled=True)
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
            case "launched":
                return Button("Run report", "launched", enabled=True)

    # Choosing

    def choose(
        self,
        *,
        report_type: str | None = None,
        period: str | None = None,
        timezone: str | None = None,
        columns: Columns | Iterable[str] | None = None,
        **texts: str,
    ) -> None:
        """Change what stands in the form; what is not named stays.

        Args:
            report_type: Versioned id.
            period: A period in text.
            timezone: IANA zone; empty for the client's.
            columns: ``"default"``, ``"all"`` or names in their order.
            **texts: Text of another field, by its parameter.
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
            for name, text in texts.items():
                choices = choices.with_text(name, text)
            self._chose(choices)

    def choose_days(self, first: str, last: str) -> None:
        """Whole days, both included, as two dates in text."""
        self.choose(period=days_period(first, last))

    def toggle_column(self, name: str, *, on: bool) -> None:
        """Add a column at the end, or leave one out; from there on the list is the user's own."""
        with self.changing():
            names = [each for each in self.chosen_columns() if each != name]
            self.choose(columns=[*names, name] if on else names)

    def chosen_columns(self) -> tuple[str, ...]:
        """The columns that the report would have, as far as they are known."""
        columns = self.choices.columns
        if not isinstance(columns, str):
            return columns
        type_ = self.report_type
        if columns == "default":
            return type_.default_columns or ()
        return tuple(column.name for column in type_.columns if column.kind != "metadata")

    def open_at(self, request: ReportRequest) -> None:
        """Fill the form in with a request."""
        with self.changing():
            self._settled = True
            self._chose(choices_of(request))

    def _chose(self, choices: Choices) -> None:
        before = self.request
        self.choices = choices
        self.checked = self._check()
        if self.request != before:
            self.fetch_plan = None

    def _check(self) -> Checked:
        return check(self.choices, self.report_type, now=self.now(), default_zone=self.default_zone)

    # What becomes known

    def learned_types(self, types: Iterable[ReportType]) -> None:
        """What the account offers; an untouched form moves on to the newest version that it does."""
        with self.changing(in_background=True):
            self.types = {type_.id: type_ for type_ in types}
            self.is_asked = True
            choices = self.choices
            if not self._settled and choices.report_type not in self.types:
                base = choices.report_type.rpartition(".")[0]
                if any(type_.base == base for type_ in self.types.values()):
                    choices = choices.with_type(self.types[catalog.newest(base, self._offered)])
                elif self.types:
                    choices = choices.with_type(max(self.types.values(), key=lambda type_: type_.version))
            self._chose(choices)

    def learned_plan(self, request: ReportRequest, fetch_plan: FetchPlan | None) -> None:
        """What the button would do for a request; ignored if another one is chosen meanwhile."""
        with self.changing(in_background=True):
            if request == self.request:
                self.fetch_plan = fetch_plan

    def learned_history(self, entries: list[Entry]) -> None:
        """Earlier runs."""
        with self.changing(in_background=True):
            self.history = entries

    def trouble(self, error: BaseException) -> None:
        """Something could not be found out."""
        with self.changing(in_background=True):
            self.problem = Problem.of(error)

    # Selecting

    def selected(self, report: Report, rows: Selected | None, by: str = "") -> None:
        """Something, or nothing, is selected in the chart of a report; ignored if another one is shown."""
        with self.changing(in_background=True):
            if report is self.report:
                self._selections += 1
                self.selection = Selection(rows, by, self._selections) if rows else None

    # Running

    def started(self, request: ReportRequest, at: float) -> None:
        """The button was pressed; a run still in progress goes on at Stripe without us."""
        with self.changing():
            superseded = self.running
            self.running = Running(request, at)
            self.problem = None
            self.notice = _left(superseded.run) if superseded and superseded.run else ""

    def progressed(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        """A look at the run."""
        with self.changing(in_background=True):
            if self.running is not None:
                self.running = replace(self.running, run=run, elapsed=elapsed, expected=expected)

    def finished(self, report: Report) -> None:
        """The report is there."""
        with self.changing(in_background=True):
            self.running = None
            self.problem = None
            self.fetch_plan = None
            self.report = report
            self.selection = None

    def failed(self, error: BaseException) -> None:
        """It is not, and this is why; an earlier report stays."""
        with self.changing(in_background=True):
            self.running = None
            self.fetch_plan = None
            self.problem = Problem.of(error)

    def detached(self) -> None:
        """Nobody waits any more; the run goes on at Stripe."""
        with self.changing():
            running, self.running = self.running, None
            self.fetch_plan = None
            if running is not None:
                self.notice = (
                    _left(running.run)
                    if running.run
                    else "Nobody waits any more. If a run was launched, it goes on at Stripe."
                )


def _left(run: ReportRun) -> str:
    return f"Run {run.id} goes on at Stripe. Ask for the same again, or find it in the history."
