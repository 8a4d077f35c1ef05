"""The typed rows of a whole file, whose pieces are read by all cores while the rest is on its way."""

from __future__ import annotations

import os
import re
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from stripe_reports import notices
from stripe_reports.errors import DamagedFileError
from stripe_reports.parsing.header import read_header
from stripe_reports.parsing.parquet import count_rows
from stripe_reports.parsing.pieces import Piece, pieces
from stripe_reports.parsing.schema import Field
from stripe_reports.parsing.typed_rows import Rows, typed_rows

__all__ = ["AmbiguousTimeWarning", "Table", "warn_of_ambiguous"]

_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")
_PIECE_SIZE = 1 << 21
"""Bytes of a piece that is written to a file: small, since several are in memory with all their texts."""

_PIECE_SIZE_OF_FRAME = 1 << 23
"""Bytes of a piece of a frame, which needs more memory anyway: calls of polars then cost little beside it."""

_ROW_GROUP = 50_000
"""Rows buffered until they are written, about 1 kB each. polars also keeps 3 kB for each column of a group
until the end, so smaller groups need more memory in large files; this size is best for 20 million rows."""

_PAGE = 1 << 18
"""Bytes of a page of a column. A query for some rows reads only their pages: at a quarter of polars' size, a
query for a week takes two thirds of the time, and the file is no larger."""


class AmbiguousTimeWarning(UserWarning):
    """Local times in a repeated hour, in a file that does not tell which was meant."""


class Table:
    """A file that is being read: first its header, then, once its columns have types, its rows.

    Args:
        blocks: The bytes of the file, in blocks of any size.
        name: Name of the file, for messages.
        is_for_frame: True if ``frame`` will be called, and not ``write``.

    Attributes:
        name: Name of the file, for messages.
        names: Names of its columns.
        rows: Number of rows read so far.
        ambiguous: By column, the number of local times in a repeated hour, so far.

    Raises:
        NotAReportError, DamagedFileError: It has no header of a report.
    """

    def __init__(self, blocks: Iterable[bytes], name: str, *, is_for_frame: bool = False) -> None:
        found = pieces(blocks, name, size=_PIECE_SIZE_OF_FRAME if is_for_frame else _PIECE_SIZE)
        first = next(found, Piece(b"", name))
        header = read_header(first)
        self.name = name
        self.names = header.names
        self.rows = 0
        self.ambiguous = Counter[str]()
        self._lines = header.raw.count(b"\n")
        rest = first.content[len(header.raw) :]
        self._pieces = chain([Piece(rest, name)] if rest else [], found)

    def frame(self, fields: Sequence[Field]) -> pl.DataFrame:
        """Return all rows.

        Raises:
            DamagedFileError: The file is not, in every byte, a CSV file of such values.
        """
        empty = pl.DataFrame(schema={field.name: field.dtype for field in fields})
        return pl.concat([empty, *self._frames(fields, threads=_CORES + 1, ahead=2 * _CORES)])

    def write(
        self, fields: Sequence[Field], parquet: Path, metadata: Callable[[], Mapping[str, str]]
    ) -> None:
        """Write all rows to a Parquet file in bounded memory; the file appears only if it is complete.

        Args:
            fields: The columns with their types.
            parquet: Path to write to.
            metadata: Returns what is stored inside the file; called after the last row was read.

        Raises:
            DamagedFileError: As in ``frame``.
            OSError: The file cannot be written.
        """
        failures: list[Exception] = []

        def frames(*_: object) -> Iterator[pl.DataFrame]:
            try:
                yield from self._frames(fields, threads=_CORES, ahead=_CORES)
            except Exception as error:
                failures.append(error)

        def described(_: object) -> dict[str, str]:
            try:
                return {} if failures else dict(metadata())
            except Exception as error:
                failures.append(error)
                return {}

        # After an error of polars, its writer may still open its file later and empty it. So an error of ours
        # ends the file instead, and no two attempts share one.
        attempt = parquet.with_name(f"{parquet.name}.{uuid.uuid4().hex}")
        schema = {field.name: field.dtype for field in fields}
        try:
            with _system_errors(parquet):
                register_io_source(frames, schema=schema).sink_parquet(
                    attempt,
                    # Level 1 writes a quarter faster than the default; files are a tenth larger.
                    compression="zstd",
                    compression_level=1,
                    row_group_size=_ROW_GROUP,
                    data_page_size=_PAGE,
                    metadata=described,
                )
            if failures:
                raise failures[0]
            if (there := count_rows(attempt)) != self.rows:
                raise OSError(f"polars wrote {there:,} of {self.rows:,} rows")
            attempt.replace(parquet)
        finally:
            attempt.unlink(missing_ok=True)

    def ambiguous_times(self, fields: Sequence[Field]) -> tuple[str, ...]:
        """Return a sentence for each column with local times in a repeated hour."""
        return tuple(_ambiguous(field, count) for field in fields if (count := self.ambiguous[field.name]))

    def _frames(self, fields: Sequence[Field], *, threads: int, ahead: int) -> Iterator[pl.DataFrame]:
        for piece, read in _read_ahead(self._pieces, fields, _workers(threads), ahead):
            try:
                rows = read()
            except DamagedFileError:  # only now it is known on which line the piece begins
                rows = typed_rows(replace(piece, line=1 + self._lines), fields)
            self._lines += rows.lines
            self.rows += rows.frame.height
            self.ambiguous.update(rows.ambiguous)
            yield rows.frame


def _ambiguous(field: Field, count: int) -> str:
    advice = (
        f" Add the column {field.utc_column!r} to the report to distinguish them." if field.utc_column else ""
    )
    return (
        f"{count} {'time' if count == 1 else 'times'} of column {field.name!r} are in the repeated hour of a "
        f"clock change in {field.zone}; the earlier instant was used.{advice}"
    )


def warn_of_ambiguous(ambiguous: Iterable[str]) -> None:
    """Warn of local times in a repeated hour, once for each sentence of ``Table.ambiguous_times``.

    Warns:
        AmbiguousTimeWarning: There are some; the earlier instant was used.
    """
    for sentence in ambiguous:
        notices.warn(sentence, AmbiguousTimeWarning)


def _read_ahead(
    found: Iterator[Piece], fields: Sequence[Field], workers: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[Piece, Callable[[], Rows]]]:
    """Yield pieces in order, with a function that returns their rows; up to *ahead* are read meanwhile."""
    waiting = deque[tuple[Piece, Future[Rows]]]()
    try:
        for piece in found:
            waiting.append((piece, workers.submit(typed_rows, piece, fields)))
            if len(waiting) >= ahead:
                read, rows = waiting.popleft()
                yield read, rows.result
        while waiting:
            read, rows = waiting.popleft()
            yield read, rows.result
    finally:
        for _, rows in waiting:
            rows.cancel()


_CORES = os.cpu_count() or 1


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    """The threads that read pieces, shared by all files of the process.

    What is written to files, perhaps for many runs at once, has as many as there are cores. A frame has one
    more: each waits while polars' threads, one for each core, parse its piece.
    """
    return ThreadPoolExecutor(threads, thread_name_prefix="stripe-reports piece")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_workers.cache_clear)  # threads stay with the parent


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Distinguish a full disk from other errors: polars has one error for both."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if failure := _OS_ERROR.search(str(error)):
            code = int(failure[1])
            raise OSError(code, os.strerror(code), str(path)) from error
        raise
