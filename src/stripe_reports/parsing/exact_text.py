"""Read the cells of a piece as text, exactly as they are written, at the speed of polars.

polars accepts errors: it fills short rows with nulls, drops misplaced quotes, and trims carriage returns. So
what it reads is used only with a proof, the cheapest that a piece allows:

1. *The sizes add up.* Stripe quotes every cell that has text. A quoted cell takes its text, two quotes, and
   one more quote for each one in the text; every cell takes the comma or line feed after it. So a piece has
   as many bytes as text, cells, quoted cells, and half of all quotes. polars fills in missing cells, which
   have no comma, and reads cells without quotes: both make the sum larger than the size. It also drops
   misplaced quotes, which would make it smaller, and make up for the others. So all quotes must be in their
   places, too: they open and close in turn, each at an edge of its cell, or as one of two.
   This is the proof of large pieces, for which the next one takes long.
2. *Written again, it is the same.* Other programs quote otherwise. If polars writes what it read in one of
   the usual ways, and every byte is the same as before, it was read exactly.
3. *Read strictly.* Anything else is read by ``csv_strict.py``, which finds the line of an error, or the text.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Literal

import polars as pl

from stripe_reports.parsing.columns import columns
from stripe_reports.parsing.csv_strict import rows
from stripe_reports.parsing.pieces import Piece
from stripe_reports.parsing.signs import signs_of

__all__ = ["exact_text"]

_LARGE = 1 << 18
"""Bytes from which a piece is not written again."""

_PART = 1 << 20
"""Bytes in which quotes are looked at in one go, at least."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUOTE, _COMMA, _LINE_FEED, _RETURN = b'",\n\r'


def exact_text(piece: Piece, names: Sequence[str], more: Sequence[pl.Expr] = ()) -> tuple[pl.DataFrame, int]:
    """Return the text of all cells of a piece without the header, and its number of lines.

    An empty cell is null, quoted or not.

    Args:
        piece: The piece.
        names: Names of its columns.
        more: Columns to add, which are computed from the text, nearly always in the same pass.

    Raises:
        DamagedFileError: It is not a list of such rows; has the line on which the wrong row begins.
    """
    schema = dict.fromkeys(names, pl.String())
    added = _by_polars(piece.content, schema, more)
    text = None if added is None else added[names]
    sizes = None if text is None else _sizes_of(text)
    lines = None if sizes is None else _lines_if_it_adds_up(piece.content, sizes)
    if text is None or (lines is None and not _is_written_alike(piece.content, text)):
        cells = [record.cells for record in rows(piece, names)]
        text, sizes, added = pl.DataFrame(cells, schema, orient="row"), None, None
    if (_sizes_of(text) if sizes is None else sizes).min() == 0:
        text, added = text.select(columns(names).replace("", None)), None
    if added is None:
        added = text.with_columns(more)
    return added, piece.content.count(b"\n") if lines is None else lines


def _by_polars(content: bytes, schema: dict[str, pl.String], more: Sequence[pl.Expr]) -> pl.DataFrame | None:
    """Return the cells as polars reads them: null if empty without quotes; None if it finds an error."""
    try:
        cells = pl.scan_csv(content, has_header=False, schema=schema)
        return cells.with_columns(more).collect(engine="streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _sizes_of(text: pl.DataFrame) -> pl.Series:
    """Return the number of bytes of every cell, column after column; null for an empty one."""
    return pl.concat(text.get_columns()).alias("sizes").str.len_bytes()


def _lines_if_it_adds_up(content: bytes, sizes: pl.Series) -> int | None:
    """Return the number of lines of a large piece whose bytes add up to its size; None for others."""
    if len(content) < _LARGE or content.startswith(_BYTE_ORDER_MARK):  # polars leaves it out
        return None
    if b"\0" in content:
        return None
    quotes = lines = 0
    for part in _parts(content):
        signs = signs_of(part)
        are_quotes = signs == _QUOTE
        is_open = quotes % 2
        if not _are_in_their_places(signs, are_quotes, is_open):
            return None
        if b"\r" in part and _has_bare_returns(signs, are_quotes, is_open):
            return None
        quotes += int(are_quotes.sum())
        lines += int((signs == _LINE_FEED).sum())
    size = int(sizes.sum()) + sizes.len() + sizes.count() + quotes // 2
    return lines if size == len(content) and quotes % 2 == 0 else None


def _parts(content: bytes) -> Iterator[bytes]:
    """Cut a piece after line feeds, within cells too; copies of a part stay in the processor's cache."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + _PART) + 1 or len(content)
        yield content[start:end]
        start = end


def _are_in_their_places(signs: pl.Series, are_quotes: pl.Series, is_open: int) -> bool:
    """Tell whether each quote of a part begins or ends a cell, or is doubled.

    Every other quote opens, so an edge or the quote that it doubles is before it; for those that close, it is
    after them. A line feed is before the part, and at its end.

    Args:
        signs: The bytes of the part.
        are_quotes: Which of them are quotes.
        is_open: 1 if the part begins within quotes, otherwise 0.
    """
    before = signs[:-1].filter(are_quotes[1:])
    opening = before.gather_every(2, (is_open + are_quotes.item(0)) % 2)
    closing = signs[1:].filter(are_quotes[:-1]).gather_every(2, 1 - is_open)
    return _are_edges(opening) and _are_edges(closing)


def _are_edges(signs: pl.Series) -> bool:
    return bool(((signs == _COMMA) | (signs == _QUOTE) | (signs == _LINE_FEED)).all())


def _has_bare_returns(signs: pl.Series, are_quotes: pl.Series, is_open: int) -> bool:
    """Tell whether a carriage return is outside quotes: polars trims it, which makes the sum smaller."""
    both = signs.filter(are_quotes | (signs == _RETURN))
    places = (both == _RETURN).arg_true()
    quotes_before = places - pl.int_range(places.len(), dtype=pl.UInt32, eager=True) + is_open
    return bool((quotes_before % 2 == 0).any())


def _is_written_alike(content: bytes, text: pl.DataFrame) -> bool:
    if b"\0" in content:
        return False
    for style, line_end in _styles(content):
        written = io.BytesIO()
        text.write_csv(written, include_header=False, quote_style=style, line_terminator=line_end)
        if written.getbuffer() == content:
            return True
    return False


def _styles(content: bytes) -> Iterator[tuple[Literal["non_numeric", "necessary"], str]]:
    """Yield the ways to write CSV that could have these bytes: quotes around all text, or where necessary."""
    line_end = "\r\n" if content.endswith(b"\r\n") else "\n"
    yield "non_numeric", line_end
    # polars leaves a carriage return in a cell bare, where it could end a line.
    if content.count(b"\r") == (content.count(b"\r\n") if line_end == "\r\n" else 0):
        yield "necessary", line_end
