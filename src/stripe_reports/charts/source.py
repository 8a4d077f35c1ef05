"""The rows of a report with what is known of them: all that a chart, a page or a table needs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stripe_reports.catalog.siblings import UNKNOWN
from stripe_reports.models import Provenance, ReportRequest, ReportRun

__all__ = ["Source"]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is drawn or printed.

    Attributes:
        rows: The report's rows; nothing is read until they are needed.
        request: What was asked for: report type, bounds, zone.
        run: The run that answered.
        provenance: When, for whom, and as of when.
        notes: What was assumed of columns that the catalogue does not have.
    """

    rows: pl.LazyFrame
    request: ReportRequest
    run: ReportRun
    provenance: Provenance
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> list[str]:
        """The columns that are text because nobody knows their kind."""
        return list(self.provenance.kinds_from.get(UNKNOWN, ()))

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return self.rows.collect_schema().names()
