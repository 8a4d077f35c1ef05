"""CSV to typed columns at the speed of polars, with proof that polars read what is written.

polars parses quickly but forgivingly: it fills short rows with nulls, drops quotes that are out of place,
trims carriage returns, rounds decimals, and takes ``23:59:60`` for a time. Reading everything again to
be sure would cost several times as much. Instead, in the same pass, every cell is read as text and
checked against the form of its column, and the bytes of all cells are added up. Together with commas,
line ends and quotes they must be exactly as many as the file has (``_is_accounted_for``). Where they are
not, the file is read again, row by row, to name the line, or to find that it is merely quoted in an
unusual way.

Two things escape, in large files only: quotes out of place inside some cells, if others have lost exactly as
many around them; and the text of a local time that is not what its UTC twin says, since their lengths are
compared in every row and their values in one of eight. The value is right all the same: it is the twin's.
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
"""Bytes up to which a file is checked row by row anyway: it takes milliseconds."""
_ROW_GROUP = 50_000
"""Rows that are held until they are written. What a file says of its groups is held until it is finished:
of half as many rows, twice as much, which shows in large files."""
_FIRST = 5_000
"""Rows that show in which columns quotes and carriage returns stand."""
_SAMPLED = 8
"""Of so many rows, one is looked at to compare local times with their UTC twins."""


class AmbiguousTimeWarning(UserWarning):
    """Local times that the clock showed twice, in a file that does not say which was meant."""


@dataclass(frozen=True, slots=True)
class _Bytes:
    """What a file shows without being parsed, its header included.

    Attributes:
        quotes: How many.
        carriage_returns: How many.
        has_nul: There is a NUL byte.
        ends_a_line: The last byte is a line feed.
    """

    quotes: int
    carriage_returns: int
    has_nul: bool
    ends_a_line: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one pass of polars over a file gave: the typed rows, and sums over all cells as text.

    Attributes:
        rows: How many.
        frame: The typed rows, or none of them if they went into a file.
        parquet: That file.
        text: Bytes in all cells, unquoted.
        cells: By column, how many hold text or empty quotes.
        ambiguous: By column, how many local times the clock showed twice.
        inside: By character and column, how often it stands inside cells, where that was counted on the way.
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
    """The typed rows of a file, and their number.

    Args:
        source: The file.
        header: Its first record.
        fields: What its columns become.
        parquet: Write the rows there in bounded memory, and return none of them. The file appears whole,
            or not at all.
        metadata: Goes into the Parquet file beside the rows.

    Raises:
        DamagedFileError: The file is not, to its last byte, a CSV file of such values.
        OSError: It cannot be read, or *parquet* not be written.
    """
    with _attempts(parquet) as attempts:
        try:
            with _system_errors(str(parquet or source.name)):
                reading, is_proved = _read_and_prove(source, header, fields, attempts, metadata)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            # No value makes polars raise: the file itself is wrong, and another attempt would find the same.
            reading, is_proved = None, False
        there = None if is_proved else check_every_row(source, fields)
        if reading is None:
            raise source.damage("polars cannot read the file.")
        if there not in {None, reading.rows}:
            raise source.damage(f"polars reads {reading.rows:,} rows of {there:,}.")
        if parquet is not None and reading.parquet is not None:
            reading.parquet.replace(parquet)
    for name, count in reading.ambiguous.items():
        _warn_of_ambiguous(next(field for field in fields if field.name == name), count)
    return reading.frame, reading.rows


@contextmanager
def _attempts(parquet: Path | None) -> Iterator[Sequence[Path | None]]:
    """A file for each attempt to write *parquet*; the one that succeeds has to be moved there meanwhile.

    When polars raises, it is not done: its writer may open its file, and leave no rows in it, long after. So
    no two attempts share a file, and whatever comes late is not what was moved.
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
    """Tell a full disk from a damaged file: polars has one error for both."""
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
    """What polars reads, or None if it is not what is written; and whether it surely is."""
    if len(header.raw) == source.size:
        rows = pl.LazyFrame(schema={field.name: field.dtype for field in fields})
        empty = _keep(rows, attempts[0], metadata).collect()
        return _Reading(empty, attempts[0], rows=0, text=0, cells={}, ambiguous={}, inside={}), True
    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(_look_at, source)  # while polars reads, which leaves time between the cores
        # Nearly every file passes the first attempt, which relies on what Stripe does and most months have:
        # no cell is quoted and empty, no hour is repeated. The second takes the time to deal with both.
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
    # Level 1 writes a quarter faster than the default and costs a tenth in size.
    return rows.sink_parquet(
        parquet,
        compression="zstd",
        compression_level=1,
        row_group_size=_ROW_GROUP,
        metadata=dict(metadata or {}),
        lazy=True,
    )


def _look_at(source: Source) -> _Bytes:
    """Every byte once, while polars parses."""
    quotes, carriage_returns, has_nul, last = 0, 0, False, b""
    with source.open() as file:
        while block := file.read1(_BLOCK):
            # bytes.count takes thrice as long, and holds the GIL.
            numbers = pl.Series([block], dtype=pl.Binary).cast(pl.List(pl.UInt8)).explode()
            quotes += int((numbers == ord('"')).sum())
            if b"\r" in block:
                carriage_returns += int((numbers == ord("\r")).sum())
            has_nul = has_nul or b"\0" in block
            last = block[-1:]
    return _Bytes(quotes, carriage_returns, has_nul, last == b"\n")


def _cells(source: Source, fields: Sequence[Field]) -> pl.LazyFrame:
    """The cells as polars reads them; those that are empty and not quoted are null."""
    return pl.scan_csv(
        source.content,
        has_header=False,
        skip_rows=1,
        schema={field.name: pl.String() for field in fields},
        glob=False,
    )


def _seen_inside(cells: pl.LazyFrame, fields: Sequence[Field]) -> dict[str, list[str]]:
    """Quotes and carriage returns among the first cells, and the columns they stand in.

    Counting them on the way in these columns nearly always spares counting in the others, which takes
    as long as parsing all times.
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
    except pl.exceptions.PolarsError:  # what is wrong with the file is found when it is read whole
        return {}
    seen = {character: [name for name in texts if next(found)] for character in has}
    return {character: names for character, names in seen.items() if names}


def _texts(fields: Sequence[Field]) -> list[str]:
    """The columns that are kept as text."""
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
    """One pass of polars over the file; None if a value is not of the form of its column."""
    # Shared by all queries below, which polars then answers together.
    cells = (
        _cells(source, fields)
        .with_columns(
            parsed(field, careful).alias(value_name(field.name)) for field in fields if is_parsed(field)
        )
        .cache()
    )
    total = pl.UInt32 if source.size < 1 << 32 else pl.UInt64  # nothing can be more than there are bytes
    sums = cells.select(pl.len().alias("rows"), *_sums(fields, careful, counted, total))
    twins = [field for field in fields if field.twin is not None]
    rows = _keep(cells.select(typed(field, careful) for field in fields), parquet, metadata)
    frame, found, disagreements = pl.collect_all(
        [rows, sums, _disagreements(cells, twins, careful)], engine="streaming"
    )
    # The sums tell what was parsed; what was kept of it is another query's, and must be as much.
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
    """What ``_is_accounted_for`` needs of every column, and whether its text has the right form."""
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
    """How many local times are not what the clock of the zone shows at their twin, in a sample of rows.

    Values are taken from the twin anyway; this finds a wrong zone, which shows in many rows. Comparing
    all of them would cost a fifth of the time of reading.
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
    """Whether text, commas, line ends and quotes make up the file, to the byte.

    What text, commas and line ends leave must be quotes: two for every cell, as Stripe writes, or for
    the cells that need them, or none; and one more for each inside a cell, which is doubled. A missing
    cell is a comma too few, so that something else could make up for it; but rows that end with a cell
    are not short, and elsewhere counting the quotes tells them from commas.
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
        # Once all are found, there are no more: polars would have left out something else for them.
        if found < number:
            found += _inside_cells(character, kept, [name for name in texts if name not in counted])
        if found != number:
            return False
    around = 2 * spent - quotes
    return around == around_cells or (not returns and around == 2 * _need_quotes(kept, texts))


def _inside_cells(character: str, rows: pl.LazyFrame, names: Sequence[str]) -> int:
    """How often a character stands inside the cells of some columns."""
    count = columns(names).str.count_matches(character, literal=True).cast(pl.UInt64).sum()
    return sum(rows.select(count).collect(engine="streaming").row(0)) if names else 0


def _need_quotes(rows: pl.LazyFrame, texts: Sequence[str]) -> int:
    """How many cells cannot be without quotes around them."""
    needed = columns(texts).str.contains('[",\n]').cast(pl.UInt64)
    return sum(rows.select(needed.sum()).collect(engine="streaming").row(0)) if texts else 0


def _warn_of_ambiguous(field: Field, count: int) -> None:
    advice = (
        f" Add the column {field.utc_column!r} to the report to tell them apart." if field.utc_column else ""
    )
    notices.warn(
        f"{count} {'time' if count == 1 else 'times'} of column {field.name!r} came twice on the clock of "
        f"{field.zone}, which was set back; the earlier was taken.{advice}",
        AmbiguousTimeWarning,
    )
