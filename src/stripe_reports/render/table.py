"""Small tables of rows: HTML for a notebook, readable in light and dark, and plain text for a terminal.

Everything that comes from a report is escaped.
"""

from __future__ import annotations

import shutil
import sys
from html import escape

import polars as pl

from stripe_reports.render.cells import text_in_row
from stripe_reports.render.printable import printable

__all__ = ["CELL", "html_table", "text_table"]

MOST_ROWS = 12

CELL = "text-align:left;padding:2px 10px;white-space:nowrap"
"""The style of a cell with text."""

_NUMBER = "text-align:right;padding:2px 10px;white-space:nowrap;font-variant-numeric:tabular-nums"
_WIDEST = 40


def html_table(frame: pl.DataFrame, most: int = MOST_ROWS) -> str:
    """Return the first rows of a frame as HTML, escaped, and how many more there are."""
    numeric = _numeric(frame)
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in frame.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_NUMBER if name in numeric else CELL}">' + escape(text_in_row(name, row)) + "</td>"
            for name in row
        )
        + "</tr>"
        for row in frame.head(most).iter_rows(named=True)
    )
    more = f"<p>{_more(frame, most)}</p>" if frame.height > most else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def text_table(frame: pl.DataFrame, most: int = MOST_ROWS, width: int | None = None) -> str:
    """Return the first rows of a frame as aligned lines of printable text, and what is not shown.

    Args:
        frame: The rows.
        most: Maximum number of rows.
        width: Maximum length of a line: the last columns that do not fit are left out, and named; None for
            that of the terminal, without a limit elsewhere.
    """
    if width is None and sys.stdout is not None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    numeric = _numeric(frame)
    rows = frame.head(most).to_dicts()
    columns: list[list[str]] = []
    used = 0
    for name in frame.columns:
        texts = [_short(name), *(_short(text_in_row(name, row)) for row in rows)]
        wide = max(map(len, texts))
        if width is not None and columns and used + wide > width:
            break
        used += wide + len(_GAP)
        columns.append([text.rjust(wide) if name in numeric else text.ljust(wide) for text in texts])
    lines = [_GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]
    if frame.height > most:
        lines.append(_more(frame, most))
    if left_out := frame.columns[len(columns) :]:
        lines.append(f"not shown: {', '.join(map(_short, left_out))}")
    return "\n".join(lines)


_GAP = "  "


def _numeric(frame: pl.DataFrame) -> set[str]:
    return {name for name, dtype in frame.schema.items() if dtype.is_numeric()}


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _more(frame: pl.DataFrame, most: int) -> str:
    return f"… and {frame.height - most:,} more"
