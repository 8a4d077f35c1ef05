"""The file of a report run: its columns, its rows, and its bytes as CSV or as a zip archive."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl

from stripe_reports.models import ReportType
from stripe_reports.simulator.api_v2.columns import as_in_v2, types_of
from stripe_reports.simulator.reports import cells
from stripe_reports.simulator.reports.contents import Contents

__all__ = ["ResultFile"]


class ResultFile:
    """A file that is created when it is first needed.

    Args:
        report_type: The report type of v1 that has its rows.
        columns: Names in the order of the file.
        pages: Returns the cells as v1 writes them.
        archive_of: Name of the file in the zip archive; None for CSV that is not compressed.
        milliseconds: True to write times with milliseconds.
    """

    def __init__(
        self,
        report_type: ReportType,
        columns: list[str],
        pages: Callable[[], Iterable[pl.DataFrame]],
        *,
        archive_of: str | None = None,
        milliseconds: bool = True,
    ) -> None:
        self.columns = types_of(report_type, columns)
        self.content_type = "csv" if archive_of is None else "zip"
        self._report_type = report_type
        self._pages = pages
        self._milliseconds = milliseconds
        self._row_count = 0
        self.contents = Contents(
            self._csv if archive_of is None else lambda: _zipped(archive_of, self._csv())
        )

    @property
    def row_count(self) -> int:
        """Number of rows without the header."""
        self.contents.make()
        return self._row_count

    def rows(self, start: int, count: int) -> list[dict[str, str | None]]:
        """Return some rows; that a value is text as in the file, and an empty cell null, is inferred."""
        return pl.concat(self._written()).slice(start, count).to_dicts()

    def _csv(self) -> Iterator[bytes]:
        return cells.csv(self._counted())

    def _counted(self) -> Iterator[pl.DataFrame]:
        self._row_count = 0
        for page in self._written():
            self._row_count += page.height
            yield page

    def _written(self) -> Iterator[pl.DataFrame]:
        for page in self._pages():
            text = page.cast(pl.String)
            yield as_in_v2(text, self._report_type, milliseconds=self._milliseconds)


def _zipped(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Write a zip archive piece by piece; its name and date are the same each time."""
    written = _Written()
    member = ZipInfo(name)
    member.compress_type = ZIP_DEFLATED
    with ZipFile(written, "w") as archive, archive.open(member, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            yield written.taken()
    yield written.taken()


class _Written(io.RawIOBase):
    """What was written to a file and not yet taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken
