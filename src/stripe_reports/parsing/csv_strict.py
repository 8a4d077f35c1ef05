"""Read the records of a piece strictly and slowly, with the line on which each begins.

polars reads a hundred times faster, but accepts errors (stray quotes, short rows) and does not count lines.
So the header is read here, and a piece only if polars cannot be proved to have read it exactly.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stripe_reports.parsing.pieces import Piece

__all__ = ["Record", "records", "rows"]

_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(?:(,)|\r?\n?\Z)')
_NOT_TEXT = re.compile("[\0\udc80-\udcff]")
"""NUL, and the characters of ``surrogateescape`` for bytes that are not UTF-8."""


class Record(NamedTuple):
    """One row: the line it begins on (the header is line 1), its cells, and its bytes in the file."""

    line: int
    cells: list[str]
    raw: bytes


def rows(piece: Piece, names: Sequence[str]) -> Iterator[Record]:
    """Yield all records of a piece without the header, each with a cell for every name.

    Raises:
        DamagedFileError: As in ``records``, or a row is too short or too long.
    """
    for record in records(piece, names):
        if len(record.cells) != len(names):
            raise piece.damage(
                _ragged(record.cells, names),
                line=record.line,
                column=names[min(len(record.cells), len(names) - 1)],
            )
        yield record


def records(piece: Piece, names: Sequence[str] = ()) -> Iterator[Record]:
    """Yield all records of a piece.

    Args:
        piece: The piece.
        names: Names of the columns, for messages; empty while the header is being read.

    Raises:
        DamagedFileError: A quote is misplaced or never closed, or bytes are not text.
    """

    def name_of(position: int) -> str | None:
        return names[position] if position < len(names) else None

    file, line = io.BytesIO(piece.content), piece.line
    while raw := file.readline():
        first = line
        line += 1
        lines, quotes = [raw], raw.count(b'"')
        while quotes % 2:  # a quoted cell continues on the next line
            raw = file.readline()
            if not raw:
                raise piece.damage(
                    "a quote in the row that begins here is never closed; the file is truncated, "
                    "or a quote is misplaced.",
                    line=first,
                )
            line += 1
            lines.append(raw)
            quotes += raw.count(b'"')
        content = b"".join(lines)
        cells, complete = _cells(content.decode("utf-8", "surrogateescape"))
        for position, cell in enumerate(cells):
            if bad := _NOT_TEXT.search(cell):
                what = "a NUL byte" if bad[0] == "\0" else f"a byte that is not UTF-8 ({cell[:40]!a})"
                raise piece.damage(f"there is {what}.", line=first, column=name_of(position))
        if not complete:
            raise piece.damage(
                "a quote or line break is misplaced; quotes inside a cell must be doubled.",
                line=first,
                column=name_of(len(cells)),
            )
        yield Record(first, cells, content)


def _cells(record: str) -> tuple[list[str], bool]:
    """Split a record into cells; also return whether it is well-formed."""
    cells = []
    position = 0
    while match := _CELL.match(record, position):
        quoted, bare, comma = match.groups()
        cells.append(bare if quoted is None else quoted.replace('""', '"'))
        if not comma:
            return cells, True
        position = match.end()
    return cells, False


def _ragged(cells: Sequence[str], names: Sequence[str]) -> str:
    if list(cells) == [""]:
        return "the line is blank."
    how = "short: the file is truncated, or cells are missing" if len(cells) < len(names) else "long"
    counted = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    return f"the row has {counted} for {len(names)} columns, so it is too {how}."
