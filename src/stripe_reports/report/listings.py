"""Lists that are displayed as tables: report types, runs, and the reports stored on this machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, ClassVar, Generic, TypeVar

import polars as pl

from stripe_reports.catalog.purposes import purposes, words_of
from stripe_reports.models import AnyRun, ReportType, month_bounds
from stripe_reports.render.table import html_table, text_table
from stripe_reports.report.report import Report

__all__ = ["ReportRuns", "ReportTypes", "StoredReports"]

_Item = TypeVar("_Item")

_TIME = pl.Datetime("us", "UTC")


class _Listing(list[_Item], Generic[_Item]):
    """A list with a frame, which is displayed as a table."""

    _SCHEMA: ClassVar[Mapping[str, pl.DataType]]
    _CALLED: ClassVar[str]

    @abstractmethod
    def _row(self, item: _Item) -> tuple[object, ...]:
        """Return the values of an item, in the order of the schema."""

    def frame(self) -> pl.DataFrame:
        """Return the list as a DataFrame, one row for each item; times are in UTC."""
        return pl.DataFrame([self._row(item) for item in self], schema=dict(self._SCHEMA), orient="row")

    def _heading(self) -> str:
        return f"{len(self):,} {self._CALLED}{'' if len(self) == 1 else 's'}, times in UTC"

    def _repr_html_(self) -> str:
        return f"<div><p>{escape(self._heading())}</p>{html_table(self.frame())}</div>"

    def __repr__(self) -> str:
        return f"{self._heading()}\n{text_table(self.frame())}" if self else self._heading()


class ReportTypes(_Listing[ReportType]):
    """The report types of an account, or of a *search*: a list of ``ReportType``, displayed as a table."""

    _CALLED = "report type"
    _SCHEMA: ClassVar[Mapping[str, pl.DataType]] = {
        "id": pl.String(),
        "name": pl.String(),
        "family": pl.String(),
        "data_available_start": _TIME,
        "data_available_end": _TIME,
        "updated": _TIME,
        "livemode_only": pl.Boolean(),
    }

    def __init__(self, types: Iterable[ReportType] = (), *, search: str | None = None) -> None:
        super().__init__(types)
        self._search = search

    def _row(self, item: ReportType) -> tuple[object, ...]:
        return tuple(getattr(item, name) for name in self._SCHEMA)

    def questions(self) -> pl.DataFrame:
        """Return the questions that these reports answer, the most frequent first; of a search, those found.

        One row for each question and report, the best report first: ``question``, ``report_type`` (its name
        without version, as all calls take it), ``advice``.

        Example:
            >>> client.report_types(search="deposit").questions()["report_type"].to_list()[:2]
            ['payouts.itemized', 'payouts.summary']
        """
        names = {type_.base for type_ in self}
        rows = [
            (purpose.question, name, purpose.advice)
            for purpose in purposes()
            if self._search is None or purpose.has(words_of(self._search))
            for name in purpose.report_types
            if name in names
        ]
        return pl.DataFrame(
            rows, schema=dict.fromkeys(("question", "report_type", "advice"), pl.String), orient="row"
        )


class ReportRuns(_Listing[AnyRun]):
    """The runs of an account: a list of ``ReportRun`` (or ``ReportRunV2``), displayed as a table."""

    _CALLED = "run"
    _SCHEMA: ClassVar[Mapping[str, pl.DataType]] = {
        "id": pl.String(),
        "report_type": pl.String(),
        "status": pl.String(),
        "interval_start": _TIME,
        "interval_end": _TIME,
        "created": _TIME,
        "succeeded_at": _TIME,
        "error": pl.String(),
        "livemode": pl.Boolean(),
    }

    def _row(self, item: AnyRun) -> tuple[object, ...]:
        bounds = dict(zip(("interval_start", "interval_end"), _bounds(item.plain_parameters), strict=True))
        return tuple(bounds[name] if name in bounds else getattr(item, name, None) for name in self._SCHEMA)


class StoredReports(_Listing[Report]):
    """The reports that are stored on this machine: a list of ``Report``, displayed as a table."""

    _CALLED = "stored report"
    _SCHEMA: ClassVar[Mapping[str, pl.DataType]] = {
        "report_type": pl.String(),
        "interval_start": _TIME,
        "interval_end": _TIME,
        "currency": pl.String(),
        "rows": pl.Int64(),
        "as_of": _TIME,
        "fetched_at": _TIME,
        "run": pl.String(),
    }

    def _row(self, item: Report) -> tuple[object, ...]:
        request, known = item.request, item.provenance
        asked = (request.report_type, request.period_start, request.period_end, request.currency)
        return (*asked, known.rows, known.as_of, known.fetched_at, item.run.id)


def _bounds(parameters: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of a run's period as Stripe sent them, or of its month; None for an invalid time."""
    try:
        return month_bounds(parameters["tax_invoice_month"])
    except (KeyError, AttributeError, TypeError, ValueError):
        return _instant(parameters.get("interval_start")), _instant(parameters.get("interval_end"))


def _instant(seconds: object) -> datetime | None:
    """Return the instant of a bound as Stripe sent it; None if it is not a time."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
    except (OverflowError, OSError, ValueError):
        return None
