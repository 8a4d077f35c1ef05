"""A table of HTML as a picture, without a browser: its texts are set as SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any

import vl_convert

from stripe_reports.charts import theme as look
from stripe_reports.errors import ParameterError

__all__ = ["picture"]

_SIZE, _LINE, _GAP, _EDGE = 12, 22, 18, 12
_CHARACTER = 6.6
"""Width of a character in pixels: a little more than the mean of the fonts that may be there."""

_MOST_CHARACTERS = 44
"""Of a cell; a longer text is cut, and ends in an ellipsis."""


@dataclass(slots=True)
class _Cell:
    text: str = ""
    span: int = 1
    is_right: bool = False
    is_bold: bool = False


@dataclass(slots=True)
class _Row:
    kind: str
    cells: list[_Cell] = field(default_factory=list)


class _Rows(HTMLParser):
    """The rows of a table, with what matters to set them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[_Row] = []
        self._cell: _Cell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes, css = values.get("class", ""), values.get("style", "").replace(" ", "")
        if tag == "tr":
            self.rows.append(_Row("body"))
        elif tag in ("td", "th") and self.rows:
            row = self.rows[-1]
            self._cell = _Cell(
                span=int(values.get("colspan", "1")),
                is_right="gt_right" in classes,
                is_bold="font-weight:bold" in css
                or "gt_col_heading" in classes
                or "gt_group_heading" in classes,
            )
            row.cells.append(self._cell)
            for name, kind in (("gt_title", "title"), ("gt_subtitle", "subtitle"), ("gt_sourcenote", "note")):
                if name in classes.split():
                    row.kind = kind
            if "gt_col_heading" in classes:
                row.kind = "header"
            elif "gt_group_heading" in classes:
                row.kind = "group"
        elif tag == "br" and self._cell:
            self._cell.text += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.text += " ".join(data.split("\n"))


def picture(html: str, ending: str, *, theme: look.Theme = "light", scale: float = 2.0) -> bytes:
    """The first table of *html* as SVG, PNG or PDF.

    Args:
        html: As great_tables writes it.
        ending: ``".svg"``, ``".png"`` or ``".pdf"``.
        theme: ``"light"`` or ``"dark"``; for SVG also ``"page"``.
        scale: Of a PNG: pixels for a pixel.

    Raises:
        ParameterError: There is no such theme.
    """
    svg = _svg(html, look.config_of(theme))
    if ending == ".svg":
        return svg.encode()
    made: bytes = vl_convert.svg_to_png(svg, scale=scale) if ending == ".png" else vl_convert.svg_to_pdf(svg)
    return made


def _svg(html: str, config: dict[str, Any]) -> str:
    parser = _Rows()
    parser.feed(html)
    rows = [row for row in parser.rows if row.cells]
    columns = max((sum(cell.span for cell in row.cells) for row in rows), default=0)
    if not columns:
        raise ParameterError("There is no table to draw.", param="file")
    for row in rows:
        for cell in row.cells:
            cell.text = cell.text.strip()
            if row.kind in ("body", "header") and len(cell.text) > _MOST_CHARACTERS:
                cell.text = cell.text[: _MOST_CHARACTERS - 1] + "…"
    edges = _edges(rows, columns)
    free = [len(cell.text) for row in rows for cell in row.cells if row.kind in ("title", "subtitle", "note")]
    width = max(edges[-1] - _GAP, *(n * _CHARACTER for n in free), 0) + 2 * _EDGE
    ink, faded, paper = config["title"]["color"], config["axis"]["labelColor"], config["background"]
    y, marks = float(_EDGE), []
    for row in rows:
        y += _LINE + (8 if row.kind in ("group", "header") else 0)
        at = 0
        for cell in row.cells:
            right = cell.is_right and cell.span == 1
            x = _EDGE + (edges[at + 1] - _GAP if right else edges[at])
            at += cell.span
            size = 15 if row.kind == "title" else _SIZE
            weight = ' font-weight="600"' if cell.is_bold or row.kind == "title" else ""
            color = faded if row.kind in ("subtitle", "note") else ink
            anchor = ' text-anchor="end"' if right else ""
            marks.append(
                f'<text x="{x:.1f}" y="{y - 6:.1f}" font-size="{size}" fill="{escape(color)}"'
                f"{weight}{anchor}>{escape(cell.text)}</text>"
            )
        if row.kind in ("header", "body", "group"):
            line = config["rule"]["color"] if row.kind == "header" else config["axis"]["gridColor"]
            marks.append(
                f'<line x1="{_EDGE}" x2="{_EDGE + edges[-1] - _GAP:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="{escape(line)}"/>'
            )
    height = y + _EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{escape(config["font"])}">'
        f'<rect width="100%" height="100%" fill="{escape(paper)}"/>{"".join(marks)}</svg>'
    )


def _edges(rows: list[_Row], columns: int) -> list[float]:
    """Where each column begins, and where the last one ends."""
    widest = [1] * columns
    for row in rows:
        if row.kind in ("body", "header"):
            at = 0
            for cell in row.cells:
                if cell.span == 1:
                    widest[at] = max(widest[at], len(cell.text))
                at += cell.span
    edges = [0.0]
    for characters in widest:
        edges.append(edges[-1] + characters * _CHARACTER + _GAP)
    return edges
