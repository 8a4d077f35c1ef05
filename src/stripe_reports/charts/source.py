"""The rows of a report or a set, with their origins: all that a chart, a page or a table needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from stripe_reports.catalog.assumptions import unknown_columns
from stripe_reports.models import Provenance, ReportRequest
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.planning.intervals import Split

__all__ = ["Source"]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A report to draw or print.

    Attributes:
        rows: The report's rows; nothing is read until they are needed.
        request: What was asked for: report type, bounds, zone.
        origins: The provenance of the rows, one for each run or file that gave some of them, in order.
        notes: What was assumed of columns that the catalogue does not have.
        split: The period of each part, if the rows are those of several parts.
        left_out: A sentence that names the parts of the period that are not there.
    """

    rows: pl.LazyFrame
    request: ReportRequest
    origins: tuple[Provenance | FileOrigin, ...]
    notes: tuple[str, ...] = ()
    split: Split | None = None
    left_out: str | None = None

    @property
    def unknown(self) -> list[str]:
        """The columns that are text because nobody knows their kind."""
        return unknown_columns(self.origins)

    @property
    def counted(self) -> pl.LazyFrame:
        """The rows that can be added up: without the payouts that a payout reconciliation may list too."""
        return transactions_of(self.rows, self.request.report_type)

    @property
    def origin_text(self) -> str:
        """The name of the file, or the time of Stripe's data; of several runs, from oldest to newest."""
        if files := [each.name for each in self.origins if isinstance(each, FileOrigin)]:
            return f"read from {', '.join(Path(name).name for name in files)}"
        ages = sorted({each.as_of for each in self.origins if not isinstance(each, FileOrigin)})
        times = list(dict.fromkeys(f"{time:%Y-%m-%d %H:%M} UTC" for time in ages))
        return f"Stripe's data as of {times[0] if len(times) == 1 else f'{times[0]} to {times[-1]}'}"

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return self.rows.collect_schema().names()
