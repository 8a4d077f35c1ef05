"""Cards that show our values in a notebook: a title and a few named lines, in light and dark.

Everything is escaped: ids, parameters and errors come from outside. Colours are those of the page, so that a
card looks right in JupyterLab, Notebook, VS Code, Voilà and an exported page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["card", "folded"]

_CARD = (
    "display:inline-block;max-width:60em;padding:.5em .9em;border-radius:6px;line-height:1.5;"
    "border:1px solid rgba(128,128,128,.35);font-size:.92em;font-variant-numeric:tabular-nums"
)
_TABLE = "border:none;border-collapse:collapse;margin:.3em 0 0;color:inherit;font:inherit"
_NAME = (
    "padding:0 1em 0 0;text-align:left;vertical-align:top;opacity:.65;font-weight:normal;white-space:nowrap"
)
_VALUE = "padding:0;text-align:left;overflow-wrap:anywhere"
_LONG = 80
_CELL = "padding:0 1em 0 0;text-align:left;vertical-align:top"


def card(title: str, lines: Iterable[tuple[str, object]], *, kind: str, fold: str = "") -> str:
    """Return the HTML of a card.

    Args:
        title: Shown in bold.
        lines: Names and values; those whose value is None or empty are left out.
        kind: Kind of value, in small letters next to the title.
        fold: HTML from ``folded``, below the lines.
    """
    rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_NAME}">{escape(name)}</th>'
        f'<td style="{_VALUE}">{_breakable(value)}</td></tr>'
        for name, value in lines
        if value not in (None, "", (), [])
    )
    return (
        f'<div style="{_CARD}"><strong>{escape(title)}</strong>'
        f'<span style="opacity:.65;padding-left:.8em">{escape(kind)}</span>'
        f'<table style="{_TABLE}">{rows}</table>{fold}</div>'
    )


def _breakable(value: object) -> str:
    """Escape a value, and let a long path break where an untrusted notebook drops the style that does."""
    text = escape(str(value))
    return text.replace("/", "/<wbr>") if len(text) > _LONG else text


def folded(summary: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the HTML of a table that opens when its summary is clicked; empty if there are no rows."""
    if not rows:
        return ""
    cells = "".join(
        '<tr style="background:none">'
        + "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    return (
        f'<details style="margin-top:.3em"><summary style="cursor:pointer">{escape(summary)}</summary>'
        f'<table style="{_TABLE}">{cells}</table></details>'
    )
