"""Convert the bytes of a report to exact, typed polars data.

    pieces.py        cut the bytes into pieces of whole records, as they arrive
    header.py        is it a report at all, and what are its columns?
    schema.py        which columns become which types; which report a header belongs to
    overrides.py     types that the user sets instead
    zones.py         time zones that polars knows
    columns.py       columns by their names, which may look like patterns
    exact_text.py    the cells of a piece: polars, and the proof that it read what is written
    values.py        what polars makes of them
    value_forms.py   how values are written, where polars accepts more
    typed_rows.py    the typed rows of a piece
    csv_strict.py    strict CSV, with lines: for the header, and pieces without that proof
    damage.py        the value that makes a piece wrong
    tables.py        all pieces of a file, on all cores: as a frame, or written to Parquet

Types come from the catalogue, never from the contents of a file. A file is either read exactly, or refused
with the line and column of the error.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from stripe_reports.catalog.assumptions import KindsFrom, kinds_from, warn_once
from stripe_reports.models import ReportType
from stripe_reports.parsing.overrides import SchemaOverrides, checked_overrides
from stripe_reports.parsing.schema import (
    check_asked,
    check_columns,
    dtype_of,
    fields_of,
    guess_report_type,
    report_type_of,
    schema_of,
    the_report_type_of,
)
from stripe_reports.parsing.tables import AmbiguousTimeWarning, Table, warn_of_ambiguous

__all__ = [
    "AmbiguousTimeWarning",
    "FromFile",
    "SchemaOverrides",
    "Written",
    "checked_overrides",
    "convert_csv",
    "dtype_of",
    "file_blocks",
    "guess_report_type",
    "read_csv",
    "schema_of",
    "warn_of_ambiguous",
    "write_parquet",
]

_BLOCK = 1 << 19
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
    overrides = checked_overrides(schema_overrides)
    with _blocks(source) as (blocks, name):
        table = Table(blocks, name, is_for_frame=True)
        type_ = report_type_of(table.names, report_type, file=name)
        fields = fields_of(table.names, type_, timezone, overrides)
        frame = table.frame(fields)
    warn_of_ambiguous(table.ambiguous_times(fields))
    warn_once(type_.id if type_ else report_type, kinds_from(fields))
    return frame


@dataclass(frozen=True, slots=True)
class FromFile:
    """A file that was converted to Parquet.

    Attributes:
        name: Its path; ``"the file"`` if only its bytes were given.
        report_type: The type it was read as.
        rows: Number of rows.
        size: Its bytes.
        sha256: Its SHA-256, in hex.
        kinds_from: The columns whose kinds are not catalogued, by the source of the kind.
    """

    name: str
    report_type: ReportType
    rows: int
    size: int
    sha256: str
    kinds_from: KindsFrom


def convert_csv(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    parquet: Path,
    *,
    report_type: str | None,
    timezone: str | None,
    schema_overrides: SchemaOverrides | None,
) -> FromFile:
    """Convert a file of the Dashboard to Parquet, read as by ``read_csv``, in bounded memory.

    Args:
        source: See ``read_csv``.
        parquet: Path to write to.
        report_type: See ``read_csv``.
        timezone: See ``read_csv``.
        schema_overrides: See ``read_csv``.

    Raises:
        ParameterError: No type was named, and several have these columns, or none has most of them.
        FileError, OSError: See ``read_csv``.
    """
    overrides = checked_overrides(schema_overrides)
    digest, size = hashlib.sha256(), 0

    def hashed(blocks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal size
        for block in blocks:
            digest.update(block)
            size += len(block)
            yield block

    with _blocks(source) as (blocks, name):
        table = Table(hashed(blocks), name)
        type_ = the_report_type_of(table.names, report_type, file=name)
        fields = fields_of(table.names, type_, timezone, overrides)
        table.write(fields, parquet, dict)
    warn_of_ambiguous(table.ambiguous_times(fields))
    assumed = kinds_from(fields)
    warn_once(type_.id, assumed)
    return FromFile(name, type_, table.rows, size, digest.hexdigest(), assumed)


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written to a Parquet file.

    Attributes:
        rows: Number of rows.
        kinds_from: The columns whose kinds are not catalogued, by the source of the kind.
        ambiguous: A sentence for each column with local times whose instant is not certain; see
            ``warn_of_ambiguous``.
    """

    rows: int
    kinds_from: KindsFrom
    ambiguous: tuple[str, ...]


def write_parquet(
    blocks: Iterable[bytes],
    parquet: Path,
    *,
    name: str,
    report_type: ReportType | None,
    timezone: str | None,
    columns: Sequence[str] | None = None,
    schema_overrides: Mapping[str, pl.DataType] | None = None,
    has_fractions: bool = False,
    metadata: Callable[[KindsFrom], Mapping[str, str]] = lambda _: {},
) -> Written:
    """Convert the CSV file of a run to a typed Parquet file, while its bytes arrive.

    Memory use does not depend on the size. The file is checked as in ``read_csv``.

    Args:
        blocks: The bytes of Stripe's file, unpacked, in blocks of any size.
        parquet: Path to write to; the file appears only if every byte was read exactly.
        name: Name of Stripe's file, for messages.
        report_type: The type of the run; None if not known, which uses the names of the columns.
        timezone: Zone in which Stripe wrote local times; None leaves them without a zone.
        columns: The columns requested; None for Stripe's default.
        schema_overrides: See ``read_csv``; already checked.
        has_fractions: True if times may have thousandths of a second, as in Reports v2.
        metadata: Returns what is stored inside the Parquet file, from the columns whose kinds are not
            catalogued; called after the last of *blocks*.

    Raises:
        NotAReportError: The file is a web page, JSON, or compressed; or of another report type.
        DamagedFileError: The file is truncated, has rows of different lengths, or contains an invalid value.
        ParameterError: polars does not know the zone.
        OSError: The Parquet file cannot be written.
    """
    table = Table(blocks, name)
    if columns is not None:
        check_asked(table.names, columns, file=name, advice=_MIXED_UP)
    elif report_type is not None:
        check_columns(table.names, report_type, file=name, advice=_MIXED_UP)
    fields = fields_of(
        table.names, report_type, timezone, schema_overrides or {}, has_fractions=has_fractions
    )
    assumed = kinds_from(fields)
    table.write(fields, parquet, lambda: metadata(assumed))
    return Written(table.rows, assumed, table.ambiguous_times(fields))


@contextmanager
def _blocks(source: str | os.PathLike[str] | bytes | BinaryIO) -> Iterator[tuple[Iterator[bytes], str]]:
    """The bytes of a file, in blocks, and its name."""
    if isinstance(source, bytes):
        yield file_blocks(io.BytesIO(source)), "the file"
    elif isinstance(source, str | os.PathLike):
        with open(os.path.expanduser(source), "rb", buffering=0) as file:
            yield file_blocks(file), os.fspath(source)
    elif not isinstance(source.read(0), bytes):
        raise TypeError("read_csv needs a file opened in binary mode. Use open(path, 'rb').")
    else:
        yield file_blocks(source), str(getattr(source, "name", "the file"))


def file_blocks(file: BinaryIO | io.RawIOBase) -> Iterator[bytes]:
    """Yield the bytes of an open file in blocks."""
    while block := file.read(_BLOCK):
        yield block
