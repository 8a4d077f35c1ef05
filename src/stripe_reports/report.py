"""A report in hand: the frame, the file, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from stripe_reports.cards import card
from stripe_reports.disk import is_sealed
from stripe_reports.errors import StoreError
from stripe_reports.models import ReportRequest, ReportRun
from stripe_reports.store import Provenance

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Decision", "Report"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a report was come by, and why; its text is one sentence.

    Attributes:
        action: ``stored`` (from this machine, nothing was read from Stripe), ``reused`` (an earlier run at
            Stripe), ``awaited`` (a run that was already pending) or ``launched``.
        reason: Why, and what was passed over and why.
    """

    action: Literal["stored", "reused", "awaited", "launched"]
    reason: str

    def __str__(self) -> str:
        return f"{self.reason[:1].upper()}{self.reason[1:]}."


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a report run, stored on this machine.

    Attributes:
        request: What was asked for.
        run: Stripe's run that answered.
        reuse: What was decided, and why, in one sentence.
        provenance: Who asked, when, for which data, and the SHA-256 of Stripe's file.
        path: The Parquet file.
    """

    request: ReportRequest
    run: ReportRun
    reuse: Decision
    provenance: Provenance = field(repr=False)
    path: Path

    def scan(self) -> pl.LazyFrame:
        """The report as a LazyFrame over the stored file; no row is read until it is collected.

        Raises:
            StoreError: The stored file was deleted or damaged meanwhile.
        """
        if not is_sealed(self.path):
            self.path.unlink(missing_ok=True)
            raise StoreError(
                f"The stored result {self.path} is gone or was damaged on disk. Fetch the report again: it "
                "is read from Stripe anew."
            )
        return pl.scan_parquet(self.path, glob=False)

    def frame(self) -> pl.DataFrame:
        """The report as a DataFrame, from disk.

        Rows and columns are in Stripe's order. Money is ``Decimal(38, 6)`` in major units (10.00 is ten
        euros); times are UTC in ``*_utc`` columns and in the report's zone otherwise; an empty cell is null.

        Raises:
            StoreError: The stored file was deleted or damaged meanwhile.
        """
        return self.scan().collect()

    def chart(self, **options: Any) -> alt.TopLevelMixin:
        """A chart fit for this kind of report: an ordinary altair chart, drawn without the internet.

        Raises:
            ParameterError: There is no chart for this report type yet.
        """
        from stripe_reports.notebook.charts import chart_of

        return chart_of(self, **options)

    def _repr_html_(self) -> str:
        provenance = self.provenance
        return card(
            self.request.report_type,
            [
                *self.request.shown_lines(),
                ("run", self.run.id),
                ("data of", f"{provenance.as_of:%Y-%m-%d %H:%M} UTC"),
                ("reuse", self.reuse),
                ("file", self.path),
                ("SHA-256", provenance.sha256),
            ],
            kind="report",
        )

    def __repr__(self) -> str:
        return (
            f"Report({self.run.report_type}, run {self.run.id}, "
            f"data of {self.provenance.as_of:%Y-%m-%d %H:%M} UTC)\n"
            f"  {self.request!r}\n"
            f"  {self.reuse}\n"
            f"  {self.path}"
        )
