"""Exports of reports: nothing is lost, and no cell runs as a formula."""

import csv
import io
import re
import stat
import sys
import tempfile
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stripe_reports import ReportRequest, cli, errors
from stripe_reports.report import excel
from stripe_reports.report.export import Exports, writer_for

MONEY = pl.Decimal(38, 6)
TYPE = "balance_change_from_activity.itemized.3"
COLUMNS = ["created", "created_utc", "currency", "gross", "net", "description", "customer_name"]

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
"""What no cell of a CSV file may begin with, unless it is a number."""

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from([*"=+-@;,\t\r\n'\"＝<r>1+", "a", " "]), max_size=12).map("".join),
    st.sampled_from(
        [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "a;=1+1;b",
            "one\n=2",
            "<script>alert(1)</script>",
            "<r><t>x</t></r>",
            "<r></r>",
            "https://example.com",
            "0042",
            "1E5",
            "TRUE",
            "_x0041_",
            "\x00\x07",
            " blanks ",
            "a\r\nb",
            "𝔘😀",
            "{=1}",
        ]
    ),
)


class Rows(Exports):
    """Any frame, exported as a report is."""

    def __init__(self, frame):
        self._frame = frame

    def scan(self):
        return self._frame.lazy()

    def frame(self):
        return self._frame

    _origins = _notes = ()
    request = ReportRequest(TYPE)

    def _lines(self):
        return [("report type", "=1+1")]

    def _write_parquet(self, path):
        self._frame.write_parquet(path)


@pytest.fixture
def report(client):
    """With hostile descriptions, local times and UTC ones, and metadata."""
    columns = [*COLUMNS, "payment_metadata[order_id]"]
    return client.fetch(TYPE, "2026-Q3", columns=columns, timezone="Europe/Paris")


def text_column(values):
    return pl.DataFrame({"text": pl.Series(values, dtype=pl.String)})


def written(rows, way, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        getattr(Rows(rows), way)(path)
        return path.read_bytes()


def csv_cells(rows):
    return list(csv.reader(io.StringIO(written(rows, "write_csv", ".csv").decode(), newline="")))


def workbook(rows):
    return openpyxl.load_workbook(io.BytesIO(written(rows, "write_excel", ".xlsx")))


def sheet_of(path):
    return openpyxl.load_workbook(path)["Report"]


class TestPandas:
    def test_every_column_keeps_its_type(self, report):
        """Decimals are decimals and times have their zone; no column becomes a float."""
        table = report.to_pandas()
        assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
            "created": "timestamp[us, tz=Europe/Paris][pyarrow]",
            "created_utc": "timestamp[us, tz=UTC][pyarrow]",
            "currency": "large_string[pyarrow]",
            "gross": "decimal128(38, 6)[pyarrow]",
            "net": "decimal128(38, 6)[pyarrow]",
            "description": "large_string[pyarrow]",
            "customer_name": "large_string[pyarrow]",
            "payment_metadata[order_id]": "large_string[pyarrow]",
        }

    def test_converted_back_to_polars_the_frame_is_identical(self, report):
        """Nulls, zones and digits."""
        back = pl.from_pandas(report.to_pandas())
        assert_frame_equal(back, report.frame())

    def test_sums_stay_exact(self, report):
        """pandas adds Arrow decimals as decimals."""
        frame, table = report.frame(), report.to_pandas()
        for (currency,), rows in frame.group_by("currency"):
            assert table[table["currency"] == currency]["net"].sum() == rows["net"].sum()

    @given(st.lists(st.decimals(-(10**32) + 1, 10**32 - 1, places=6) | st.none(), max_size=9))
    def test_money_of_any_size_is_exact(self, amounts):
        """Thirty-two digits and six decimals."""
        rows = pl.DataFrame({"net": pl.Series(amounts, dtype=MONEY)})
        assert [None if x is pd.NA else x for x in Rows(rows).to_pandas()["net"]] == amounts

    def test_an_empty_report_keeps_its_types(self, report):
        """A month without sales."""
        assert (Rows(report.frame().clear()).to_pandas().dtypes == report.to_pandas().dtypes).all()


class TestArrow:
    def test_any_library_with_arrow_support_reads_a_report(self, report):
        """pyarrow, pandas, DuckDB and polars itself, without code of ours."""
        table = pa.table(report)
        assert table.schema.field("net").type == pa.decimal128(38, 6)
        assert table.schema.field("created").type == pa.timestamp("us", "Europe/Paris")
        assert_frame_equal(pl.from_arrow(table), report.frame())
        assert_frame_equal(pl.DataFrame(report), report.frame())
        if hasattr(pd.DataFrame, "from_arrow"):  # since pandas 3
            assert pd.DataFrame.from_arrow(report)["net"].tolist() == report.frame()["net"].to_list()

    def test_duckdb_reads_a_report_by_its_name(self, report):
        """Decimals are still decimals there."""
        found = duckdb.sql("select currency, sum(net) as net from report group by currency order by currency")
        expected = report.frame().group_by("currency").agg(pl.col("net").sum()).sort("currency")
        assert found.types == ["VARCHAR", "DECIMAL(38,6)"]
        assert found.fetchall() == expected.rows()

    def test_duckdb_reads_the_parquet_file_itself(self, report):
        """Larger than memory, if need be."""
        found = duckdb.sql(f"select * from '{report.path}'")  # noqa: S608
        assert dict(zip(found.columns, map(str, found.types), strict=True))["net"] == "DECIMAL(38,6)"
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            asked = f"select created_utc, net, description from '{report.path}'"  # noqa: S608
            rows = connection.sql(asked).fetchall()
        assert rows == report.frame().select("created_utc", "net", "description").rows()


class TestCsv:
    def test_figures_and_times_are_written_exactly(self, report, tmp_path):
        """In the zone of their column."""
        assert report.write_csv(tmp_path / "x.csv") == report.frame().height
        read = pl.read_csv(tmp_path / "x.csv", infer_schema=False)
        frame = report.frame()
        assert read.columns == frame.columns
        assert read["net"].cast(MONEY).to_list() == frame["net"].to_list()
        times = frame["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
        assert read["created"].to_list() == times.to_list()

    @given(st.lists(texts, min_size=1, max_size=6))
    def test_no_cell_starts_a_formula_and_nothing_else_changes(self, values):
        """Except for the apostrophes, every text is read back unchanged."""
        cells = [row[0] for row in csv_cells(text_column(values))[1:] if row]
        assert not any(FORMULA.match(cell) for cell in cells)
        kept = [value for value in values if value != ""]
        assert [cell.replace("'", "") for cell in cells if cell] == [v.replace("'", "") for v in kept if v]

    @given(st.lists(texts, min_size=1, max_size=4))
    def test_no_cell_starts_a_formula_after_a_semicolon_or_tab(self, values):
        """In half of Europe, Excel splits the lines of a CSV file at semicolons."""
        for row in csv_cells(text_column(values))[1:]:
            for cell in re.split(r"[;\t\r\n]", row[0] if row else ""):
                assert not re.match(r"[=+\-@＝＋－＠]", cell)

    @pytest.mark.parametrize("name", ["=1+1", "payment_metadata[a;=1]", "@x", 'say "so"', "two\nlines"])
    def test_no_column_name_starts_a_formula(self, name):
        """A metadata key can be any text."""
        ((cell,), *_) = csv_cells(pl.DataFrame({name: ["x"]}))
        assert not FORMULA.match(cell)
        assert ";=" not in cell
        assert cell.replace("'", "") == name

    def test_a_negative_figure_is_not_a_formula(self):
        """Numbers are unchanged."""
        rows = pl.DataFrame({"net": pl.Series([Decimal("-1.5")], dtype=MONEY)})
        assert csv_cells(rows)[1] == ["-1.500000"]

    def test_an_empty_report_has_its_header(self):
        """And nothing else."""
        assert csv_cells(text_column([])) == [["text"]]


class TestParquet:
    def test_the_parquet_file_is_the_stored_file_with_its_provenance(self, report, tmp_path):
        """Byte by byte."""
        report.write_parquet(tmp_path / "x.parquet")
        assert (tmp_path / "x.parquet").read_bytes() == report.path.read_bytes()


class TestExcel:
    def test_a_workbook_is_read_back_unchanged(self, report, tmp_path):
        """Figures to the last digit, times as they read in their zone, texts unchanged."""
        assert report.write_excel(tmp_path / "x.xlsx") == report.frame().height
        header, *rows = sheet_of(tmp_path / "x.xlsx").iter_rows(values_only=True)
        frame = report.frame()
        zones = {"created": "created (Europe/Paris)", "created_utc": "created_utc (UTC)"}
        assert list(header) == [zones.get(name, name) for name in frame.columns]
        expected = frame.with_columns(pl.col("created", "created_utc").dt.replace_time_zone(None))
        for found, wanted in zip(rows, expected.iter_rows(), strict=True):
            assert [read_back(cell) for cell in found] == list(wanted)

    def test_columns_have_formats_by_type(self, report, tmp_path):
        """Money, times and text are displayed as such."""
        report.write_excel(tmp_path / "x.xlsx")
        row = dict(zip(report.frame().columns, next(sheet_of(tmp_path / "x.xlsx").iter_rows(2)), strict=True))
        assert row["net"].number_format == "#,##0.00"
        assert row["created"].number_format == "yyyy-mm-dd hh:mm:ss"
        assert row["created"].is_date
        assert row["currency"].number_format == "@"

    def test_an_amount_has_the_decimals_of_its_currency_and_never_fewer_than_it_has(self):
        """Yen have none and dinars three; a fee of a fraction of a cent shows all of it."""
        amounts = {"jpy": "1500", "kwd": "1.5", "eur": "1176.46", "usd": "0.005991", "vnd": "0.5"}
        rows = pl.DataFrame(
            {
                "currency": list(amounts),
                "net": pl.Series(map(Decimal, amounts.values()), dtype=MONEY),
                "tax_rate": pl.Series([Decimal("0.2")] * 5, dtype=MONEY),
            }
        )
        sheet = workbook(rows)["Report"]
        assert [row[1].number_format for row in sheet.iter_rows(2)] == [
            *("#,##0", "#,##0.000", "#,##0.00", "#,##0.00##########", "#,##0.############"),
        ]
        assert sheet["C2"].number_format == "0.0###########", "a rate is no amount"

    def test_the_rows_are_a_table_with_a_filter_ready_to_print(self, report, tmp_path):
        """Nobody should have to format a report before it can be used."""
        report.write_excel(tmp_path / "x.xlsx")
        sheet = sheet_of(tmp_path / "x.xlsx")
        table = sheet.tables["Report_rows"]
        last = report.frame().height + 1
        assert table.ref == f"A1:H{last}"
        assert table.autoFilter.ref == table.ref
        assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[1]]
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, "to the width of one page"
        assert sheet.page_setup.fitToHeight == 0
        assert TYPE in sheet.oddHeader.left.text

    def test_totals_are_exact_and_by_currency(self, report, tmp_path):
        """Amounts of different currencies are never added up."""
        report.write_excel(tmp_path / "x.xlsx")
        header, *found = openpyxl.load_workbook(tmp_path / "x.xlsx")["Totals"].iter_rows(values_only=True)
        assert header == ("currency", "rows", "gross", "net")
        sums = report.frame().group_by("currency").agg(pl.len(), pl.col("gross", "net").sum())
        assert {row[0]: [read_back(cell) for cell in row[1:]] for row in found} == {
            row[0]: list(row[1:]) for row in sums.iter_rows()
        }

    @pytest.mark.parametrize("names", [["Net", "net"], ["a", " "], ["a", "b\nc"], ["x" * 256]])
    def test_names_that_a_table_cannot_have_get_a_filter_alone(self, names):
        """Excel would repair the file, and rename them."""
        sheet = workbook(pl.DataFrame({name: ["1"] for name in names}))["Report"]
        assert not sheet.tables
        assert sheet.auto_filter.ref

    def test_the_second_sheet_has_the_provenance_and_the_time_zones(self, report, tmp_path):
        """A cell of Excel cannot have a time zone."""
        report.write_excel(tmp_path / "x.xlsx")
        about = dict(openpyxl.load_workbook(tmp_path / "x.xlsx")["About"].iter_rows(values_only=True))
        assert about["report type"] == TYPE
        assert about["run"] == report.run.id
        assert about["SHA-256"] == report.provenance.sha256
        assert about["times in Europe/Paris"] == "created"
        assert about["times in UTC"] == "created_utc"
        assert "2026-10-01T00:00:00+02:00, not included" in about.values()

    @given(st.lists(texts, min_size=1, max_size=6), st.booleans())
    def test_every_text_stays_the_same_text(self, values, is_table):
        """No number, no link, no formula, and nothing that breaks the file; also after a cell was edited."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(excel, "_TABLE_CELLS", 10 if is_table else 0)
            book = workbook(text_column(values))
        cells = [row[0] for row in book["Report"].iter_rows(2, 1 + len(values))]
        for cell, value in zip(cells, values, strict=True):
            assert cell.data_type in ("s", "inlineStr", "n" if cell.value is None else "s")
            assert cell.hyperlink is None
            assert cell.quotePrefix
            if is_table:  # openpyxl itself undoes one escape of a text that is stored once for all cells
                value = unescaped(value.replace("x005F_", ""))
            assert unescaped(cell.value or "") == value
        assert b"<f>" not in xml(book)

    def test_no_column_name_and_no_line_of_the_second_sheet_is_a_formula(self):
        """Nothing that comes from outside is."""
        book = workbook(pl.DataFrame({"=1+1": ["x"]}))
        assert (book["Report"]["A1"].value, book["Report"]["A1"].data_type) == ("=1+1", "s")
        assert (book["About"]["B1"].value, book["About"]["B1"].data_type) == ("=1+1", "s")

    @given(st.lists(st.decimals(-(10**9) + 1, 10**9 - 1, places=6), min_size=1, max_size=9))
    def test_figures_of_fifteen_digits_are_numbers_and_exact(self, amounts):
        """Nine digits and six decimals: enough for the reports of every shop."""
        sheet = workbook(pl.DataFrame({"net": pl.Series(amounts, dtype=MONEY)}))["Report"]
        found = [row[0] for row in sheet.iter_rows(2, values_only=True)]
        assert [Decimal(repr(x)) for x in found] == amounts

    def test_a_figure_with_more_digits_is_a_text_with_a_warning(self):
        """Excel would change its last digits."""
        amounts = ["1234567890.123456", "-1234567890.123456", "123456789012345", "99999999999999990000000.5"]
        rows = pl.DataFrame(
            {
                "net": pl.Series(map(Decimal, amounts), dtype=MONEY),
                "count": [10**15, 10**15 + 1, 5, 2**62],
            }
        )
        says = "15 digits.* 5 with more were written as text.*: 3 in net, 2 in count"
        with pytest.warns(UserWarning, match=says):
            book = workbook(rows)
        assert list(book["Report"].iter_rows(2, values_only=True)) == [
            ("1234567890.123456", 10**15),
            ("-1234567890.123456", "1000000000000001"),
            (123456789012345, 5),
            ("99999999999999990000000.500000", str(2**62)),
        ]
        assert ("over 15 digits, as text", "3 in net, 2 in count") in book["About"].values

    def test_other_types_keep_their_type(self):
        """Days, yes and no, whole numbers; a day before Excel's first one as text."""
        rows = pl.DataFrame(
            {
                "day": [date(2026, 10, 5), date(1899, 1, 1), None],
                "flag": [True, False, None],
                "count": [1, -2, None],
                "at": [datetime(2026, 10, 5, 23, 59, 59, tzinfo=UTC), None, None],
            }
        )
        assert list(workbook(rows)["Report"].iter_rows(2, 4, values_only=True)) == [
            (datetime(2026, 10, 5), True, 1, datetime(2026, 10, 5, 23, 59, 59)),  # noqa: DTZ001
            ("1899-01-01", False, -2, None),
            (None, None, None, None),
        ]

    @given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
    def test_every_second_is_read_back_exactly(self, time):
        """Excel counts times as fractions of a day."""
        time = time.replace(microsecond=0)
        assert workbook(pl.DataFrame({"at": [time]}))["Report"]["A2"].value == time

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            (pl.DataFrame({"x": pl.repeat(1, 1_048_576, eager=True)}), "1,048,576 rows with its header"),
            (pl.DataFrame([pl.Series(f"c{n}", [1]) for n in range(16_385)]), "16,384 columns"),
            (text_column(["short", "x" * 32_768]), "row 2 of column text has more"),
        ],
    )
    def test_content_that_exceeds_a_sheet_is_refused_and_no_file_is_left(self, rows, says, tmp_path):
        """It is not truncated."""
        with pytest.raises(errors.ParameterError, match=says):
            Rows(rows).write_excel(tmp_path / "x.xlsx")
        assert list(tmp_path.iterdir()) == []

    def test_the_longest_text_fits(self):
        """All of its characters."""
        assert workbook(text_column(["x" * 32_767]))["Report"]["A2"].value == "x" * 32_767

    def test_an_empty_report_is_a_sheet_with_its_header(self):
        """A month without sales."""
        assert list(workbook(text_column([]))["Report"].values) == [("text",)]


def read_back(cell):
    if isinstance(cell, int | float):
        return Decimal(repr(cell))
    return unescaped(cell) if isinstance(cell, str) else cell


def unescaped(text):
    """Excel reads the control characters that XML cannot hold from this form; openpyxl leaves it."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def xml(book):
    target = io.BytesIO()
    book.save(target)
    with zipfile.ZipFile(target) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


WAYS = [("write_csv", "x.csv"), ("write_parquet", "x.parquet"), ("write_excel", "x.xlsx")]


class TestFiles:
    @pytest.mark.parametrize(("way", "name"), WAYS)
    def test_a_file_is_private_complete_and_the_only_one(self, report, tmp_path, way, name):
        """It replaces an existing file; no other file is left in the folder."""
        folder = tmp_path / "out"
        folder.mkdir()
        (folder / name).write_text("old")
        assert getattr(report, way)(folder / name) == report.frame().height
        assert [path.name for path in folder.iterdir()] == [name]
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

    @pytest.mark.parametrize(("way", "name"), WAYS)
    def test_a_missing_folder_is_a_clear_error(self, report, tmp_path, way, name):
        """With advice that helps."""
        with pytest.raises(errors.StoreError, match=r"Could not write at .*Choose another path"):
            getattr(report, way)(tmp_path / "no" / name)

    @pytest.mark.parametrize(("way", "name"), WAYS)
    def test_a_disk_that_fills_up_leaves_the_old_file(self, report, tmp_path, way, name, monkeypatch):
        """An incomplete file is useless."""
        (tmp_path / name).write_text("old")

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pl.LazyFrame, "sink_csv", full)
        monkeypatch.setattr("stripe_reports.report.report.shutil.copyfile", full)
        monkeypatch.setattr(zipfile.ZipFile, "write", full)
        with pytest.raises(errors.StoreError, match="disk is full"):
            getattr(report, way)(tmp_path / name)
        assert (tmp_path / name).read_text() == "old"
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]

    @pytest.mark.parametrize(("way", "name"), WAYS)
    def test_a_removed_result_is_an_error_not_an_empty_file(self, report, tmp_path, way, name):
        """As for all exports."""
        report.path.unlink()
        with pytest.raises(errors.StoreError, match="gone"):
            getattr(report, way)(tmp_path / name)
        assert not (tmp_path / name).exists()

    @pytest.mark.parametrize(
        ("module", "use", "extra"),
        [
            ("pandas", "to_pandas", "pandas"),
            ("pyarrow", "to_pandas", "pandas"),
            ("xlsxwriter", "write_excel", "excel"),
        ],
    )
    def test_a_missing_extra_is_named(self, monkeypatch, module, use, extra):
        """With the command that installs it; ``except ImportError`` catches the error too."""
        monkeypatch.setitem(sys.modules, module, None)
        arguments = () if use == "to_pandas" else ("x.xlsx",)
        with pytest.raises(
            errors.MissingExtraError, match=rf"pip install 'stripe-reports\[{extra}\]'"
        ) as caught:
            getattr(Rows(text_column(["x"])), use)(*arguments)
        assert isinstance(caught.value, ImportError)

    def test_the_ending_of_a_file_determines_its_format(self, tmp_path):
        """For the command line."""
        rows = Rows(text_column(["x"]))
        for name in ("a.csv", "a.PARQUET", "a.xlsx"):
            assert writer_for(tmp_path / name)(rows) == 1
        assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["Report", "About"]
        with pytest.raises(errors.ParameterError, match="neither"):
            writer_for(tmp_path / "a.xls")


def test_memory_does_not_grow_with_the_rows_of_a_workbook(monkeypatch):
    """Rows are read in batches and go to a file at once: no more than one batch is held."""
    held = []
    read = pl.LazyFrame.collect_batches

    def counting(self, **options):
        for batch in read(self, **options):
            held.append(batch.height)
            yield batch

    monkeypatch.setattr(pl.LazyFrame, "collect_batches", counting)
    monkeypatch.setattr(excel, "_ROWS_AT_ONCE", 100)
    monkeypatch.setattr(excel, "_TABLE_CELLS", 1_999)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "x.parquet"
        pl.DataFrame({"n": range(2_000)}).write_parquet(source, row_group_size=100)
        rows = SimpleNamespace(scan=lambda: pl.scan_parquet(source))
        assert excel.write(rows.scan(), Path(folder) / "x.xlsx", about=[]) == 2_000
    assert sum(held) == 2_000
    assert max(held) <= 200


def test_the_command_line_writes_excel_too(tmp_path, capsys):
    """By the ending."""
    target = tmp_path / "x.xlsx"
    asked = ["fetch", "payouts.itemized.5", "2026-10", "--demo", "--columns", "payout_id,net"]
    assert cli.main([*asked, "--output", str(target)]) == 0
    header, *rows = sheet_of(target).values
    assert header == ("payout_id", "net")
    assert f"{len(rows):,} rows in {target}" in capsys.readouterr().err
