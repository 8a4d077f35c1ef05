"""The form as a widget: it shows the model's state, and passes the user's actions to the model.

Only choices and texts are synchronised, and so may be saved with a notebook. The rows of a report, and the
text of an error, which may quote a cell, are sent as messages to the view that asks for them.
"""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anywidget
import traitlets
from ipywidgets import Widget, widget_serialization

from stripe_reports import catalog
from stripe_reports.errors import ParameterError, StripeReportsError
from stripe_reports.models import ReportRequest
from stripe_reports.notebook.form.closing import Closing
from stripe_reports.notebook.form.code import fetch_call, filtering, name_of, snippet
from stripe_reports.notebook.form.contents import Contents
from stripe_reports.notebook.form.deliveries import Observer
from stripe_reports.notebook.form.interacting import Interactions
from stripe_reports.notebook.form.menu import column_groups, families, static_menu
from stripe_reports.notebook.form.model import Model
from stripe_reports.notebook.form.payouts import Payouts
from stripe_reports.notebook.form.saved import Saved, saved_html
from stripe_reports.notebook.form.script import front_file, script
from stripe_reports.notebook.form.shown_report import (
    ShownReport,
    call_of,
    check_can_be_shown,
    id_of,
    sentence_of,
)
from stripe_reports.notebook.form.suggestions import known_ids
from stripe_reports.notebook.form.vega import library
from stripe_reports.notebook.form.view import shown
from stripe_reports.notebook.form.work import Latest, Work
from stripe_reports.notebook.protocol import FormClient
from stripe_reports.planning.reuse import Policy
from stripe_reports.render.printable import printable
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.futures import Pending

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_reports.charts.selections import Selected
    from stripe_reports.notebook.form.choices import Columns

__all__ = ["Explorer", "explore"]

logger = logging.getLogger("stripe_reports")

_Function = TypeVar("_Function", bound="Callable[[Any], object]")

_FOLLOWING = {"families", "column_groups", "shown", "request", "code", "report", "selected", "selected_code"}
"""The traits that follow the model."""


def explore(
    client: FormClient, request: ReportRequest | None = None, report: ShownReport | None = None
) -> Explorer:
    """Create a form to choose a report, run it, see it, and copy the code.

    Show it in a cell. Everything in it is available as code: ``form.request``, ``form.code``,
    ``form.report``; and ``form.interact(function)`` shows below it what a function returns for each report. A
    selection in the chart filters the table, and is ``form.selected``, a polars expression.

    Args:
        client: The client that fetches the reports.
        request: The request to fill in first; None for that of the report, else last month's balance summary.
        report: The report to show first: a fetched one, a file opened with ``sr.Report.from_csv``, or a set
            of reports of one type; None for no report.

    Example:
        >>> form = sr.explore(client, request=client.request("payouts.itemized", "2026-10"))
        >>> form.run().result().frame().height
        51
        >>> form.request == form.report.request
        True

    Raises:
        ParameterError: *request* is not a `ReportRequest`, or *report* is not a report.
    """
    if request is not None and not isinstance(request, ReportRequest):
        raise ParameterError(
            f"explore opens at a ReportRequest, not at {request!r}; client.request(...) makes one.",
            param="request",
        )
    if report is not None:
        check_can_be_shown(report)
    return Explorer(client, request, report)


class Explorer(anywidget.AnyWidget):
    """The form that ``sr.explore`` returns.

    It can be used from code too: ``choose``, ``run``, ``cancel``. Observers are called one at a time, in the
    order of the changes. For a report that arrives, they are called in a thread of the form: there, show
    output in a widget, because printed text is not shown. ``form.run().result()`` may return a bit earlier.

    Attributes:
        request: The request that the choices make; None while something is missing or wrong.
        code: The call that fetches this report, in Python; empty while there is no request.
        report: The report that is shown, or None.
        run_id: Id of that report once a view shows it; empty without one. In marimo, cells that use the form
            run again when it changes.
        selected: The selection in its chart, as a polars expression for ``form.report.scan().filter``;
            None without a selection.
        selected_code: Python that takes these rows of ``report``; empty without a selection.
        client: The client that fetches the reports.
        model: The state behind the form, without widgets.
    """

    _esm = traitlets.Unicode(script()).tag(sync=True)
    _css = traitlets.Unicode(front_file("form.css")).tag(sync=True)
    static = traitlets.Dict(read_only=True).tag(sync=True)
    families: traitlets.List[Any] = traitlets.List(read_only=True).tag(sync=True)
    column_groups: traitlets.List[Any] = traitlets.List(read_only=True).tag(sync=True)
    shown = traitlets.Dict(read_only=True).tag(sync=True)
    below = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)
    run_id = traitlets.Unicode("").tag(sync=True)

    request = traitlets.Any(None, read_only=True)
    code = traitlets.Unicode("", read_only=True)
    report = traitlets.Any(None, read_only=True)
    selected = traitlets.Any(None, read_only=True)
    selected_code = traitlets.Unicode("", read_only=True)

    _made = 0  # changes of the model
    _told = 0  # the change that observers are being called for

    def __init__(
        self, client: FormClient, request: ReportRequest | None = None, report: ShownReport | None = None
    ) -> None:
        self.client = client
        self.model = Model(
            now=client.now,
            livemode=client.settings.mode == "live",
            default_zone=client.settings.timezone,
            catalogued=catalog.report_types_of(client.settings.api),
            request=request or (report.request if report else None),
        )
        self._work = Work(client, self.model)
        self._contents: Contents | None = None
        self._changes: list[Any] = []
        self._closing = Closing(client)
        self._payouts = Payouts(client)
        self._selecting = Latest("selection", self._select)
        self._helpers = ThreadPoolExecutor(4, thread_name_prefix="stripe-reports form")
        self._interactions = Interactions(lambda: self.send({"changed": "below"}))
        form = uuid.uuid4().hex
        self._saved = Saved(form, lambda: self.send({"changed": "saved"}))
        super().__init__()
        self.set_trait("static", {**static_menu(), "form": form})
        with self.model.changing():
            self.model.follow(self._follow)
            if report is not None:
                self.model.choose(by_month=isinstance(report, ReportSet) and report.split == "month")
                self.model.finished(report)
        self.observe(lambda _: self._saved.update(self._saved_html()), ["code", "report"])
        self.observe(lambda change: self._interactions.call(change.new), "report")
        self.on_msg(self._received)
        self._work.open()

    # Methods for code

    def choose(
        self,
        *,
        report_type: str | None = None,
        period: str | None = None,
        timezone: str | None = None,
        columns: Columns | list[str] | None = None,
        by_month: bool | None = None,
        **texts: str,
    ) -> None:
        """Change values in the form; those that are not named stay.

        Args:
            report_type: Id with or without version.
            period: A period as text, such as ``"2026-Q3"``.
            timezone: IANA zone; empty for the client's own.
            columns: ``"default"``, ``"all"`` or names in their order.
            by_month: True for a set of months; it applies to periods longer than a quarter.
            **texts: Texts of other fields, by parameter, such as ``currency="eur"``.
        """
        type_ = None if report_type is None else self.model.versioned(report_type)
        self.model.choose(
            report_type=type_, period=period, timezone=timezone, columns=columns, by_month=by_month, **texts
        )

    def run(self, reuse: Policy = "auto") -> Pending[Report | ReportSet]:
        """Press the button, and return a future of the report, which a cell can also await.

        Its result is a ``ReportSet`` if the choices are for a period month by month.

        Raises:
            ParameterError: There are problems in the form; the message contains the first one.
        """
        pending = self._work.run(reuse)
        if pending is None:
            field, problem = next(iter(self.model.checked.problems.items()))
            raise ParameterError(problem, param=field)
        return pending

    def cancel(self) -> None:
        """Stop waiting; the run continues at Stripe."""
        self._work.cancel()

    def interact(self, function: _Function) -> _Function:
        """Call *function* with each report that arrives, and show what it returns below the form.

        It is called with the report of the form at once if there is one, then with each new one: a chart, a
        frame, ``IPython.display.Markdown`` or anything else that a cell can display is shown; None shows
        nothing, and an error is shown as below a cell. Printed text is not. A chart that you make with altair
        is a picture, unless one of its renderers is enabled. The kernel is free meanwhile: it runs in a
        thread, one call at a time; if another report arrives, the result of the call in progress is not
        shown. A function of the same name replaces the earlier one, so a cell can be run again. Give each
        function a name: all lambdas of one place share one.

        Returns:
            The function, so that it can be used as a decorator.

        Example:
            >>> form = sr.explore(client)
            >>> @form.interact
            ... def net(report):
            ...     return report.frame().group_by("currency").agg(pl.col("net").sum())
        """
        call = self._interactions.add(function)
        self.below = self._interactions.box
        if self.report is not None:
            call(self.report)
        return function

    def close(self) -> None:
        """Remove the form from the page, and end its threads."""
        self._interactions.close()
        self._saved.update("")
        self._helpers.shutdown(wait=False, cancel_futures=True)
        super().close()

    # Messages to the views

    def _follow(self) -> None:
        """Update the widget's traits from the locked model: views are told now, observers later."""
        model = self.model
        if self.report is not model.report:  # before the views are told, and ask
            self._contents = Contents(model.report, self.client.stored) if model.report else None
        self.set_trait("request", model.request)
        self.set_trait("code", self._call(model.request) if model.request else "")
        self.set_trait("families", families(model.types, asked=model.is_asked, livemode=model.livemode))
        self.set_trait("column_groups", column_groups(model.report_type))
        self.set_trait("shown", shown(model, client=name_of(self.client)))
        if self.report is not model.report:
            self.set_trait("report", model.report)
        rows = model.selection.rows if model.selection else None
        code = filtering(rows) if rows else ""
        if code != self.selected_code:
            self.set_trait("selected", rows.expr if rows else None)
            self.set_trait("selected_code", code)
        changes, self._changes = self._changes, []
        self.send_state([change["name"] for change in changes if change["name"] in self.keys])
        self._made += 1
        for change in changes:
            model.tell(partial(self._tell, change, self._made))

    def _tell(self, change: Any, number: int) -> None:
        self._told = number
        traitlets.HasTraits.notify_change(self, change)  # the widget's own method would send the state again

    def notify_change(self, change: Any) -> None:
        """Delay changes that follow the model until its lock is free; report all others at once."""
        if change["name"] in _FOLLOWING:
            self._changes.append(change)
        else:
            super().notify_change(change)

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002
        """Call *handler* with every change of the traits *names*, in the order of the changes.

        *type* is that of traitlets: only ``"change"`` is sent by a form.

        It may change the form, wait for ``form.run()``, or stop observing. It is called in the thread that
        changed the form, or in a thread of the form when a report arrives. An error that it raises goes to
        ``threading.excepthook``, which prints it.
        """
        super().observe(self._careful(handler), names, type)

    def unobserve(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002
        """Stop calling *handler*; *names* and *type* are those that it was given with."""
        super().unobserve(self._careful(handler), names, type)

    def _careful(self, handler: Any) -> Any:
        """Wrap an observer for traitlets, except one that a class declares, and None, which means all."""
        if handler is None or isinstance(handler, traitlets.EventHandler):
            return handler
        begun = self._made  # it is not told about earlier changes
        return Observer(handler, lambda change: change["name"] not in _FOLLOWING or self._told > begun)

    def _received(self, _: object, content: dict[str, Any], __: object) -> None:
        try:
            if "ask" in content:
                self._helpers.submit(self._answer, content)
            else:
                self._do(content)
        except StripeReportsError as error:
            self.model.trouble(error)
        except RuntimeError:
            logger.debug("called after the form was closed")

    def _do(self, told: dict[str, Any]) -> None:
        model = self.model
        match told:
            case {"do": "choose", "name": str(name), "value": str(value)}:
                model.choose(**cast("Any", {name: value}))
            case {"do": "choose_type", "id": str(id_)}:
                model.choose(report_type=id_)
            case {"do": "choose_days", "first": str(first), "last": str(last)}:
                model.choose_days(first, last)
            case {"do": "choose_columns", "columns": "default" | "all" as columns}:
                model.choose(columns=columns)
            case {"do": "toggle_column", "name": str(name), "on": bool(on)}:
                model.toggle_column(name, on=on)
            case {"do": "by_month", "on": bool(on)}:
                model.choose(by_month=on)
            case {"do": "run"}:
                self._work.run()
            case {"do": "renew"}:
                self._work.run("never")
            case {"do": "cancel"}:
                self._work.cancel()
            case {"do": "load", "id": str(id_)}:
                self._work.load(id_)
            case {"do": "refresh_history"}:
                self._work.refresh_history()
            case {"do": "select" | "unselect"}:
                self._selecting.ask(told)
            case _:
                logger.warning("a view of the form sent an unknown message: %.200r", told)

    def _select(self, told: dict[str, Any]) -> None:
        """Find the rows of a selection in a chart, in a new thread."""
        contents = self._contents
        if contents is None or told.get("run", id_of(contents.report)) != id_of(contents.report):
            return
        is_something = told["do"] == "select"
        rows = contents.selected(str(told["kind"]), dict(told["selections"])) if is_something else None
        self.model.selected(contents.report, rows, str(told.get("by", "")))

    def _answer(self, asked: dict[str, Any]) -> None:
        """Answer one view, in a new thread."""
        to = {"view": asked.get("view"), "seq": asked.get("seq")}
        try:
            answer, buffers = self._answer_to(asked)
        except StripeReportsError as error:
            self.send({**to, "problem": error.for_form()})
        except Exception as error:  # shown where it was asked for, and logged with its origin
            logger.exception("the form could not answer %s", asked.get("ask"))
            self.send({**to, "problem": f"{type(error).__name__}: {error}"})
        else:
            self.send({**to, "answer": answer}, buffers)

    def _answer_to(self, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes] | None]:
        if asked["ask"] == "history":
            known = self.model.history
            entries = [entry.shown(self.model.now()) for entry in known or []]
            return {"entries": entries, "runs": known is not None}, None
        if asked["ask"] == "controls":
            return self._closing.outcome(self.model.request), None
        if asked["ask"] == "control_rows":
            return self._closing.rows(str(asked["control"]), str(asked["currency"])), None
        if asked["ask"] == "payout":
            return self._payouts.explanation(str(asked["payout"]), client=name_of(self.client)), None
        if asked["ask"] == "payout_rows":
            return self._payouts.rows(str(asked["payout"]), str(asked["part"])), None
        if asked["ask"] == "problem":
            return {"text": self.model.problem.text if self.model.problem else ""}, None
        if asked["ask"] == "known_ids":
            reports = [*filter(None, [self.report]), *self.client.stored()]
            return {"ids": known_ids(str(asked["field"]), reports)}, None
        if asked["ask"] == "below":
            return {"html": self._interactions.html()}, None
        if asked["ask"] == "saved":
            return {"html": self._saved.output_html()}, None
        contents = self._contents
        if contents is None:
            return {}, None
        selected = self.model.selection.rows if self.model.selection else None
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "overview": contents.overview,
            "rows": lambda: contents.page(asked, selected),
            "chart": lambda: contents.chart(asked.get("kind")),
            "live_chart": lambda: contents.live_chart(str(asked["kind"])),
            "selection": lambda: self._selection(contents, selected),
            "file": lambda: contents.file(str(asked["format"])),
        }
        if asked["ask"] == "vega":
            return {}, [library()]
        if asked["ask"] == "piece":
            return {}, [contents.piece(str(asked["file"]), int(asked["offset"]))]
        return answers[asked["ask"]](), None

    def _selection(self, contents: Contents, selected: Selected | None) -> dict[str, Any]:
        if selected is None:
            return {"rows": None}
        report, zone = contents.report, self.model.default_zone
        code = snippet(call_of(report, name_of(self.client), default_zone=zone), selected)
        return {**contents.selection(selected), "code": code}

    def _call(self, request: ReportRequest) -> str:
        zone, split = self.model.default_zone, self.model.split
        return fetch_call(request, name_of(self.client), default_zone=zone, split=split)

    # Display without widgets

    def __repr__(self) -> str:
        model = self.model
        if model.request is None:
            state = "; ".join(model.checked.problems.values())
            return printable(f"Explorer({model.choices.report_type}: {state})")
        lines = [
            f"Explorer({model.request.report_type}, {model.request.days_text})",
            f"  {model.request!r}",
        ]
        if self.report is not None:
            lines.append(f"  report: {sentence_of(self.report)}")
        return "\n".join(map(printable, lines))

    def _saved_html(self) -> str:
        return saved_html(self.request, self.report, self.shown.get("code") or repr(self))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget and, for places without widgets, its current choices and code."""
        made: Any = super()._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/plain": repr(self), "text/html": self._saved_html()}, metadata

    def _ipython_display_(self) -> None:
        """Display the form, and what a saved notebook shows of it."""
        data, metadata = self._repr_mimebundle_()
        self._saved.display(data, metadata, html=self._saved_html())
