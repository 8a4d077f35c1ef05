"""Write an Excel workbook row by row: exact figures, local times, and no formulas.

Excel stores numbers with 15 digits, so larger ones would be wrong, and its times have no zone.

Source: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from stripe_reports import notices
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = ["MOST_ROWS", "write"]

MOST_ROWS = 1_048_576
"""Maximum rows per sheet, including the header."""

_MOST_COLUMNS = 16_384
_MOST_LETTERS = 32_767
_MOST_DIGITS = 15
_FIRST_YEAR = 1900

_ROWS_AT_ONCE = 10_000
_WIDEST = 50
_FORMATS: dict[type[pl.DataType], str] = {
    pl.Decimal: "#,##0.00##########",
    pl.Int64: "0",
    pl.Date: "yyyy-mm-dd",
    pl.Datetime: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS: dict[type[pl.DataType], int] = {pl.Decimal: 16, pl.Int64: 12, pl.Date: 12, pl.Datetime: 20}

_Write = Callable[[int, Any], object]
"""Writes a value into its column of a row."""


def write(rows: pl.LazyFrame, path: Path, *, about: Iterable[tuple[str, object]]) -> int:
    """Write rows and the lines about them, and return the number of rows.

    Args:
        rows: The sheet "Report".
        path: Path of the workbook.
        about: Lines of the sheet "About", a name and a value each.

    Raises:
        ParameterError: More rows, columns or letters in a cell than Excel holds.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    schema = rows.collect_schema()
    height = int(rows.select(pl.len()).collect().item())
    _check_room(height, len(schema))
    options = {
        # Rows are written to a file beside the workbook at once, in a folder with mode 0700.
        "constant_memory": True,
        "use_zip64": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        try:
            with Workbook(str(path), options | {"tmpdir": folder}) as workbook:
                as_text = _write_report(workbook, rows, schema, height)
                _write_about(workbook, about, schema, as_text)
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from error
    if as_text:
        notices.warn(
            f"Excel keeps {_MOST_DIGITS} digits of a number. {as_text.total():,} with more were written as "
            f"text, exactly, and no sum in Excel counts them: {_counted(as_text)}."
        )
    return height


def _check_room(height: int, width: int) -> None:
    if height >= MOST_ROWS:
        raise ParameterError(
            f"A sheet of Excel holds {MOST_ROWS:,} rows with its header; this has {height:,} without. "
            "Write CSV or Parquet, or take a shorter interval or one currency."
        )
    if width > _MOST_COLUMNS:
        raise ParameterError(
            f"A sheet of Excel holds {_MOST_COLUMNS:,} columns; this has {width:,}. Ask for fewer columns."
        )


def _write_report(workbook: Workbook, rows: pl.LazyFrame, schema: pl.Schema, height: int) -> Counter[str]:
    """Write the rows; return, by column, how many numbers became texts."""
    sheet = workbook.add_worksheet("Report")
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, height, max(0, len(schema) - 1))
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})
    head, text = _text_format(workbook, bold=True), _text_format(workbook)
    longest = rows.head(200).select(pl.col(pl.String).str.len_chars().max()).collect()
    for number, (name, dtype) in enumerate(schema.items()):
        typical = longest[name].item() if dtype == pl.String else _WIDTHS.get(type(dtype))
        sheet.set_column(number, number, min(max(len(name), typical or 0) + 2, _WIDEST))
    for number, name in enumerate(schema):
        _write_text(sheet, name, head, 0, number, name)
    as_text: Counter[str] = Counter()
    writers = [
        _writer(sheet, number, name, dtype, workbook, text, as_text)
        for number, (name, dtype) in enumerate(schema.items())
    ]
    naive = [
        column(name).dt.replace_time_zone(None) for name, dtype in schema.items() if dtype == pl.Datetime
    ]
    row = 0
    for batch in rows.with_columns(naive).collect_batches(chunk_size=_ROWS_AT_ONCE):
        for values in batch.iter_rows():
            row += 1
            for write_value, value in zip(writers, values, strict=True):
                if value is not None:
                    write_value(row, value)
    return as_text


def _write_about(
    workbook: Workbook, lines: Iterable[tuple[str, object]], schema: pl.Schema, as_text: Counter[str]
) -> None:
    sheet = workbook.add_worksheet("About")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    head, text = _text_format(workbook, bold=True), _text_format(workbook)
    zones = {
        name: dtype.time_zone or "no zone" for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)
    }
    said = [
        *((name, value) for name, value in lines if value not in (None, "")),
        *(
            (f"times in {zone}", ", ".join(n for n in zones if zones[n] == zone))
            for zone in dict.fromkeys(zones.values())
        ),
    ]
    if as_text:
        said.append((f"over {_MOST_DIGITS} digits, as text", _counted(as_text)))
    for number, (name, value) in enumerate(said):
        _write_text(sheet, name, head, number, 0, name)
        _write_text(sheet, name, text, number, 1, str(value)[:_MOST_LETTERS])


def _writer(
    sheet: Worksheet,
    column: int,
    name: str,
    dtype: pl.DataType,
    workbook: Workbook,
    text: Format,
    as_text: Counter[str],
) -> _Write:
    """Return the function that writes the values of a column."""

    def write_text(row: int, value: object) -> None:
        _write_text(sheet, name, text, row, column, str(value))

    def write_number(row: int, value: Decimal | int) -> None:
        if fits(value):
            sheet.write_number(row, column, value, style)
        else:
            as_text[name] += 1
            write_text(row, f"{value:f}" if isinstance(value, Decimal) else value)

    def write_time(row: int, value: date) -> None:
        if value.year >= _FIRST_YEAR:
            sheet.write_datetime(row, column, value, style)
        else:
            write_text(row, value)

    if dtype == pl.Boolean:
        return lambda row, value: sheet.write_boolean(row, column, value)
    if type(dtype) not in _FORMATS:
        return write_text
    style = workbook.add_format({"num_format": _FORMATS[type(dtype)]})
    if dtype in (pl.Date, pl.Datetime):
        return write_time
    scale = dtype.scale if isinstance(dtype, pl.Decimal) else 0
    fits = partial(_fits, surely_below=10 ** (_MOST_DIGITS - scale))
    return write_number


def _fits(value: Decimal | int, *, surely_below: int) -> bool:
    """Return True if Excel can store the number exactly: at most 15 digits, without zeros at both ends."""
    if -surely_below < value < surely_below:
        return True
    return len("".join(map(str, Decimal(value).as_tuple().digits)).strip("0")) <= _MOST_DIGITS


def _write_text(sheet: Worksheet, name: str, style: Format, row: int, column: int, text: str) -> None:
    """Write a text that Excel keeps as text."""
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter would take it for its own markup, and write it unescaped.
        sheet.write_rich_string(row, column, style, text[:1], text[1:], style)
    elif sheet.write_string(row, column, text, style):
        raise ParameterError(
            f"A cell of Excel holds {_MOST_LETTERS:,} letters; row {row:,} of column {name} has more. "
            "Write CSV or Parquet, or leave the column out.",
            param="columns",
        )


def _text_format(workbook: Workbook, *, bold: bool = False) -> Format:
    # Both formats, so that a text is still a text after a user edited its cell.
    return workbook.add_format({"num_format": "@", "quote_prefix": True, "bold": bold})


def _counted(columns: Counter[str]) -> str:
    return ", ".join(f"{count:,} in {name}" for name, count in columns.items())
