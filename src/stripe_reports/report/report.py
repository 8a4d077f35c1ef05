"""A report: its frame, its file, and its provenance."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Self

import polars as pl

from stripe_reports import notices
from stripe_reports.errors import StoreError
from stripe_reports.models import AnyRun, Provenance, ReportRequest
from stripe_reports.models.decision import Action, Decision
from stripe_reports.notices import AdvisedWarning
from stripe_reports.parsing import SchemaOverrides
from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.render import remedies
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.render.remedies import Remedy
from stripe_reports.report import memory
from stripe_reports.report.export import Exports
from stripe_reports.report.file_report import FileReport, read_file
from stripe_reports.storage.disk import shown_path, size_text
from stripe_reports.storage.seals import is_sealed

__all__ = ["Action", "Decision", "FetchPlan", "LargeFrameWarning", "Report", "warn_if_large"]


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
class FetchPlan:
    """The action that a fetch would take now, as far as it is known without fetching.

    Attributes:
        action: As in ``Decision``; or ``refused``: Stripe lacks the type, or data for its interval.
        reason: Why, as it would stand in the report.
        as_of: Time of the data of the answering run; for a pending one, its creation.
        stored_at: Time at which the result was read from Stripe, if it is stored here.
        run_id: The run that would answer, or None.
        notes: As in ``Decision``.
        remedy: What can be done, if Stripe would refuse a launch.
    """

    action: Action | Literal["refused"]
    reason: str
    as_of: datetime | None = None
    stored_at: datetime | None = None
    run_id: str | None = None
    notes: tuple[str, ...] = ()
    remedy: Remedy | None = None


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
    run: AnyRun
    reuse: Decision
    provenance: Provenance = field(repr=False)
    path: Path

    @staticmethod
    def from_csv(
        source: str | os.PathLike[str] | bytes | BinaryIO,
        *,
        report_type: str | None = None,
        timezone: str | None = None,
        schema_overrides: SchemaOverrides | None = None,
    ) -> FileReport:
        r"""Open a report downloaded from the Dashboard: its charts, tables and exports, as after a fetch.

        The file is read as by ``sr.read_csv``, in bounded memory, to a temporary Parquet file. Its run,
        account and period are not known.

        Args:
            source: Path of the CSV file, its bytes, or a file opened in binary mode.
            report_type: See ``sr.read_csv``; needed if several types have these columns.
            timezone: See ``sr.read_csv``.
            schema_overrides: See ``sr.read_csv``.

        Raises:
            ParameterError: Several report types have these columns; the message names them.
            FileError, OSError: See ``sr.read_csv``.

        Warns:
            UnknownReportTypeWarning, AmbiguousTimeWarning: See ``sr.read_csv``.

        Example:
            >>> csv = b"payout_id,currency,gross,fee,net,reporting_category\npo_1,eur,9.00,0.00,9.00,payout\n"
            >>> sr.Report.from_csv(csv, report_type="payouts.itemized").frame()["gross"].item()
            Decimal('9.000000')
        """
        return read_file(
            source, report_type=report_type, timezone=timezone, schema_overrides=schema_overrides
        )

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
            f"The stored result {shown_path(self.path)} is gone or was damaged on disk. Fetch the report "
            "again: it is read from Stripe again."
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
        lines = [*self._lines()[1:], ("reuse", self.reuse), ("file", shown_path(self.path))]
        return card(self.request.report_type, lines, kind="report")

    def __repr__(self) -> str:
        as_of = f"{self.provenance.as_of:%Y-%m-%d %H:%M} UTC"
        lines = [
            f"Report({self.run.report_type}, run {self.run.id}, data of {as_of})",
            repr(self.request),
            str(self.reuse),
            shown_path(self.path),
        ]
        return "\n  ".join(map(printable, lines))
