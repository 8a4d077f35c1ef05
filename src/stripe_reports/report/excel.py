"""Write an Excel workbook that needs no reformatting: exact figures, local times, and no formulas.

The rows are a table of Excel with a filter and a frozen header, in the formats of their currencies, ready to
print; totals by currency and the provenance have sheets of their own. Excel stores numbers with 15 digits, so
larger ones would be wrong, and its times have no zone.
Source: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Context, Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from stripe_reports import notices
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column
from stripe_reports.render.money import RATES, currency_column, minor_digits
from stripe_reports.render.printable import printable

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
    pl.Int64: "#,##0",
    pl.Date: "yyyy-mm-dd",
    pl.Datetime: "yyyy-mm-dd hh:mm:ss",
}
_TABLE_CELLS = 500_000
"""Maximum number of cells in a table of Excel, which XlsxWriter keeps in memory; more have only a filter."""
_LONGEST_NAME = 255
_NAMES, _VALUES = 24, 80
"""Width of the two columns of the sheet "About"; the names may need more."""

_LINE, _HIGHEST = 15, 409
"""Height of a line of text, and of the highest row of Excel, in points."""

_A4 = 9
_WIDTHS: dict[type[pl.DataType], int] = {pl.Decimal: 16, pl.Int64: 12, pl.Date: 12, pl.Datetime: 20}

_RATE = "0.0###########"

_Write = Callable[[int, Any, str], object]
"""Writes a value into its column of a row; an amount in the format of its currency."""


def write(
    rows: pl.LazyFrame,
    path: Path,
    *,
    about: Iterable[tuple[str, object]],
    sheet: str = "Report",
    totals: pl.DataFrame | None = None,
) -> int:
    """Write rows and the lines about them, and return the number of rows.

    Args:
        rows: The rows of the first sheet.
        path: Path of the workbook.
        about: Lines of the sheet "About", a name and a value each; the first is also on each printed page.
        sheet: Name of the first sheet.
        totals: Sums by currency, for the sheet "Totals"; None or no rows: there is none.

    Raises:
        ParameterError: More rows, columns or letters in a cell than Excel holds.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    schema = rows.collect_schema()
    height = int(rows.select(pl.len()).collect().item())
    _check_room(height, len(schema))
    about = [(name, value) for name, value in about if value not in (None, "")]
    options = {
        # Rows are written to a file beside the workbook at once, in a folder with mode 0700.
        "constant_memory": height * len(schema) > _TABLE_CELLS,
        "use_zip64": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        try:
            with Workbook(str(path), options | {"tmpdir": folder}) as workbook:
                title = str(about[0][1]) if about else ""
                as_text = _write_rows(workbook, sheet, rows, schema, height, title)
                if totals is not None and totals.height:
                    _write_rows(workbook, "Totals", totals.lazy(), totals.schema, totals.height, title)
                _write_about(workbook, about, schema, as_text, title)
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


def _write_rows(
    workbook: Workbook, name: str, rows: pl.LazyFrame, schema: pl.Schema, height: int, title: str
) -> Counter[str]:
    """Write the rows; return, by column, how many numbers became texts."""
    sheet = workbook.add_worksheet(name)
    _set_up_print(sheet, title)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    headers = [_header(column_, dtype) for column_, dtype in schema.items()]
    last = max(0, len(schema) - 1)
    if height and not workbook.constant_memory and _are_names_of_a_table(headers):
        columns = [{"header": header} for header in headers]
        look = {"columns": columns, "name": f"{name}_rows", "style": "Table Style Light 1"}
        sheet.add_table(0, 0, height, last, look)
    else:
        sheet.autofilter(0, 0, height, last)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})
    head, right = (
        _text_format(workbook, bold=True),
        _text_format(workbook, bold=True, align="right", indent=0),
    )
    longest = rows.head(200).select(pl.col(pl.String).str.len_chars().max()).collect()
    for number, (header, (column_, dtype)) in enumerate(zip(headers, schema.items(), strict=True)):
        typical = longest[column_].item() if dtype == pl.String else _WIDTHS.get(type(dtype))
        sheet.set_column(number, number, min(max(len(header), typical or 0) + 4, _WIDEST))
        _write_text(sheet, column_, right if dtype.is_numeric() else head, 0, number, header)
    as_text: Counter[str] = Counter()
    formats = _Formats(workbook)
    writers = [
        _writer(sheet, number, column_, dtype, formats, as_text)
        for number, (column_, dtype) in enumerate(schema.items())
    ]
    places = [_place_of_currency(column_, schema) for column_ in schema]
    naive = [
        column(name).dt.replace_time_zone(None) for name, dtype in schema.items() if dtype == pl.Datetime
    ]
    row = 0
    for batch in rows.with_columns(naive).collect_batches(chunk_size=_ROWS_AT_ONCE):
        for values in batch.iter_rows():
            row += 1
            for write_value, value, place in zip(writers, values, places, strict=True):
                if value is not None:
                    write_value(row, value, "" if place is None else values[place] or "")
    return as_text


def _header(name: str, dtype: pl.DataType) -> str:
    """Return the name of a column, of times with their zone: a cell of Excel has none."""
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    return f"{name} ({zone})" if zone else name


def _place_of_currency(name: str, schema: pl.Schema) -> int | None:
    """Return the position of the column with the currency of an amount."""
    beside = currency_column(name, schema) if schema[name].is_decimal() else None
    return None if beside is None or schema[beside] != pl.String else schema.names().index(beside)


def _are_names_of_a_table(names: list[str]) -> bool:
    """Return True if Excel accepts the names of columns: it ignores their case, and refuses repeated ones."""
    return len({name.casefold() for name in names}) == len(names) > 0 and all(
        name.isprintable() and name.strip() and len(name) <= _LONGEST_NAME for name in names
    )


def _set_up_print(sheet: Worksheet, title: str) -> None:
    """Print all columns on the width of one page, with the title on each page."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    shown = printable(title)[:100].replace("&", "&&")
    sheet.set_header(f"&L{shown}&R&A")
    sheet.set_footer("&L&F&RPage &P of &N")


class _Formats:
    """The formats of a workbook; each is created once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._numbers: dict[str, Format] = {}
        self.text = _text_format(workbook)

    def number(self, code: str) -> Format:
        """Return the format with that code."""
        if code not in self._numbers:
            look = {"align": "left"} if code in (_FORMATS[pl.Date], _FORMATS[pl.Datetime]) else {}
            self._numbers[code] = self._workbook.add_format({"num_format": code, "valign": "top", **look})
        return self._numbers[code]

    def money(self, amount: Decimal, currency: str) -> Format:
        """Return the format of an amount: the decimals of its currency, and more if it has more."""
        digits = minor_digits(currency)
        exponent = amount.normalize(_EXACT).as_tuple().exponent
        is_finer = isinstance(exponent, int) and -exponent > digits
        code = "#,##0" + ("." if digits or is_finer else "") + "0" * digits
        return self.number(code + "#" * (12 - digits) if is_finer else code)


_EXACT = Context(prec=38)


def _write_about(
    workbook: Workbook,
    lines: Iterable[tuple[str, object]],
    schema: pl.Schema,
    as_text: Counter[str],
    title: str,
) -> None:
    sheet = workbook.add_worksheet("About")
    _set_up_print(sheet, title)
    head, text = _text_format(workbook, bold=True, text_wrap=True), _text_format(workbook, text_wrap=True)
    zones = {
        name: dtype.time_zone or "no zone" for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)
    }
    said = [
        *lines,
        *(
            (f"times in {zone}", ", ".join(n for n in zones if zones[n] == zone))
            for zone in dict.fromkeys(zones.values())
        ),
    ]
    if as_text:
        said.append((f"over {_MOST_DIGITS} digits, as text", _counted(as_text)))
    sheet.set_column(0, 0, min(max([_NAMES, *(len(name) + 2 for name, _ in said)]), _WIDEST))
    sheet.set_column(1, 1, _VALUES)
    for number, (name, value) in enumerate(said):
        shown = str(value)[:_MOST_LETTERS]
        lines_of_text = max(len(name) // _WIDEST, len(shown) // _VALUES) + 1
        if lines_of_text > 1:  # a height that is not written is that of one line in some programs
            sheet.set_row(number, min(_LINE * lines_of_text, _HIGHEST))
        _write_text(sheet, name, head, number, 0, name)
        _write_text(sheet, name, text, number, 1, shown)


def _writer(
    sheet: Worksheet, column: int, name: str, dtype: pl.DataType, formats: _Formats, as_text: Counter[str]
) -> _Write:
    """Return the function that writes the values of a column."""

    def write_text(row: int, value: object, _: str = "") -> None:
        _write_text(sheet, name, formats.text, row, column, str(value))

    def write_number(row: int, value: Decimal | int, currency: str) -> None:
        if not fits(value):
            as_text[name] += 1
            write_text(row, f"{value:f}" if isinstance(value, Decimal) else value)
        elif isinstance(value, Decimal):
            style = formats.number(_RATE) if name in RATES else formats.money(value, currency)
            sheet.write_number(row, column, value, style)
        else:
            sheet.write_number(row, column, value, formats.number(_FORMATS[pl.Int64]))

    def write_time(row: int, value: date, _: str) -> None:
        if value.year >= _FIRST_YEAR:
            sheet.write_datetime(row, column, value, formats.number(_FORMATS[type(dtype)]))
        else:
            write_text(row, value)

    if dtype == pl.Boolean:
        return lambda row, value, _: sheet.write_boolean(row, column, value)
    if dtype in (pl.Date, pl.Datetime):
        return write_time
    if not isinstance(dtype, pl.Decimal | pl.Int64):
        return write_text
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


def _text_format(workbook: Workbook, **look: object) -> Format:
    # Both formats, so that a text is still a text after a user edited its cell.
    return workbook.add_format(
        {"num_format": "@", "quote_prefix": True, "valign": "top", "indent": 1, **look}
    )


def _counted(columns: Counter[str]) -> str:
    return ", ".join(f"{count:,} in {name}" for name, count in columns.items())
