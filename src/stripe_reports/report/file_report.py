"""A report read from a file of the Dashboard: the same charts, tables, pages and exports as after a fetch."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

import polars as pl

from stripe_reports import parsing
from stripe_reports.catalog.assumptions import sentence
from stripe_reports.errors import StoreError
from stripe_reports.models import ReportRequest
from stripe_reports.models.decision import Decision
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.parsing import SchemaOverrides
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.planning.remarks import remarks
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.report.export import Exports
from stripe_reports.storage.disk import shown_path

__all__ = ["FileReport", "read_file"]


@dataclass(frozen=True, slots=True)
class FileReport(Exports):
    """A report read from a file; ``sr.Report.from_csv`` returns one.

    Attributes:
        request: What is known of the request: the report type and the time zone.
        reuse: That the report was read from a file.
        provenance: Name, size and SHA-256 of the file.
        path: A Parquet file in a temporary folder, which is removed when Python ends.
    """

    request: ReportRequest
    reuse: Decision
    provenance: FileOrigin = field(repr=False)
    path: Path

    @property
    def run(self) -> None:
        """None: it is not known which run wrote the file."""
        return

    def __len__(self) -> int:
        """The number of rows; no row is read."""
        return self.provenance.rows

    def __bool__(self) -> bool:
        """True for every report, also for one without rows."""
        return True

    def scan(self) -> pl.LazyFrame:
        """The report as a LazyFrame over the Parquet file; no row is read until it is collected.

        Raises:
            StoreError: The temporary file was deleted meanwhile.
        """
        if not self.path.exists():
            raise self._gone()
        return pl.scan_parquet(self.path, glob=False)

    def frame(self) -> pl.DataFrame:
        """The report as a DataFrame; see ``sr.read_csv`` for its types.

        Raises:
            StoreError: The temporary file was deleted or damaged meanwhile.
        """
        try:
            return self.scan().collect()
        except UNREADABLE as error:
            raise self._gone() from error

    def _gone(self) -> StoreError:
        return StoreError(
            f"The temporary file {shown_path(self.path)} is gone. Read {self.provenance.name} again."
        )

    @property
    def _origins(self) -> tuple[FileOrigin, ...]:
        return (self.provenance,)

    @property
    def _notes(self) -> tuple[str, ...]:
        return self.reuse.assumed

    def _write_parquet(self, path: Path) -> None:
        shutil.copyfile(self.path, path)

    def _lines(self) -> list[tuple[str, object]]:
        known = self.provenance
        return [
            ("report type", self.request.report_type),
            ("time zone", self.request.timezone),
            ("file", known.name),
            ("SHA-256", known.sha256),
            ("assumed", " ".join(self.reuse.assumed)),
            (
                "schema_overrides",
                ", ".join(f"{name}: {type_}" for name, type_ in known.schema_overrides.items()),
            ),
        ]

    def _repr_html_(self) -> str:
        return card(self.request.report_type, self._lines()[1:], kind="report from a file")

    def __repr__(self) -> str:
        about = f"Report({self.request.report_type}, {len(self):,} rows)"
        return "\n  ".join(map(printable, [about, str(self.reuse), shown_path(self.path)]))


def read_file(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    report_type: str | None,
    timezone: str | None,
    schema_overrides: SchemaOverrides | None,
) -> FileReport:
    """See ``Report.from_csv``."""
    path = _folder() / f"{uuid.uuid4().hex}.parquet"
    read = parsing.convert_csv(
        source, path, report_type=report_type, timezone=timezone, schema_overrides=schema_overrides
    )
    name = shown_path(read.name)
    origin = FileOrigin(
        name=name,
        size=read.size,
        sha256=read.sha256,
        rows=read.rows,
        schema_overrides={name: str(dtype) for name, dtype in (schema_overrides or {}).items()},
        kinds_from=read.kinds_from,
    )
    type_ = read.report_type.id
    assumed = (sentence(type_, read.kinds_from),) if read.kinds_from else ()
    request = ReportRequest(type_, timezone=timezone)
    decision = Decision(
        "stored", f"it was read from {name}, and Stripe was not asked", remarks(request), assumed
    )
    return FileReport(request, decision, origin, path)


@cache
def _folder() -> Path:
    """Return the folder of this process for such files: mode 0700, removed when Python ends."""
    folder = tempfile.TemporaryDirectory(prefix="stripe-reports-")
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
