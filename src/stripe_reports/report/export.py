"""Exports of reports: files written atomically, pandas, and all libraries that read Arrow."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Unpack

import polars as pl

from stripe_reports import notices
from stripe_reports.catalog.assumptions import text_is_no_money, unknown_columns
from stripe_reports.errors import MissingExtraError, ParameterError
from stripe_reports.models import Provenance, ReportRequest
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.notices import AdvisedWarning
from stripe_reports.parsing.columns import column
from stripe_reports.parsing.text_amounts import amounts_as_text
from stripe_reports.planning.intervals import Split
from stripe_reports.render.column_order import in_order_for_people
from stripe_reports.render.signature import spelled_out
from stripe_reports.report import excel
from stripe_reports.report.options import ChartOptions, TableOptions, check_options
from stripe_reports.storage.disk import written_whole

if TYPE_CHECKING:
    import pandas as pd

    from stripe_reports.charts.panels import Chart
    from stripe_reports.charts.source import Source
    from stripe_reports.charts.theme import Theme
    from stripe_reports.pages.printed_table import ReportTable

__all__ = ["Exports", "require", "write_csv", "writer_for"]

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

_STARTS_A_FORMULA = r"(^|[;\t\r\n])([=+\-@＝＋－＠])"
"""The places where a spreadsheet program may see a formula: the start of a cell, and after any character that
some programs take for its end (half of Europe separates by semicolons). Some also read Japan's wide signs.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

_STARTS_WITH_A_BREAK = r"^([\t\r\n])"


class Exports(ABC):
    """The methods that a report and a set of reports share: charts, tables, pages, files, other libraries."""

    __slots__ = ()

    request: ReportRequest

    @abstractmethod
    def scan(self) -> pl.LazyFrame:
        """The rows as a LazyFrame."""

    @abstractmethod
    def frame(self) -> pl.DataFrame:
        """The rows as a DataFrame."""

    @abstractmethod
    def _lines(self) -> list[tuple[str, object]]:
        """Return the lines of the second sheet, each a name and a value."""

    @abstractmethod
    def _write_parquet(self, path: Path) -> None:
        """Write the rows and their provenance."""

    @property
    @abstractmethod
    def _origins(self) -> tuple[Provenance | FileOrigin, ...]:
        """The provenance of the rows, one for each run or file."""

    @property
    @abstractmethod
    def _notes(self) -> tuple[str, ...]:
        """The assumptions about the columns, in sentences."""

    def _check_is_one(self) -> None:  # noqa: B027 - one report is one
        """Refuse to draw or print what is not one report.

        Raises:
            ParameterError: It has reports of several accounts.
        """

    @property
    def left_out_text(self) -> str | None:
        """A sentence that names the parts of the period that are not there; None if all are."""
        return None

    @property
    def _split(self) -> Split | None:
        """Return the period of each part, if it has parts."""
        return None

    @property
    def _chart_defaults(self) -> ChartOptions:
        """Return the options of a chart that it has by default, if its kind takes them."""
        return {}

    @property
    def _source(self) -> Source:
        from stripe_reports.charts.source import Source

        return Source(self.scan(), self.request, self._origins, self._notes, self._split, self.left_out_text)

    @property
    def schema(self) -> pl.Schema:
        """The columns and their polars types, from the stored file; no row is read."""
        return self.scan().collect_schema()

    if not TYPE_CHECKING:  # for a type checker, an unknown attribute stays an error

        def __getattr__(self, name: str) -> NoReturn:
            """Raise an error that says how to get the DataFrame with this attribute."""
            message = f"A {type(self).__name__} has no attribute {name!r}."
            if not name.startswith("_") and hasattr(pl.DataFrame, name):
                message += f" Its rows are a DataFrame by frame(): write report.frame().{name}."
            raise AttributeError(message, name=name, obj=self)

    def _warn_of_amounts_as_text(self, written: str) -> None:
        if names := amounts_as_text(self.scan(), unknown_columns(self._origins)):
            problem, remedy = text_is_no_money(names, f"{written} has no numbers there")
            notices.warn_once(AdvisedWarning(problem, remedy))

    @spelled_out(ChartOptions)
    def chart(
        self,
        kind: str | None = None,
        *,
        theme: Theme | None = None,
        linked: bool = False,
        **options: Unpack[ChartOptions],
    ) -> Chart:
        """Draw a chart that fits this type of report: an ordinary altair chart that needs no internet.

        Args:
            kind: One of ``report.chart_kinds()``; None for the first of them.
            theme: ``"light"`` or ``"dark"``; None for the colours of the page in a notebook, light in a file.
            linked: True if code shall be able to read the selection; for ``altair.JupyterChart``.
            **options: ``currency`` (one or several), ``every`` (``"day"``, ``"week"``, ``"month"``,
                ``"quarter"``, ``"year"``), ``top`` (number of groups with a name; the others are one group),
                ``by`` (the column that makes the groups), ``timezone``, ``volume`` (of fees by product),
                ``activity`` (of a balance: the report ``balance_change_from_activity.summary`` of its period,
                whose charges, refunds, disputes and fees are then the steps), ``title`` and ``subtitle``.
                Each chart accepts the options that apply to it.

        Raises:
            ParameterError: There is no such chart for this report's type and columns, or it has no such
                option; the message names those that it has.

        Example:
            >>> report = client.fetch("balance_change_from_activity.itemized", "2026-10")
            >>> report.chart("cumulated", currency="eur", theme="dark").save("october.png")
        """
        from stripe_reports.charts.choosing import chart_of, kinds_of, options_of

        self._check_is_one()
        source = self._source
        named = kind or next(iter(kinds_of(source)), None)
        valid = options_of(source, kind)
        check_options(options, valid, f"The chart {named!r}")
        defaults = {name: value for name, value in self._chart_defaults.items() if name in valid}
        return chart_of(source, kind, theme=theme, linked=linked, **(defaults | options))

    def chart_kinds(self) -> dict[str, str]:
        """Return the charts that this report can have: name and title; the first is the default."""
        from stripe_reports.charts.choosing import kinds_of

        self._check_is_one()
        return kinds_of(self._source)

    @spelled_out(TableOptions)
    def table(self, **options: Unpack[TableOptions]) -> ReportTable:
        """Return the report as a table to print, with a subtotal per currency; needs the extra ``tables``.

        A ``great_tables.GT``: restyle it as you like. ``save("october.html")`` writes a page to print.

        Args:
            **options: ``rows=100`` for the maximum number of rows shown (subtotals cover all rows),
                ``columns=[...]``, ``by="reporting_category"`` for sums instead of rows, ``title``.

        Raises:
            ParameterError: There is no such column or option.
            MissingExtraError: great_tables is not installed.
        """
        require("great_tables", extra="tables", purpose="A table to print")
        from stripe_reports.pages.printed_table import table_of

        check_options(options, TableOptions.__annotations__, "A table to print")
        self._check_is_one()
        return table_of(self._source, **options)

    def to_html(self, kind: str | None = None, *, rows: int = 100) -> str:
        """Return the report as one self-contained page: figures, chart, table, and provenance.

        Args:
            kind: Kind of the chart; None for the first of ``report.chart_kinds()``.
            rows: Maximum number of rows in the table.

        Raises:
            ParameterError: There is no such chart for this report's type and columns.
        """
        from stripe_reports.pages.report_page import page_of

        has_chart = kind is not None or self.chart_kinds()
        return page_of(self._source, self.chart(kind, subtitle=[]) if has_chart else None, rows=rows)

    def write_csv(self, path: str | os.PathLike[str]) -> int:
        """Write a CSV file that a spreadsheet program can open safely, and return the number of rows.

        Times stand as Stripe writes them, in the zone of their column. A text (or a column's name) that a
        spreadsheet program could run as a formula gets an apostrophe before the sign that begins it; Parquet
        keeps every text as it is. The file has mode 0600, and replaces an existing one.

        Raises:
            StoreError: The file cannot be written, or the stored result is gone.
        """
        self._warn_of_amounts_as_text("the CSV file")
        return write_csv(self.scan(), path)

    def write_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write a Parquet file with all types and the provenance, and return the number of rows.

        The file has mode 0600, and replaces an existing one.

        Raises:
            StoreError: The file cannot be written, or the stored result is gone.
        """
        self._warn_of_amounts_as_text("the Parquet file")
        rows = self.scan()
        with written_whole(path) as temporary:
            self._write_parquet(temporary)
        return _height(rows)

    def write_excel(self, path: str | os.PathLike[str]) -> int:
        """Write an Excel workbook, and return the number of rows. Needs the extra ``excel``.

        The rows are a table with a filter and a frozen header, ready to print; the sheet "Totals" sums them
        by currency, and "About" has run, interval and hash. Amounts are numbers in the format of their
        currency; Excel keeps 15 digits, so a number with more becomes a text, and a warning says so. Excel
        has no time zones: local times are written, and the header names their zone. Texts stay texts: none
        becomes a number, a link or a formula. Many rows are read and written in batches of some thousand,
        with a filter but without the table.

        Raises:
            MissingExtraError: XlsxWriter is not installed.
            ParameterError: More rows, columns or letters in a cell than Excel holds.
            StoreError: The file cannot be written, or the stored result is gone.
        """
        require("xlsxwriter", extra="excel", purpose="write_excel")
        self._warn_of_amounts_as_text("the workbook")
        from stripe_reports.pages.cells import not_counted_text, totals_of

        shown = self.scan().select(map(column, in_order_for_people(self.schema)))
        source = self._source
        counted = source.counted
        totals = totals_of(source.rows, counted=counted)
        uncounted = None if totals is None else not_counted_text(source.rows, counted)
        about = [*self._lines(), ("totals", uncounted)]
        with written_whole(path) as temporary:
            return excel.write(shown, temporary, about=about, totals=totals)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame, exactly. Needs the extra ``pandas``.

        Every column keeps its type, as pandas' Arrow types: money is ``decimal128(38, 6)``, never a float,
        times are ``timestamp[us, tz=…]`` with their zone, whole numbers stay whole, an empty cell is NA.

        Raises:
            MissingExtraError: pandas or pyarrow is not installed.
            StoreError: The stored result is gone.
        """
        for module in ("pandas", "pyarrow"):
            require(module, extra="pandas", purpose="to_pandas")
        return self.frame().to_pandas(use_pyarrow_extension_array=True)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that reads Arrow: ``pyarrow.table(report)``, ``duckdb.sql("… report")``.

        They are then in memory. DuckDB, Dask and others read files larger than that from ``path``.

        Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
        """
        return self.frame().__arrow_c_stream__(requested_schema)


def write_csv(rows: pl.LazyFrame, path: str | os.PathLike[str]) -> int:
    """Write rows as ``Exports.write_csv`` does, and return their number."""
    schema = rows.collect_schema()
    texts = [column(name) for name, dtype in schema.items() if dtype == pl.String]
    with written_whole(path) as temporary, temporary.open("wb") as file:
        file.write(_header(schema.names()))
        file.flush()
        rows.with_columns(_harmless(text) for text in texts).sink_csv(
            file, include_header=False, datetime_format=_TIME_FORMAT
        )
    return _height(rows)


def writer_for(path: Path) -> Callable[[Exports], int]:
    """Return the function that writes a file with that ending: CSV, Parquet or Excel.

    Raises:
        ParameterError: Another ending.
        MissingExtraError: The library that writes it is not installed.
    """
    match path.suffix.lower():
        case ".csv":
            return lambda rows: rows.write_csv(path)
        case ".parquet":
            return lambda rows: rows.write_parquet(path)
        case ".xlsx":
            require("xlsxwriter", extra="excel", purpose=f"Writing {path.name}")
            return lambda rows: rows.write_excel(path)
        case _:
            raise ParameterError(
                f"{path} is neither a .csv nor a .parquet nor an .xlsx file. Give it a name that ends so.",
                param="output",
            )


def require(module: str, *, extra: str, purpose: str) -> None:
    """Check that an optional package is installed; the sentence of the error starts with *purpose*.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed. "
            f"Install it with: pip install 'stripe-reports[{extra}]'"
        ) from None


def _harmless(text: pl.Expr) -> pl.Expr:
    """Return the text with an apostrophe before every sign that starts a formula."""
    return text.str.replace_all(_STARTS_A_FORMULA, "$1'$2").str.replace(_STARTS_WITH_A_BREAK, "'$1")


def _header(names: list[str]) -> bytes:
    """Return the header line. Names of columns come from outside too: a metadata key can be any text."""
    harmless = pl.DataFrame({"name": names}, schema={"name": pl.String}).select(_harmless(pl.col("name")))
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(harmless["name"])
    return line.getvalue().encode()


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())
