"""A report in a shared dataset, and a set of such reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import polars as pl

from stripe_reports.models import AnyRun, Provenance, ReportRequest
from stripe_reports.report.report import Decision

__all__ = ["SharedReport"]


@dataclass(frozen=True, slots=True)
class SharedReport:
    """The result of a report run in a shared dataset; ``sr.dataset(place)`` reads all of them.

    Attributes:
        request: The request.
        reuse: The decision and its reason, in one sentence.
        provenance: Account, times, request, and the SHA-256 of Stripe's file.
        location: Path or address of the Parquet file.
        options: Options of the object store; they may hold secrets and are not displayed.
    """

    request: ReportRequest
    reuse: Decision
    provenance: Provenance = field(repr=False)
    location: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False, hash=False)

    def __len__(self) -> int:
        """The number of rows."""
        return self.provenance.rows or 0

    def __bool__(self) -> bool:
        """True for every report, also for one without rows."""
        return True

    @property
    def run(self) -> AnyRun:
        """The run at Stripe."""
        return self.provenance.run

    def explained(self, skipped: Sequence[str]) -> Self:
        """Return the same report; its decision also says how the request was understood."""
        return replace(self, reuse=replace(self.reuse, reason="; ".join([self.reuse.reason, *skipped])))

    def scan(self) -> pl.LazyFrame:
        """The report as a LazyFrame; no row is read until it is collected."""
        return pl.scan_parquet(self.location, glob=False, storage_options=dict(self.options) or None)

    def frame(self) -> pl.DataFrame:
        """The report as a DataFrame."""
        return self.scan().collect()
