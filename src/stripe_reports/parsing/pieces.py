"""Cut a CSV file into pieces of whole records, as its bytes arrive.

A piece is checked and typed by itself (``exact_text.py``, ``typed_rows.py``). If every piece is a list of
whole records, so is the file: a wrong cut, which only a damaged file can cause, is found with its piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stripe_reports.errors import DamagedFileError
from stripe_reports.render.remedies import Remedy, everywhere

__all__ = ["DOWNLOAD_AGAIN", "Piece", "pieces"]

DOWNLOAD_AGAIN = everywhere(
    "Download the report again, and use the file as Stripe wrote it: "
    "spreadsheet programs change what they save."
)

_LONGEST_RECORD = 1 << 24
"""Bytes after which a quote counts as never closed, so that memory stays bounded."""

_TRIES = 100
"""Line ends to look at before all quotes are counted."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records of a file.

    Attributes:
        content: Their bytes, which end with a line feed.
        name: Name of the file, for messages.
        line: Line on which they begin, for messages; the header is line 1.
    """

    content: bytes
    name: str
    line: int = 1

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


def pieces(blocks: Iterable[bytes], name: str, *, size: int) -> Iterator[Piece]:
    """Yield the records of a file, about *size* bytes at a time.

    To count lines takes longer than to cut. It is done when a piece is read, so here each begins on line 1.

    Args:
        blocks: The bytes of the file, in blocks of any size.
        name: Name of the file, for messages.
        size: Bytes of a piece, but for a part of a block, and a record of any length.
    """
    waiting, length = list[bytes](), 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        if length < size:
            continue
        if not (end := _certain_end(block)):
            waiting = [block := b"".join(waiting)]
            end = _counted_end(block)
        if not end and length > _LONGEST_RECORD:
            end = len(block)
        if end:
            yield Piece(b"".join([*waiting[:-1], block[:end]]), name)
            waiting = [block[end:]]
            length = len(waiting[0])
    if length:
        waiting += [] if waiting[-1].endswith(b"\n") else [b"\n"]
        yield Piece(b"".join(waiting), name)


def _certain_end(block: bytes) -> int:
    """Find where a record ends whatever is before *block*; 0 if no place is found quickly.

    A quote after other text cannot open a cell. If it is the last character of a line, it closes one.
    """
    end = len(block)
    for _ in range(_TRIES):
        end = block.rfind(b"\n", 0, end)
        if end < 0:
            return 0
        before = block[max(end - 3, 0) : end].removesuffix(b"\r")
        if len(before) > 1 and before.endswith(b'"') and before[-2] not in b'",\r\n':
            return end + 1
    return 0


def _counted_end(content: bytes) -> int:
    """Find the last line end outside quotes, in bytes that begin with a record; 0 if there is none."""
    end, quotes = len(content), content.count(b'"')
    while (line_end := content.rfind(b"\n", 0, end)) >= 0:
        quotes -= content.count(b'"', line_end, end)
        if quotes % 2 == 0:
            return line_end + 1
        end = line_end
    return 0
