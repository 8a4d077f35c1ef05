"""A report as one self-contained page: totals, chart, table, and provenance."""

from __future__ import annotations

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.charts.choosing import subtitle_of, title_of
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.source import Source
from stripe_reports.models import Provenance
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.pages import page as pages
from stripe_reports.pages.cells import Cells, cells_of
from stripe_reports.parsing.text_amounts import amounts_as_text

__all__ = ["page_of", "provenance_of", "table_of_cells"]


def page_of(source: Source, chart: Chart | None = None, *, rows: int = 100) -> str:
    """Return the page; it loads nothing, runs nothing, and is light or dark like the reader's system.

    Args:
        source: The report to show.
        chart: Its chart; None for a page without one.
        rows: Maximum number of rows in the table; the totals cover all rows.
    """
    parts = []
    figures = _figures(source)
    if figures:
        if texts := amounts_as_text(source.rows, source.unknown):
            problem, remedy = text_is_no_money(texts, "it is in no total")
            figures = pages.Html(figures + pages.note(f"{problem} {remedy.for_python}"))
        parts.append(pages.section("Figures", figures))
    if chart is not None:
        parts.append(pages.section("Chart", pages.figure(chart)))
    parts.append(
        pages.section("Rows", table_of_cells(cells_of(source.rows, rows=rows, counted=source.counted)))
    )
    parts.append(pages.section("Provenance", provenance_of(source)))
    return pages.page(title_of(source.request), *parts, subtitle=subtitle_of(source, named=False))


def _figures(source: Source) -> pages.Html | None:
    """Return the totals by currency and category; None if the rows are totals, or have no amounts."""
    columns = source.columns
    key = next((name for name in ("reporting_category", "product", "country_code") if name in columns), None)
    if key is None or "count" in columns:
        return None
    return table_of_cells(cells_of(source.rows, by=key, rows=1000, counted=source.counted))


def table_of_cells(cells: Cells) -> pages.Html:
    """Return a table for a page, with a heading and a subtotal for each currency."""
    rows: list[list[str]] = []
    totals, headings = [], []
    for part in cells.parts:
        if part.currency:
            headings.append(len(rows))
            rows.append([part.currency])
        rows.extend(map(list, part.rows))
        if part.total:
            totals.append(len(rows))
            rows.append(list(part.total))
    if not rows:
        return pages.note("The report has no rows.")
    table = pages.table(cells.header, rows, numeric=cells.numeric, strong=totals, headings=headings)
    return pages.Html(table + pages.note(cells.note)) if cells.note else table


def provenance_of(source: Source) -> pages.Html:
    """Return the provenance: account, request, run, times, and the SHA-256 of Stripe's file."""
    facts = [_facts(source, origin) for origin in source.origins]
    first, *others = facts
    same = {name: value for name, value in first.items() if all(each[name] == value for each in others)}
    differing = [name for name in first if name not in same]
    shared = pages.facts(same)
    if not differing:
        return shared
    rows = [[str(each[name] or "") for name in differing] for each in facts]
    return pages.Html(shared + pages.table(differing, rows))


def _facts(source: Source, known: Provenance | FileOrigin) -> dict[str, object]:
    if isinstance(known, FileOrigin):
        return {
            "Report type": source.request.report_type,
            "File": known.name,
            "Size": f"{known.size:,} bytes",
            "SHA-256": known.sha256,
            "Assumed": " ".join(source.notes) or None,
        }
    return {
        "Report type": known.run.report_type,
        "Request": repr(source.request),
        "Run": known.run.id,
        "Run created": f"{known.run.created:%Y-%m-%d %H:%M:%S} UTC",
        "Data as of": f"{known.as_of:%Y-%m-%d %H:%M:%S} UTC",
        "Fetched": f"{known.fetched_at:%Y-%m-%d %H:%M:%S} UTC",
        "Mode": "live" if known.livemode else "test",
        "Account": known.account,
        "File": known.run.file.id if known.run.file else None,
        "Size": f"{known.size:,} bytes",
        "SHA-256": known.sha256,
        "API version": known.api_version,
        "Assumed": " ".join(source.notes) or None,
        "Made with": f"stripe-reports {known.package_version}",
    }
