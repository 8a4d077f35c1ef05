"""Convert the bytes of a report to exact, typed polars data.

    header.py        is it a report at all, and what are its columns?
    columns.py       columns by their names, which may look like patterns
    schema.py        which columns become which types; which report a header belongs to
    overrides.py     types that the user sets instead
    value_forms.py   how values are written, where polars accepts more
    values.py        what polars makes of them
    csv_fast.py      the fast way: polars, and the proof that it read what is written
    damage.py        the slow way, after the fast one failed: the line and column that are wrong
    csv_strict.py    strict CSV, with lines: for the header and the slow way

Types come from the catalogue, never from the contents of a file. A file is either read exactly, or refused
with the line and column of the error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl

from stripe_reports.catalog.assumptions import kinds_from, warn_once
from stripe_reports.models import ReportType
from stripe_reports.parsing.csv_fast import AmbiguousTimeWarning, read_rows
from stripe_reports.parsing.csv_strict import Source
from stripe_reports.parsing.header import read_header
from stripe_reports.parsing.overrides import SchemaOverrides, checked_overrides
from stripe_reports.parsing.schema import (
    check_asked,
    check_columns,
    dtype_of,
    fields_of,
    guess_report_type,
    report_type_of,
    schema_of,
)

__all__ = [
    "AmbiguousTimeWarning",
    "SchemaOverrides",
    "checked_overrides",
    "dtype_of",
    "guess_report_type",
    "kinds_in",
    "read_csv",
    "schema_of",
    "write_parquet",
]

_MIXED_UP = "It is not the report requested, so nothing was stored."


def read_csv(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    report_type: str | None = None,
    timezone: str | None = None,
    schema_overrides: SchemaOverrides | None = None,
) -> pl.DataFrame:
    r"""Read a report downloaded from the Dashboard, with the same types as ``client.frame``.

    Money is ``Decimal`` and exact, times are ``Datetime``, ids and all other text are unchanged (``007``
    keeps its zeros), and empty cells are null. Types come from the catalogue, not from the contents of the
    file. A column that the catalogue does not have for the report type is read like columns of the same name
    in other types, otherwise as text, with a warning. Rows and columns keep their order. Every byte of the
    file is checked: it is read exactly, or refused.

    Args:
        source: Path of the CSV file, its bytes, or a file opened in binary mode.
        report_type: The type downloaded, with or without version (``"payouts.itemized.3"``,
            ``"payouts.itemized"``); None to recognise it by the columns.
        timezone: IANA zone that was chosen in the Dashboard, such as ``"Europe/London"``. It is the zone
            of local times (``created``; ``created_utc`` is always UTC). None leaves them without a zone.
        schema_overrides: polars types by column, instead of those of the catalogue: ``{"date": pl.String}``.

    Raises:
        NotAReportError: Another export of the Dashboard, a web page, JSON, a compressed file; or the columns
            are those of another report type.
        DamagedFileError: The file is truncated, has rows of different lengths, or contains an invalid value,
            such as ``1,200.00``; has ``line`` (where the row begins) and ``column``.
        UnknownReportTypeError: *report_type* is not in the catalogue, and neither are most of the columns.
        ParameterError: polars does not know the zone, or *schema_overrides* name an unknown column or a type
            that is not possible.
        OSError: The file cannot be opened.

    Warns:
        UnknownReportTypeWarning: The catalogue does not have the type or a column; once per process.
        AmbiguousTimeWarning: Local times in the repeated hour of a clock change, in a file without their UTC
            column; the earlier instant is used.

    Example:
        >>> csv = b"currency,gross,fee,net\nusd,12.00,0.65,11.35\n"
        >>> read_csv(csv, report_type="balance_change_from_activity.itemized")["net"].item()
        Decimal('11.350000')
    """
    file = _source(source)
    header = read_header(file)
    type_ = report_type_of(header.names, report_type, file=file.name)
    fields = fields_of(header.names, type_, timezone, checked_overrides(schema_overrides))
    frame, _ = read_rows(file, header, fields)
    warn_once(type_.id if type_ else report_type, kinds_from(fields))
    return frame


def kinds_in(
    csv: Path,
    *,
    report_type: ReportType | None,
    schema_overrides: Mapping[str, pl.DataType],
    name: str,
) -> dict[str, list[str]]:
    """Return the columns of a CSV file whose kinds are not catalogued, by the source of the kind.

    Raises:
        NotAReportError, DamagedFileError: It has no header of a report.
        ParameterError: *schema_overrides* name an unknown column.
    """
    header = read_header(Source(csv, name))
    return kinds_from(fields_of(header.names, report_type, None, schema_overrides))


def write_parquet(
    csv: Path,
    parquet: Path,
    *,
    report_type: ReportType | None,
    columns: Sequence[str] | None = None,
    timezone: str | None,
    schema_overrides: Mapping[str, pl.DataType] | None = None,
    metadata: Mapping[str, str] | None = None,
    name: str | None = None,
) -> int:
    """Convert the CSV file of a run to a typed Parquet file, and return the number of rows.

    Memory use does not depend on the size. The file is checked as in ``read_csv``.

    Args:
        csv: Stripe's file, unpacked.
        parquet: Path to write to; the file appears only if it was proved correct.
        report_type: The type of the run; None if not known, which uses the names of the columns.
        columns: The columns requested; None for Stripe's default.
        timezone: Zone in which Stripe wrote local times; None leaves them without a zone.
        schema_overrides: See ``read_csv``; already checked.
        metadata: Stored inside the Parquet file.
        name: Name of the file in errors; None for its path.

    Raises:
        NotAReportError: The file is a web page, JSON, or compressed; or of another report type.
        DamagedFileError: The file is truncated, has rows of different lengths, or contains an invalid value.
        ParameterError: polars does not know the zone.
        OSError: A file cannot be read or written.
    """
    file = Source(csv, name or os.fspath(csv))
    header = read_header(file)
    if columns is not None:
        check_asked(header.names, columns, file=file.name, advice=_MIXED_UP)
    elif report_type is not None:
        check_columns(header.names, report_type, file=file.name, advice=_MIXED_UP)
    fields = fields_of(header.names, report_type, timezone, schema_overrides or {})
    _, rows = read_rows(file, header, fields, parquet=parquet, metadata=metadata)
    return rows


def _source(source: str | os.PathLike[str] | bytes | BinaryIO) -> Source:
    if isinstance(source, bytes):
        return Source(source, "the file")
    if isinstance(source, str | os.PathLike):
        return Source(Path(source), os.fspath(source))
    content = source.read()
    if not isinstance(content, bytes):
        raise TypeError("read_csv needs a file opened in binary mode. Use open(path, 'rb').")
    return Source(content, str(getattr(source, "name", "the file")))
