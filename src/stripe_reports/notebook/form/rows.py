"""A report as a table shown page by page: sorted, searched, and never read completely.

Only the order of the rows is kept, four bytes per row; shown rows are read from the stored file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from stripe_reports.notebook.form.cells import currency_columns, row_texts
from stripe_reports.notebook.form.payouts import PAYOUT_IDS
from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.parsing.columns import column

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Page", "Rows"]

MOST_ROWS = 500
"""Maximum rows on a page, even if more are requested."""

_INDEX = "\0row"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows as texts, and the numbers of rows.

    Attributes:
        rows: The cells; None for an empty one.
        offset: Number of matching rows before the page.
        matching: Number of selected rows that match the search.
        total: Number of rows of the report.
    """

    rows: Sequence[Sequence[str | None]]
    offset: int
    matching: int
    total: int


class Rows:
    """The rows of a report, page by page."""

    def __init__(self, report: ShownReport) -> None:
        self._scan = report.scan
        self.schema = report.scan().collect_schema()
        self.total = int(report.scan().select(pl.len()).collect().item())
        self._currency_of = currency_columns(self.schema)
        self._lock = threading.Lock()
        self._order = lru_cache(maxsize=4)(self._ordered)

    def columns(self) -> list[dict[str, Any]]:
        """Return name, alignment and time zone of each column, and whether it has payouts to click."""
        return [
            {
                "name": name,
                "numeric": dtype.is_numeric(),
                "zone": getattr(dtype, "time_zone", None),
                "payouts": name in PAYOUT_IDS,
            }
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
        """Return a page of rows.

        Args:
            offset: Number of matching rows to skip.
            limit: Maximum number of rows, at most 500.
            sort: Column to sort by, empty cells last; None for Stripe's order.
            descending: True for the greatest value first.
            search: Keep the rows that contain this text, ignoring case; amounts and times are searched as
                shown, but without thousands separators.
            selected: Keep the rows selected in a chart.
        """
        offset, limit = max(0, offset), max(0, min(limit, MOST_ROWS))
        if sort not in self.schema:
            sort = None
        if sort is None and selected is None and not search.strip():
            frame = self._scan().slice(offset, limit).collect()
            return Page(row_texts(frame, self._currency_of), offset, self.total, self.total)
        with self._lock:  # several views may ask at once; one sort is enough
            order = self._order(sort, descending, search.strip().lower(), selected)
        wanted = order.slice(offset, limit)
        frame = self._gathered(wanted)
        return Page(row_texts(frame, self._currency_of), offset, order.len(), self.total)

    def count(self, selected: Selected) -> int:
        """Return the number of selected rows."""
        return self.page(0, 0, selected=selected).matching

    def payout_of(self, selected: Selected) -> str | None:
        """Return the payout of the selected rows, if all of them are of one."""
        name = next((name for name in PAYOUT_IDS if name in self.schema), None)
        if name is None:
            return None
        ids = self._scan().filter(selected.expr).select(pl.col(name).unique().head(2)).collect()[name]
        return str(ids[0]) if ids.len() == 1 and ids[0] is not None else None

    def _ordered(
        self, sort: str | None, descending: bool, search: str, selected: Selected | None
    ) -> pl.Series:
        """Return the numbers of the matching rows, in order."""
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
    """Tell whether a row contains the text. Amounts and times are searched only for text they can contain."""
    can_be_figure = all(character in "0123456789.-−:, " for character in text)
    plain = text.replace(",", "").replace("−", "-")  # amounts are shown with both characters
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
