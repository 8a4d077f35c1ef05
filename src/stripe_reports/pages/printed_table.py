"""A report as a table to print: a ``great_tables.GT``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from great_tables import GT, loc, style

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.charts.choosing import subtitle_of, title_of
from stripe_reports.charts.source import Source
from stripe_reports.errors import ParameterError
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.pages.cells import cells_of
from stripe_reports.parsing.text_amounts import amounts_as_text
from stripe_reports.storage.disk import written_whole

__all__ = ["ReportTable", "table_of", "table_of_frame"]

_GROUP = "\N{ZERO WIDTH SPACE}currency"
"""A name that no shown column can have."""


class ReportTable(GT):
    """A ``great_tables.GT`` that is saved without a browser, with mode 0600."""

    def save(self, file: Path | str, **_: Any) -> ReportTable:  # type: ignore[override]
        """Write the table as an HTML page: atomically, mode 0600, replacing an existing file.

        For a picture or a PDF, open the page in a browser and print it.

        Args:
            file: Path of the file; its name ends in ``.html``.

        Raises:
            ParameterError: The name does not end in ``.html``.
            StoreError: The file cannot be written.
        """
        path = Path(file)
        if path.suffix.lower() != ".html":
            raise ParameterError(
                f"A table is saved as .html, not as {path.name!r}. For a picture or a PDF, save it as .html "
                "and print it from a browser.",
                param="file",
            )
        with written_whole(path) as temporary:
            temporary.write_text(self.as_raw_html(make_page=True), "utf-8")
        return self

    def write_raw_html(self, filename: Path | str, *args: Any, **options: Any) -> None:
        """Write great_tables' own HTML to a file with mode 0600.

        Raises:
            StoreError: The file cannot be written.
        """
        with written_whole(filename) as temporary:
            super().write_raw_html(temporary, *args, **options)


def table_of(
    of: Source,
    *,
    rows: int = 100,
    columns: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    title: str | None = None,
) -> ReportTable:
    """Return a report's rows or totals by currency, with report and period in the heading.

    Args:
        of: The report to print.
        rows: Maximum number of rows to show; subtotals cover all rows.
        columns: Columns to show, in order; None for all.
        by: One column or several: show the totals of their values instead of rows.
        title: Title of the table; None for the name of the report.

    Raises:
        ParameterError: There is no such column, or the totals would leave out amounts that are text.
    """
    if by is not None and (texts := amounts_as_text(of.rows, of.unknown)):
        problem, remedy = text_is_no_money(texts, "it cannot be added up")
        raise ParameterError(problem, param="by", remedy=remedy)
    return table_of_frame(
        of.rows,
        rows=rows,
        columns=columns,
        by=by,
        title=title or title_of(of.request),
        subtitle=" · ".join(subtitle_of(of, named=False)),
        source=_origins_text(of),
        counted=of.counted,
    )


def _origins_text(of: Source) -> str:
    first, last, more = of.origins[0], of.origins[-1], len(of.origins) - 1
    if isinstance(first, FileOrigin) or isinstance(last, FileOrigin):
        return f"File {', '.join(each.name for each in of.origins if isinstance(each, FileOrigin))}"
    runs = f", and {more} more to run {last.run.id}" if more else ""
    return f"Run {first.run.id}, file {first.sha256[:12]}{runs}"


def table_of_frame(
    frame: pl.DataFrame | pl.LazyFrame,
    *,
    rows: int = 100,
    columns: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    source: str | None = None,
    counted: pl.LazyFrame | None = None,
) -> ReportTable:
    """Return the table of any frame, such as one from ``sr.read_csv``; see ``table_of``."""
    cells = cells_of(frame, rows=rows, columns=columns, by=by, counted=counted)
    texts: list[dict[str, str]] = []
    totals: list[int] = []
    names = [f"{n}" for n in range(len(cells.header))]
    for part in cells.parts:
        for row in [*part.rows, *([part.total] if part.total else [])]:
            if row is part.total:
                totals.append(len(texts))
            texts.append(dict(zip(names, row, strict=True)) | {_GROUP: part.currency or ""})
    grouped = any(part.currency for part in cells.parts)
    schema = dict.fromkeys([*names, *([_GROUP] if grouped else [])], pl.String)
    table = ReportTable(pl.DataFrame(texts, schema=schema), groupname_col=_GROUP if grouped else None)
    table = table.cols_label(dict(zip(names, cells.header, strict=True)))
    table = table.cols_align("left", names).cols_align("right", [names[n] for n in sorted(cells.numeric)])
    if totals:
        table = table.tab_style([style.text(weight="bold")], loc.body(rows=totals))
    if title:
        table = table.tab_header(title=title, subtitle=subtitle)
    for line in (cells.note, source):
        table = table.tab_source_note(line) if line else table
    return table.tab_options(table_font_size="13px", data_row_padding="4px")
