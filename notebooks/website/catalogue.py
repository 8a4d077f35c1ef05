"""One page for each report type that the package knows, with its parameters and columns."""

from itertools import groupby
from pathlib import Path

from stripe_reports import catalog
from stripe_reports.catalog.families import FAMILY_TITLES, family_title
from stripe_reports.catalog.purposes import purposes
from stripe_reports.models import Column, ReportType
from stripe_reports.parsing.schema import dtype_of
from website.files import write_pages

_WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---"
_OLD = _WIDE.removesuffix("---") + "orphan: true\n---"
"""The first lines of a page: no list of its headings; for an old version, not in the sidebar either."""

_TIMES = {"datetime_utc": "Datetime, UTC", "datetime_local": "Datetime, local"}


def write(folder: Path) -> None:
    """Write the index and all pages."""
    types = list(catalog.report_types().values())
    pages = {f"{type_.id}.md": page_of(type_) for type_ in types}
    write_pages(folder, {"index.md": index_of(types)} | pages)


def index_of(types: list[ReportType]) -> str:
    """Return the page that lists all report types by family, the newest versions first."""
    parts = [
        _WIDE,
        "# Report types",
        f"The {len(types)} report types that this version of the package knows. Each page has the parameters "
        "and the columns with their meaning and type; the search field finds both by name or meaning. "
        "[Which report do I need?](../which_report.md) lists them by question, and "
        "[unknown types](../unknown_types.md) says how others are read.",
    ]
    in_order = sorted(types, key=lambda type_: FAMILY_TITLES.index(family_title(type_.family)))
    for title, of_family in groupby(in_order, key=lambda type_: family_title(type_.family)):
        listed = sorted(of_family, key=lambda type_: type_.superseded_by is not None)
        rows = [f"| [`{type_.id}`]({type_.id}.md) | {type_.name} | {_marks(type_)} |" for type_ in listed]
        current = (type_.id for type_ in listed if not type_.superseded_by)
        toctree = "\n".join(["```{toctree}", ":hidden:", "", *current, "```"])
        parts += [f"## {title}", _table(("report type", "title", ""), rows), toctree]
    return "\n\n".join(parts) + "\n"


def page_of(type_: ReportType) -> str:
    """Return the page of one report type."""
    parts = [_OLD if type_.superseded_by else _WIDE, f"# {type_.id}"]
    parts.append(f"**{type_.name}**, of the family *{family_title(type_.family)}*.")
    if type_.superseded_by:
        parts.append(f"A newer version is [`{type_.superseded_by}`]({type_.superseded_by}.md).")
    parts += _questions(type_)
    if type_.livemode_only:
        parts.append("Needs a live key: it has no test data.")
    if type_.notes:
        parts.append(_text(type_.notes))
    parts += ["## Parameters", _parameters(type_), "## Columns"]
    if not type_.columns:
        parts.append("The columns are not known: [their names say the types](../unknown_types.md).")
    else:
        if not type_.columns_complete:
            parts.append("The list may be incomplete.")
        rows = [_row(type_, column) for column in type_.columns]
        parts.append(_table(("column", "meaning", "type", "default"), rows))
    parts += ["## Source", f"{(type_.evidence or 'unknown').capitalize()}: <{type_.source}>."]
    return "\n\n".join(parts) + "\n"


def _questions(type_: ReportType) -> list[str]:
    asked = [purpose for purpose in purposes() if type_.base in purpose.report_types]
    if type_.superseded_by or not asked:
        return []
    return ["Answers:", "\n".join(f"- {purpose.question} {purpose.advice}" for purpose in asked)]


def _parameters(type_: ReportType) -> str:
    needed = ", ".join(f"`{name}`" for name in type_.required_parameters) or "none"
    other = ", ".join(f"`{name}`" for name in type_.optional_parameters) or "none"
    return f"Required: {needed}.\n\nOptional: {other}."


def _row(type_: ReportType, column: Column) -> str:
    default = "yes" if column.name in (type_.default_columns or ()) else ""
    dtype = _TIMES.get(column.kind) or repr(dtype_of(column, None))
    return f"| `{column.name}` | {_text(column.marked_description)} | `{dtype}` | {default} |"


def _marks(type_: ReportType) -> str:
    marks = ["live key"] if type_.livemode_only else []
    return ", ".join([*marks, "old version"] if type_.superseded_by else marks)


def _table(header: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(header)} |", "| --- " * len(header) + "|", *rows])


def _text(text: str) -> str:
    """Return a text of the catalogue as Markdown: it is not markup, and has no line ends."""
    for mark in "\\`*_[]<>|{}$":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())
