"""A report: its frame, its file, and its provenance."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import polars as pl

from stripe_reports import notices
from stripe_reports.errors import StoreError
from stripe_reports.models import Provenance, ReportRequest, ReportRun
from stripe_reports.notices import AdvisedWarning
from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.render import remedies
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.report import memory
from stripe_reports.report.export import Exports
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.seals import is_sealed

__all__ = ["Action", "Decision", "FetchPlan", "LargeFrameWarning", "Report", "warn_if_large"]

Action = Literal["stored", "reused", "awaited", "launched"]


class LargeFrameWarning(AdvisedWarning):
    """A report that is read completely may not fit into the available memory."""


def warn_if_large(what: str, paths: Sequence[Path]) -> None:
    """Warn if the rows of Parquet files may not fit into the available memory."""
    size, left = sum(map(memory.size_of, paths)), memory.available()
    if left is not None and memory.NEEDED_TO_READ * size > left:
        problem = (
            f"{what} takes about {size_text(size)} in memory and up to "
            f"{size_text(memory.NEEDED_TO_READ * size)} while it is read, of which {size_text(left)} are "
            "left."
        )
        notices.warn(LargeFrameWarning(problem, remedies.read_less()))


@dataclass(frozen=True, slots=True)
class Decision:
    """The source of a report, and the reason; its text is one sentence.

    Attributes:
        action: ``stored`` (from this machine, nothing was read from Stripe), ``reused`` (an earlier run at
            Stripe), ``awaited`` (a run that was already pending) or ``launched``.
        reason: Why, and which runs were not used and why.
        notes: What is special about the request, in sentences; such as that its period is not over yet.
        assumed: Assumptions about a report type that the catalogue lacks or has only in part, in sentences.
    """

    action: Action
    reason: str
    notes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def __str__(self) -> str:
        reason = f"{self.reason[:1].upper()}{self.reason[1:]}."
        return printable(" ".join([reason, *self.notes, *self.assumed]))


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """The action that a fetch would take now, as far as it is known without fetching.

    Attributes:
        action: As in ``Decision``.
        reason: Why, as it would stand in the report.
        as_of: Time of the data of the answering run; for a pending one, its creation.
        stored_at: Time at which the result was read from Stripe, if it is stored here.
        run_id: The run that would answer, or None.
        notes: As in ``Decision``.
    """

    action: Action
    reason: str
    as_of: datetime | None = None
    stored_at: datetime | None = None
    run_id: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report(Exports):
    """The result of a report run, stored on this machine.

    Attributes:
        request: The request.
        run: The run at Stripe.
        reuse: The decision and its reason, in one sentence.
        provenance: Account, times, request, and the SHA-256 of Stripe's file.
        path: The Parquet file.
    """

    request: ReportRequest
    run: ReportRun
    reuse: Decision
    provenance: Provenance = field(repr=False)
    path: Path

    def __len__(self) -> int:
        """The number of rows, from the provenance; no row is read."""
        known = self.provenance.rows
        return count_rows(self.path) if known is None else known

    def __bool__(self) -> bool:
        """True for every report, also for one without rows."""
        return True

    def explained(self, skipped: Sequence[str], notes: Sequence[str] = ()) -> Self:
        """Return the same report; its decision also says how the request was understood.

        Args:
            skipped: Clauses that name the newer versions of the report type that were skipped, and why.
            notes: Sentences for ``Decision.notes``.
        """
        reason = "; ".join([self.reuse.reason, *skipped])
        return replace(self, reuse=replace(self.reuse, reason=reason, notes=(*notes, *self.reuse.notes)))

    def scan(self) -> pl.LazyFrame:
        """The report as a LazyFrame over the stored file; no row is read until it is collected.

        Raises:
            StoreError: The stored file was deleted or damaged meanwhile.
        """
        if not is_sealed(self.path):  # and the store no longer lists it as a result
            raise self._gone()
        return pl.scan_parquet(self.path, glob=False)

    def frame(self) -> pl.DataFrame:
        """The report as a DataFrame, from disk.

        Rows and columns are in Stripe's order. Money is ``Decimal(38, 6)`` in major units (10.00 is ten
        euros); times are UTC in ``*_utc`` columns and in the report's zone otherwise; an empty cell is null.

        Raises:
            StoreError: The stored file was deleted or damaged meanwhile.

        Warns:
            LargeFrameWarning: It may not fit into memory; ``scan()`` reads only what a query needs.
        """
        try:
            rows = self.scan()
            warn_if_large(f"{self.run.report_type}, run {self.run.id},", [self.path])
            frame = rows.collect()
        except UNREADABLE as error:
            raise self._gone() from error
        self._check_rows(frame.height)
        return frame

    def _check_rows(self, found: int) -> None:
        if found != self.provenance.rows:
            raise self._gone()

    def _gone(self) -> StoreError:
        return StoreError(
            f"The stored result {self.path} is gone or was damaged on disk. Fetch the report again: it is "
            "read from Stripe again."
        )

    @property
    def _origins(self) -> tuple[Provenance, ...]:
        return (self.provenance,)

    @property
    def _notes(self) -> tuple[str, ...]:
        return self.reuse.assumed

    def _write_parquet(self, path: Path) -> None:
        shutil.copyfile(self.path, path)  # the provenance is inside
        self._check_rows(count_rows(path))

    def _lines(self) -> list[tuple[str, object]]:
        return [
            ("report type", self.request.report_type),
            *self.request.shown_lines(),
            ("run", self.run.id),
            ("data of", f"{self.provenance.as_of:%Y-%m-%d %H:%M} UTC"),
            ("SHA-256", self.provenance.sha256),
            ("note", " ".join(self.reuse.notes)),
            ("assumed", " ".join(self.reuse.assumed)),
            ("schema_overrides", ", ".join(f"{n}: {t}" for n, t in self.provenance.schema_overrides.items())),
        ]

    def _repr_html_(self) -> str:
        lines = [*self._lines()[1:], ("reuse", self.reuse), ("file", self.path)]
        return card(self.request.report_type, lines, kind="report")

    def __repr__(self) -> str:
        as_of = f"{self.provenance.as_of:%Y-%m-%d %H:%M} UTC"
        lines = [
            f"Report({self.run.report_type}, run {self.run.id}, data of {as_of})",
            repr(self.request),
            str(self.reuse),
            str(self.path),
        ]
        return "\n  ".join(map(printable, lines))
