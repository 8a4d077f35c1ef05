"""Read CSV to typed columns at the speed of polars, with proof that polars read the file exactly.

polars parses fast but accepts errors: it fills short rows with nulls, drops misplaced quotes, trims carriage
returns, rounds decimals, and reads ``23:59:60`` as a time. Reading everything twice would take several times
as long. Instead, in the same pass, every cell is read as text and checked against the form of its column, and
the bytes of all cells are counted. Together with commas, line ends and quotes they must equal the size of the
file (``_is_accounted_for``). If not, the file is read again row by row, to find the line, or to find that it
is only quoted in an unusual way.

Two errors can remain undetected, only in large files: misplaced quotes inside some cells, if other cells lack
exactly as many around them; and the text of a local time that differs from its UTC twin, since lengths are
compared in every row but values only in one of eight. The value is still right: it is taken from the twin.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from stripe_reports import notices
from stripe_reports.parsing.columns import column, columns
from stripe_reports.parsing.csv_strict import Source
from stripe_reports.parsing.damage import check_every_row
from stripe_reports.parsing.header import Header
from stripe_reports.parsing.parquet import count_rows
from stripe_reports.parsing.schema import Field
from stripe_reports.parsing.value_forms import misformed
from stripe_reports.parsing.values import cell_of, is_parsed, on_the_clock, parsed, time_of, typed, value_name

__all__ = ["AmbiguousTimeWarning", "read_rows"]

_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")
_BLOCK = 1 << 20
_SMALL = 1 << 18
"""Bytes up to which a file is always checked row by row, which takes milliseconds."""
_ROW_GROUP = 50_000
"""Rows buffered until they are written. The metadata of all groups are buffered until the end, so smaller
groups need more memory in large files."""
_FIRST = 5_000
"""Rows examined to find the columns with quotes and carriage returns."""
_SAMPLED = 8
"""One of this many rows is checked to compare local times with their UTC twins."""


class AmbiguousTimeWarning(UserWarning):
    """Local times in a repeated hour, in a file that does not tell which was meant."""


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Facts about a file without parsing it, its header included.

    Attributes:
        quotes: Number of quotes.
        carriage_returns: Number of carriage returns.
        has_nul: True if there is a NUL byte.
        ends_a_line: True if the last byte is a line feed.
    """

    quotes: int
    carriage_returns: int
    has_nul: bool
    ends_a_line: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """The result of one pass of polars over a file: the typed rows, and sums over all cells as text.

    Attributes:
        rows: Number of rows.
        frame: The typed rows; empty if they were written to a file.
        parquet: That file.
        text: Bytes in all cells, unquoted.
        cells: By column, the number of cells with text or empty quotes.
        ambiguous: By column, the number of local times in a repeated hour.
        inside: By character and column, its number inside cells, if it was counted in this pass.
    """

    frame: pl.DataFrame
    parquet: Path | None
    rows: int
    text: int
    cells: dict[str, int]
    ambiguous: dict[str, int]
    inside: dict[str, dict[str, int]]


def read_rows(
    source: Source,
    header: Header,
    fields: Sequence[Field],
    *,
    parquet: Path | None = None,
    metadata: Mapping[str, str] | None = None,
) -> tuple[pl.DataFrame, int]:
    """Return the typed rows of a file, and their number.

    Args:
        source: The file.
        header: Its first record.
        fields: Its columns with their types.
        parquet: Write the rows there in bounded memory, and return none of them. The file is written
            atomically.
        metadata: Stored inside the Parquet file.

    Raises:
        DamagedFileError: The file is not, in every byte, a CSV file of such values.
        OSError: It cannot be read, or *parquet* cannot be written.
    """
    with _attempts(parquet) as attempts:
        try:
            with _system_errors(str(parquet or source.name)):
                reading, is_proved = _read_and_prove(source, header, fields, attempts, metadata)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            # Values never make polars raise: the file itself is wrong, and another attempt would fail too.
            reading, is_proved = None, False
        there = None if is_proved else check_every_row(source, fields)
        if reading is None:
            raise source.damage("polars cannot read the file.")
        if there not in {None, reading.rows}:
            raise source.damage(f"polars reads only {reading.rows:,} of {there:,} rows.")
        if parquet is not None and reading.parquet is not None:
            reading.parquet.replace(parquet)
    for name, count in reading.ambiguous.items():
        _warn_of_ambiguous(next(field for field in fields if field.name == name), count)
    return reading.frame, reading.rows


@contextmanager
def _attempts(parquet: Path | None) -> Iterator[Sequence[Path | None]]:
    """Yield a file for each attempt to write *parquet*; the caller moves the successful one there.

    After polars raises, its writer may still open its file later and empty it. So no two attempts share a
    file, and a late write cannot change the file that was moved.
    """
    if parquet is None:
        yield (None, None)
        return
    files = [parquet.with_name(f"{parquet.name}.{uuid.uuid4().hex}") for _ in range(2)]
    try:
        yield files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


@contextmanager
def _system_errors(path: str) -> Iterator[None]:
    """Distinguish a full disk from a damaged file: polars has one error for both."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if failure := _OS_ERROR.search(str(error)):
            code = int(failure[1])
            raise OSError(code, os.strerror(code), path) from error
        raise


def _read_and_prove(
    source: Source,
    header: Header,
    fields: Sequence[Field],
    attempts: Sequence[Path | None],
    metadata: Mapping[str, str] | None,
) -> tuple[_Reading | None, bool]:
    """Return what polars read, or None if it differs from the file; and whether it is certainly right."""
    if len(header.raw) == source.size:
        rows = pl.LazyFrame(schema={field.name: field.dtype for field in fields})
        empty = _keep(rows, attempts[0], metadata).collect()
        return _Reading(empty, attempts[0], rows=0, text=0, cells={}, ambiguous={}, inside={}), True
    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(
            _look_at, source
        )  # in parallel with polars, which leaves idle time on the cores
        # Nearly every file passes the first attempt, which assumes what holds for most of Stripe's files:
        # no cell is quoted and empty, and no hour is repeated. The second attempt handles both.
        reading = None
        counted = {} if source.size <= _SMALL else _seen_inside(_cells(source, fields), fields)
        for careful, parquet in enumerate(attempts):
            reading = reading or _read(source, fields, parquet, metadata, counted, careful=bool(careful))
        seen = looking.result()
    if reading is None or source.size <= _SMALL:
        return reading, False
    return reading, _is_accounted_for(source, header, fields, seen, reading)


def _keep(rows: pl.LazyFrame, parquet: Path | None, metadata: Mapping[str, str] | None) -> pl.LazyFrame:
    if parquet is None:
        return rows
    # Level 1 writes a quarter faster than the default; files are a tenth larger.
    return rows.sink_parquet(
        parquet,
        compression="zstd",
        compression_level=1,
        row_group_size=_ROW_GROUP,
        metadata=dict(metadata or {}),
        lazy=True,
    )


def _look_at(source: Source) -> _Bytes:
    """Look at every byte once, while polars parses."""
    quotes, carriage_returns, has_nul, last = 0, 0, False, b""
    with source.open() as file:
        while block := file.read1(_BLOCK):
            # bytes.count takes three times as long, and holds the GIL.
            numbers = pl.Series([block], dtype=pl.Binary).cast(pl.List(pl.UInt8)).explode()
            quotes += int((numbers == ord('"')).sum())
            if b"\r" in block:
                carriage_returns += int((numbers == ord("\r")).sum())
            has_nul = has_nul or b"\0" in block
            last = block[-1:]
    return _Bytes(quotes, carriage_returns, has_nul, last == b"\n")


def _cells(source: Source, fields: Sequence[Field]) -> pl.LazyFrame:
    """Return the cells as polars reads them; empty cells without quotes are null."""
    return pl.scan_csv(
        source.content,
        has_header=False,
        skip_rows=1,
        schema={field.name: pl.String() for field in fields},
        glob=False,
    )


def _seen_inside(cells: pl.LazyFrame, fields: Sequence[Field]) -> dict[str, list[str]]:
    """Find the columns with quotes and carriage returns in the first rows.

    Counting them in these columns during the pass nearly always avoids counting in the others, which takes as
    long as parsing all times.
    """
    texts = _texts(fields)
    if not texts:
        return {}
    has = {
        character: columns(texts).str.contains(character, literal=True).any().name.prefix(character)
        for character in ('"', "\r")
    }
    try:
        found = iter(cells.head(_FIRST).select(*has.values()).collect().row(0))
    except pl.exceptions.PolarsError:  # the error is reported when the whole file is read
        return {}
    seen = {character: [name for name in texts if next(found)] for character in has}
    return {character: names for character, names in seen.items() if names}


def _texts(fields: Sequence[Field]) -> list[str]:
    """Return the columns that are kept as text."""
    return [field.name for field in fields if isinstance(field.dtype, pl.String)]


def _read(
    source: Source,
    fields: Sequence[Field],
    parquet: Path | None,
    metadata: Mapping[str, str] | None,
    counted: Mapping[str, Collection[str]],
    *,
    careful: bool,
) -> _Reading | None:
    """Run one pass of polars over the file; None if a value does not have the form of its column."""
    # Shared by all queries below, which polars then answers together.
    cells = (
        _cells(source, fields)
        .with_columns(
            parsed(field, careful).alias(value_name(field.name)) for field in fields if is_parsed(field)
        )
        .cache()
    )
    total = pl.UInt32 if source.size < 1 << 32 else pl.UInt64  # no number can exceed the number of bytes
    sums = cells.select(pl.len().alias("rows"), *_sums(fields, careful, counted, total))
    twins = [field for field in fields if field.twin is not None]
    rows = _keep(cells.select(typed(field, careful) for field in fields), parquet, metadata)
    frame, found, disagreements = pl.collect_all(
        [rows, sums, _disagreements(cells, twins, careful)], engine="streaming"
    )
    # The sums count what was parsed; what was kept comes from another query and must be equal.
    kept = frame.height if parquet is None else count_rows(parquet)
    by_name = found.row(0, named=True)

    def of(what: str) -> dict[str, int]:
        return {
            field.name: by_name[key]
            for position, field in enumerate(fields)
            if (key := f"{what} {position}") in by_name
        }

    if kept != by_name["rows"] or any(of("misformed").values()) or 0 in of("shortest").values():
        return None
    if twins and any(disagreements.row(0)):
        return None
    return _Reading(
        frame=frame,
        parquet=parquet,
        rows=by_name["rows"],
        text=sum(of("text").values()),
        cells=of("cells"),
        ambiguous={name: count for name, count in of("ambiguous").items() if count},
        inside={each: of(f"count of {each}") for each in counted},
    )


def _sums(
    fields: Sequence[Field],
    careful: bool,
    counted: Mapping[str, Collection[str]],
    total: type[pl.DataType],
) -> Iterator[pl.Expr]:
    """Compute what ``_is_accounted_for`` needs of every column, and whether its text has the right form."""
    for position, field in enumerate(fields):
        raw, cell = column(field.name), cell_of(field, careful)
        yield raw.count().alias(f"cells {position}")
        yield raw.str.len_bytes().cast(total).sum().alias(f"text {position}")
        if isinstance(field.dtype, pl.String):
            for character in (each for each, names in counted.items() if field.name in names):
                counts = raw.str.count_matches(character, literal=True).cast(total)
                yield counts.sum().alias(f"count of {character} {position}")
            if not careful:
                yield raw.str.len_bytes().min().alias(f"shortest {position}")
        elif field.twin is not None:
            other_length = (cell.str.len_bytes() != len("2026-10-31 12:00:00")).any()
            unpaired = cell.count() != column(value_name(field.twin)).count()
            yield (other_length | unpaired).alias(f"misformed {position}")
        else:
            unparsed = cell.count() != column(value_name(field.name)).count()
            yield (misformed(field.dtype, cell) | unparsed).alias(f"misformed {position}")
        if careful and field.kind == "datetime_local" and field.twin is None and field.zone is not None:
            earlier, later = (on_the_clock(field, careful, which) for which in ("earliest", "latest"))
            yield (earlier != later).sum().alias(f"ambiguous {position}")


def _disagreements(cells: pl.LazyFrame, twins: Sequence[Field], careful: bool) -> pl.LazyFrame:
    """Count the local times that differ from their UTC twin in the zone, in a sample of rows.

    Values are taken from the twin anyway; this finds a wrong zone, which affects many rows. Comparing every
    row would take a fifth of the reading time.
    """
    sample = cells.with_row_index(value_name("row")).filter(column(value_name("row")) % _SAMPLED == 0)
    return sample.select(
        column(value_name(str(field.twin)))
        .dt.convert_time_zone(str(field.zone))
        .dt.replace_time_zone(None)
        .ne_missing(time_of(field, careful))
        .sum()
        for field in twins
    )


def _is_accounted_for(
    source: Source,
    header: Header,
    fields: Sequence[Field],
    seen: _Bytes,
    reading: _Reading,
) -> bool:
    """Tell whether text, commas, line ends and quotes add up to the exact size of the file.

    The bytes that are not text, commas or line ends must be quotes: two for every cell, as Stripe writes, or
    for the cells that need them, or none; and one more for each quote inside a cell, which is doubled. A
    missing cell means a missing comma, which another error could compensate; but rows that end with a cell
    are not short, and elsewhere counting quotes distinguishes them from commas.
    """
    if seen.has_nul:
        return False
    rows = reading.rows
    line_end = 2 if header.raw.endswith(b"\r\n") else 1
    line_ends = rows if seen.ends_a_line else rows - 1
    commas = rows * (len(fields) - 1)
    spent = source.size - len(header.raw) - reading.text - commas - line_ends * line_end
    returns = seen.carriage_returns - header.raw.count(b"\r") - line_ends * (line_end - 1)
    around_cells = 2 * sum(reading.cells.values())
    if spent == around_cells and not returns and reading.cells[fields[-1].name] == rows:
        return True
    quotes = seen.quotes - header.raw.count(b'"')
    if spent == quotes and not returns and quotes in {0, around_cells}:
        return True
    texts = _texts(fields)
    kept = reading.frame.lazy() if reading.parquet is None else pl.scan_parquet(reading.parquet, glob=False)
    expected = {'"': quotes - spent}
    if returns or "\r" in reading.inside:
        expected["\r"] = returns
    for character, number in expected.items():
        counted = reading.inside.get(character, {})
        found = sum(counted.values())
        # Once all are found, there are no more: otherwise polars would have left out something else.
        if found < number:
            found += _inside_cells(character, kept, [name for name in texts if name not in counted])
        if found != number:
            return False
    around = 2 * spent - quotes
    return around == around_cells or (not returns and around == 2 * _need_quotes(kept, texts))


def _inside_cells(character: str, rows: pl.LazyFrame, names: Sequence[str]) -> int:
    """Count a character inside the cells of some columns."""
    count = columns(names).str.count_matches(character, literal=True).cast(pl.UInt64).sum()
    return sum(rows.select(count).collect(engine="streaming").row(0)) if names else 0


def _need_quotes(rows: pl.LazyFrame, texts: Sequence[str]) -> int:
    """Count the cells that need quotes around them."""
    needed = columns(texts).str.contains('[",\n]').cast(pl.UInt64)
    return sum(rows.select(needed.sum()).collect(engine="streaming").row(0)) if texts else 0


def _warn_of_ambiguous(field: Field, count: int) -> None:
    advice = (
        f" Add the column {field.utc_column!r} to the report to distinguish them." if field.utc_column else ""
    )
    notices.warn(
        f"{count} {'time' if count == 1 else 'times'} of column {field.name!r} are in the repeated hour of "
        f"a clock change in {field.zone}; the earlier instant was used.{advice}",
        AmbiguousTimeWarning,
    )
