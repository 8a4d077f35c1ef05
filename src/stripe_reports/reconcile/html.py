"""How tie-outs and differences look in a notebook: plain HTML, readable in light and dark.

Everything that comes from a report is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import polars as pl

from stripe_reports.render.cells import cell_text
from stripe_reports.render.money import money

__all__ = ["of_diff", "of_tie_out", "rows_table"]

MOST_ROWS = 12

_GOOD, _BAD = "#1f7a3d", "#b3261e"
_MARK = (
    "display:inline-block;min-width:1.3em;padding:0 .3em;border-radius:3px;color:#fff;"
    "text-align:center;font-weight:600;background:"
)
_CELL = "text-align:left;padding:2px 10px;white-space:nowrap"
_NUMBER = "text-align:right;padding:2px 10px;white-space:nowrap;font-variant-numeric:tabular-nums"


def mark(passes: bool) -> str:
    """A white sign on green or red, which is read on a light page, on a dark one, and without colours."""
    return f'<span style="{_MARK}{_GOOD if passes else _BAD}">{"✓" if passes else "✗"}</span>'


def of_tie_out(controls: pl.DataFrame, sentence: str, notes: Sequence[str]) -> str:
    """The sentence, and the controls: a row each, a column for each currency.

    Args:
        controls: The frame of a tie-out.
        sentence: How it came out.
        notes: What the reader should know besides.
    """
    currencies = controls["currency"].unique(maintain_order=True).to_list()
    head = "".join(f'<th style="{_CELL}">{escape(c or "no currency")}</th>' for c in currencies)
    lines = []
    for (control,), rows in controls.group_by("control", maintain_order=True):
        cells = {row["currency"]: row for row in rows.iter_rows(named=True)}
        texts = []
        for currency in currencies:
            row = cells[currency]
            text = "" if row["passes"] else " " + escape(money(row["difference"], currency, signed=True))
            texts.append(f'<td style="{_CELL}">{mark(row["passes"])}{text}</td>')
        lines.append(f'<tr><td style="{_CELL}">{escape(str(control))}</td>{"".join(texts)}</tr>')
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f"<div><p>{mark(bool(controls['passes'].all()))} <b>{escape(sentence)}</b></p>"
        f'<table><thead><tr><th style="{_CELL}">control</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>{below}</div>"
    )


def of_diff(sentence: str, tables: Mapping[str, pl.DataFrame], notes: Sequence[str]) -> str:
    """The sentence, the first rows of each table that has any, and the notes."""
    parts = [f"<p><b>{escape(sentence)}</b></p>"]
    for title, rows in tables.items():
        if rows.height:
            parts.append(f"<p>{escape(title)}</p>{rows_table(rows)}")
    parts.extend(f"<p>{escape(note)}</p>" for note in notes)
    return f"<div>{''.join(parts)}</div>"


def rows_table(frame: pl.DataFrame, most: int = MOST_ROWS) -> str:
    """The first rows of a frame, escaped, and how many more there are."""
    numeric = {name for name, dtype in frame.schema.items() if dtype.is_numeric()}
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in frame.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_NUMBER if name in numeric else _CELL}">' + escape(cell_text(value) or "") + "</td>"
            for name, value in row.items()
        )
        + "</tr>"
        for row in frame.head(most).iter_rows(named=True)
    )
    more = f"<p>… and {frame.height - most:,} more</p>" if frame.height > most else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
