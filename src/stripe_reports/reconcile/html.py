"""HTML of tie-outs and differences in a notebook: plain, readable in light and dark.

All text from a report is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import polars as pl

from stripe_reports.render.mark import mark
from stripe_reports.render.money import money
from stripe_reports.render.table import CELL, html_table

__all__ = ["of_diff", "of_tie_out"]


def of_tie_out(controls: pl.DataFrame, sentence: str, notes: Sequence[str]) -> str:
    """Return HTML of the controls: a row for each, a column for each currency.

    Args:
        controls: The frame of a tie-out.
        sentence: The outcome.
        notes: Sentences to show below.
    """
    currencies = controls["currency"].unique(maintain_order=True).to_list()
    head = "".join(f'<th style="{CELL}">{escape(c or "no currency")}</th>' for c in currencies)
    lines = []
    for (control,), rows in controls.group_by("control", maintain_order=True):
        cells = {row["currency"]: row for row in rows.iter_rows(named=True)}
        texts = []
        for currency in currencies:
            row = cells[currency]
            is_equal = row["passes"] and not row["difference"]
            text = "" if is_equal else " " + escape(money(row["difference"], currency, signed=True))
            why = " explained" if row["explanation"] else ""
            texts.append(f'<td style="{CELL}">{mark(row["passes"])}{text}{why}</td>')
        lines.append(f'<tr><td style="{CELL}">{escape(str(control))}</td>{"".join(texts)}</tr>')
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f"<div><p>{mark(bool(controls['passes'].all()))} <b>{escape(sentence)}</b></p>"
        f'<table><thead><tr><th style="{CELL}">control</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>{below}</div>"
    )


def of_diff(sentence: str, tables: Mapping[str, pl.DataFrame], notes: Sequence[str]) -> str:
    """Return HTML of the sentence, the first rows of each table that is not empty, and the notes."""
    parts = [f"<p><b>{escape(sentence)}</b></p>"]
    for title, rows in tables.items():
        if rows.height:
            parts.append(f"<p>{escape(title)}</p>{html_table(rows)}")
    parts.extend(f"<p>{escape(note)}</p>" for note in notes)
    return f"<div>{''.join(parts)}</div>"
