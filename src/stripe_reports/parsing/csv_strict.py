"""Read the records of a CSV file strictly and slowly, with the line on which each begins.

polars reads a hundred times faster, but accepts errors (stray quotes, short rows) and does not count lines.
So the header is read here, and a whole file only if it contains an error.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stripe_reports.errors import DamagedFileError
from stripe_reports.render.remedies import Remedy, everywhere

__all__ = ["DOWNLOAD_AGAIN", "Record", "Source", "records"]

DOWNLOAD_AGAIN = everywhere(
    "Download the report again, and use the file as Stripe wrote it: "
    "spreadsheet programs change what they save."
)

_BOM = b"\xef\xbb\xbf"
_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(?:(,)|\r?\n?\Z)')
_NOT_TEXT = re.compile("[\0\udc80-\udcff]")
"""NUL, and the characters of ``surrogateescape`` for bytes that are not UTF-8."""

_LONGEST_RECORD = 1 << 24
"""Bytes after which a quote counts as never closed, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV file on disk or in memory, and its name for messages."""

    content: Path | bytes
    name: str

    def open(self) -> io.BytesIO | io.BufferedReader:
        """Open it at the beginning, in binary mode."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def damage(
        self,
        what: str,
        *,
        line: int | None = None,
        column: str | None = None,
        remedy: Remedy = DOWNLOAD_AGAIN,
    ) -> DamagedFileError:
        """An error that says where, what, and what to do."""
        where = self.name
        if line is not None:
            where += f", line {line}"
        if column is not None:
            where += f", column {column!r}"
        return DamagedFileError(
            f"{where}: {what}",
            remedy=remedy,
            path=self.name,
            line=line,
            column=column,
        )


class Record(NamedTuple):
    """One row: the line it begins on (the header is line 1), its cells, and its bytes in the file."""

    line: int
    cells: list[str]
    raw: bytes


def records(source: Source, names: list[str] | None = None) -> Iterator[Record]:
    """Yield all records, the header included.

    Args:
        source: The file.
        names: Names of the columns, for messages; None while the header is being read.

    Raises:
        DamagedFileError: A quote is misplaced or never closed, or bytes are not text.
    """

    def name_of(position: int) -> str | None:
        return names[position] if names and position < len(names) else None

    with source.open() as file:
        line = 1
        while raw := file.readline():
            first = line
            line += 1
            pieces = [raw]
            size, quotes = len(raw), raw.count(b'"')
            while quotes % 2:  # a quoted cell continues on the next line
                raw = file.readline()
                if not raw or size > _LONGEST_RECORD:
                    raise source.damage(
                        "a quote in the row that begins here is never closed; the file is truncated, "
                        "or a quote is misplaced.",
                        line=first,
                    )
                line += 1
                pieces.append(raw)
                size, quotes = size + len(raw), quotes + raw.count(b'"')
            content = b"".join(pieces)
            text = content.removeprefix(_BOM) if first == 1 else content
            cells, complete = _cells(text.decode("utf-8", "surrogateescape"))
            for position, cell in enumerate(cells):
                if bad := _NOT_TEXT.search(cell):
                    what = "a NUL byte" if bad[0] == "\0" else f"a byte that is not UTF-8 ({cell[:40]!a})"
                    raise source.damage(f"there is {what}.", line=first, column=name_of(position))
            if not complete:
                raise source.damage(
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
