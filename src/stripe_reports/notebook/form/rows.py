"""A report as a table that is looked at page by page: sorted, searched, and never read whole.

Only the order of the rows is kept, four bytes a row; what is shown is read from the stored file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from stripe_reports.notebook.form.cells import currency_columns, row_texts
from stripe_reports.parsing.columns import column
from stripe_reports.report.report import Report

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Page", "Rows"]

MOST_ROWS = 500
"""So many rows are shown at once at most, whatever is asked for."""

_INDEX = "\0row"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows as texts, and how many there are.

    Attributes:
        rows: The cells, None where one is empty.
        offset: How many matching rows come before.
        matching: How many rows match the search, of those that are selected.
        total: How many rows the report has.
    """

    rows: Sequence[Sequence[str | None]]
    offset: int
    matching: int
    total: int


class Rows:
    """The rows of a report, page by page."""

    def __init__(self, report: Report) -> None:
        self._scan = report.scan
        self.schema = report.scan().collect_schema()
        self.total = int(report.scan().select(pl.len()).collect().item())
        self._currency_of = currency_columns(self.schema)
        self._lock = threading.Lock()
        self._order = lru_cache(maxsize=4)(self._ordered)

    def columns(self) -> list[dict[str, Any]]:
        """Name, how it is aligned, and in which zone its times are."""
        return [
            {"name": name, "numeric": dtype.is_numeric(), "zone": getattr(dtype, "time_zone", None)}
            for name, dtype in self.schema.items()
        ]

    def page(
        self,
        offset: int = 0,
        limit: int = 100,
        *,
        sort: str | None = None,
        descending: bool = False,
        search: str = "",
        selected: Selected | None = None,
    ) -> Page:
        """Some rows.

        Args:
            offset: How many matching rows to leave out.
            limit: How many rows to give, 500 at most.
            sort: Column to sort by, empty cells last; None for Stripe's order.
            descending: Greatest first.
            search: Keep the rows in which this text stands somewhere, in any case; amounts and times are
                searched as they are shown without thousands separators.
            selected: Keep the rows that are selected in a chart.
        """
        offset, limit = max(0, offset), max(0, min(limit, MOST_ROWS))
        if sort not in self.schema:
            sort = None
        if sort is None and selected is None and not search.strip():
            frame = self._scan().slice(offset, limit).collect()
            return Page(row_texts(frame, self._currency_of), offset, self.total, self.total)
        with self._lock:  # views ask at once, and one sort is enough
            order = self._order(sort, descending, search.strip().lower(), selected)
        wanted = order.slice(offset, limit)
        frame = self._gathered(wanted)
        return Page(row_texts(frame, self._currency_of), offset, order.len(), self.total)

    def count(self, selected: Selected) -> int:
        """How many rows are selected."""
        return self.page(0, 0, selected=selected).matching

    def _ordered(
        self, sort: str | None, descending: bool, search: str, selected: Selected | None
    ) -> pl.Series:
        """The numbers of the matching rows in their order."""
        rows = self._scan().with_row_index(_INDEX)
        if selected is not None:
            rows = rows.filter(selected.expr)
        if search:
            rows = rows.filter(_contains(self.schema, search))
        if sort is not None:
            rows = rows.select(_INDEX, column(sort)).sort(
                column(sort), descending=descending, nulls_last=True, maintain_order=True
            )
        return rows.select(_INDEX).collect()[_INDEX]

    def _gathered(self, wanted: pl.Series) -> pl.DataFrame:
        if wanted.is_empty():
            return pl.DataFrame(schema=self.schema)
        found = self._scan().with_row_index(_INDEX).filter(pl.col(_INDEX).is_in(wanted.implode())).collect()
        return wanted.to_frame().join(found, on=_INDEX, how="left", maintain_order="left").drop(_INDEX)


def _contains(schema: pl.Schema, text: str) -> pl.Expr:
    """Whether the text stands in a row. Figures and times are looked through only for what can be in them."""
    can_be_figure = all(character in "0123456789.-−:, " for character in text)
    plain = text.replace(",", "").replace("−", "-")  # amounts are shown with both
    looked_at = []
    for name, dtype in schema.items():
        cell = column(name)
        if dtype == pl.String:
            looked_at.append(cell.str.to_lowercase().str.contains(text, literal=True))
        elif can_be_figure and dtype.is_temporal():
            form = "%Y-%m-%d %H:%M:%S" if dtype == pl.Datetime else "%Y-%m-%d"
            looked_at.append(cell.dt.to_string(form).str.contains(text, literal=True))
        elif can_be_figure and dtype.is_numeric() and plain:
            looked_at.append(cell.cast(pl.String).str.contains(plain, literal=True))
    return pl.any_horizontal(looked_at).fill_null(value=False) if looked_at else pl.lit(value=False)
