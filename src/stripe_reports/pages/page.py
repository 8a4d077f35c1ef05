"""Self-contained HTML pages of figures, tables and charts.

All text is escaped unless it is ``Html``. The page loads nothing and runs no script; it is light or dark like
the reader's system, and black on white when printed.

    page("October", section("Figures", table(["Currency", "Net"], [["EUR", "12.00"]], numeric=[1])))
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from stripe_reports.charts import theme

if TYPE_CHECKING:
    from stripe_reports.charts.panels import Chart

__all__ = ["Html", "Section", "facts", "figure", "note", "page", "section", "table"]


class Html(str):
    """Markup that is inserted unchanged; any other text is escaped."""

    __slots__ = ()


class Section(Html):
    """A part of the page with its own heading.

    Attributes:
        heading: The heading.
        anchor: The name of the section in links to it.
    """

    anchor: str
    heading: str


def page(title: str, *content: str, subtitle: str | Sequence[str] = (), has_contents: bool = False) -> str:
    """Return a complete HTML document.

    Args:
        title: The heading, and the title of the browser's tab.
        content: Sections and other parts, from top to bottom.
        subtitle: One line or several below the heading.
        has_contents: True to begin with a table of contents: a link to each section.
    """
    sections = [part for part in content if isinstance(part, Section)] if has_contents else []
    lines = [subtitle] if isinstance(subtitle, str) else subtitle
    below = f'<p class="subtitle">{"<br>".join(map(escape, lines))}</p>' if lines else ""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{_POLICY}\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<header><h1>{escape(title)}</h1>{below}</header>\n"
        f"{_contents(sections)}{_markup(content)}\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *content: str) -> Section:
    """Return a part of the page with its own heading."""
    anchor = "-".join(re.findall(r"[a-z0-9]+", title.lower()))
    part = Section(f'<section id="{anchor}"><h2>{escape(title)}</h2>\n{_markup(content)}\n</section>')
    part.heading, part.anchor = title, anchor
    return part


def _contents(sections: Sequence[Section]) -> str:
    if not sections:
        return ""
    links = "".join(f'<li><a href="#{each.anchor}">{escape(each.heading)}</a></li>' for each in sections)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def note(text: str) -> Html:
    """Return a remark in small print."""
    return Html(f'<p class="note">{_markup([text])}</p>')


def facts(values: Mapping[str, object]) -> Html:
    """Return names and values, one per line; None is left out."""
    rows = (
        f'<tr><th scope="row">{escape(name)}</th><td>{_markup([value])}</td></tr>'
        for name, value in values.items()
        if value is not None
    )
    return Html(f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>')


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[int] = (),
    strong: Collection[int] = (),
    headings: Collection[int] = (),
    caption: str | None = None,
) -> Html:
    """Return a table of texts.

    Args:
        header: The names of the columns.
        rows: The cells, one for each column.
        numeric: Positions of columns that are aligned to the right.
        strong: Positions of rows that are totals.
        headings: Positions of rows that are headings of those below: only their first cell is shown.
        caption: Shown above the table.
    """

    def cells(tag: str, texts: Sequence[str], attributes: str = "") -> str:
        return "".join(
            f"<{tag}{attributes}{_NUMBER if n in numeric else ''}>{_markup([text])}</{tag}>"
            for n, text in enumerate(texts)
        )

    def row(position: int, texts: Sequence[str]) -> str:
        if position in headings:
            head = f'<th colspan="{len(header)}" scope="rowgroup">{_markup(texts[:1])}</th>'
            return f'<tr class="heading">{head}</tr>'
        return f"<tr{_TOTAL if position in strong else ''}>{cells('td', texts)}</tr>"

    above = f"<caption>{_markup([caption])}</caption>" if caption else ""
    head = cells("th", header, ' scope="col"')
    body = "\n".join(row(n, texts) for n, texts in enumerate(rows))
    return Html(
        f'<div class="wide"><table>{above}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def figure(chart: Chart, caption: str | None = None) -> Html:
    """Return a chart as an image inside the page; our charts take the colours of the page."""
    svg = StringIO()
    theme.following_the_page(chart).save(svg, format="svg")
    below = f"<figcaption>{_markup([caption])}</figcaption>" if caption else ""
    return Html(f"<figure>{svg.getvalue()}{below}</figure>")


def _markup(content: Iterable[Any]) -> str:
    return "\n".join(part if isinstance(part, Html) else escape(str(part)) for part in content)


_NUMBER, _TOTAL = ' class="number"', ' class="total"'

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)
"""A second protection, if escaping fails: the browser loads nothing and runs nothing."""

# The variables have the names of JupyterLab's, from which our charts take their colours.
_STYLE = """
:root { color-scheme: light dark; --jp-layout-color0: #ffffff; --jp-content-font-color1: #1f2933;
  --jp-content-font-color2: #5f6b76; --jp-border-color1: #9aa5b1; --jp-border-color3: #e8ebee; }
@media (prefers-color-scheme: dark) { :root { --jp-layout-color0: #16191d; --jp-content-font-color1: #eceff1;
  --jp-content-font-color2: #a3adb8; --jp-border-color1: #66707b; --jp-border-color3: #2b3036; } }
@media print { :root { color-scheme: light; --jp-layout-color0: #ffffff; --jp-content-font-color1: #000000;
  --jp-content-font-color2: #444444; --jp-border-color1: #888888; --jp-border-color3: #dddddd; } }
body { margin: 0; background: var(--jp-layout-color0); color: var(--jp-content-font-color1);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
.subtitle, .note, figcaption, caption { color: var(--jp-content-font-color2); font-size: .87rem; }
.subtitle { margin: .3rem 0 0; }
nav ul { list-style: none; margin: 1rem 0 0; padding: 0; font-size: .87rem; }
nav li { display: inline-block; margin-right: 1.1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .28rem .7rem .28rem 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--jp-border-color1); white-space: nowrap; }
tbody tr { border-bottom: 1px solid var(--jp-border-color3); break-inside: avoid; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: .7rem; }
.heading th { padding-top: .9rem; }
.total td { font-weight: 600; border-top: 1px solid var(--jp-border-color1); }
.facts th { font-weight: 400; color: var(--jp-content-font-color2); white-space: nowrap; }
.facts td { overflow-wrap: anywhere; }
figure { margin: 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
"""
