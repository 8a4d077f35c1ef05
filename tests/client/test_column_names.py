"""Columns whose names polars would take for patterns work like all other columns."""

import csv
import io
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import stripe_reports as sr
from stripe_reports.demo_client import DemoClient
from stripe_reports.notebook.form.rows import Rows
from stripe_reports.pages.cells import cells_of
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.reports.contents import Contents

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")

PATTERNS = ["*", "^.*$", "^currency$"]
NAMES = [*PATTERNS, "balance_transaction_id", "currency", "net", "description"]


def rows_of(names):
    """Three rows in which all cells differ."""
    return [
        ["eur" if name == "currency" else f"{row}.50" if name == "net" else f"{name} {row}" for name in names]
        for row in range(3)
    ]


def csv_of(names):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows_of(names)])
    return text.getvalue().encode()


def expected_frame(names):
    rows = rows_of(names)
    cells = {name: [row[position] for row in rows] for position, name in enumerate(names)}
    cells["net"] = [Decimal(text) for text in cells["net"]]
    return pl.DataFrame(cells, schema_overrides={"net": pl.Decimal(38, 6)})


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Fetches a report whose file has the given columns."""

    def fetched(names):
        real = Contents.__init__
        with monkeypatch.context() as patch:
            patch.setattr(Contents, "__init__", lambda self, _: real(self, lambda: [csv_of(names)]))
            with DemoClient(Simulator(1), cache_dir=tmp_path / "cache") as client:
                client.cache.clear()
                return client.fetch("balance_change_from_activity.itemized.3", "2026-09", reuse="never")

    return fetched


@given(st.permutations(NAMES))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_report_with_such_columns_is_read_and_written_completely(fetched, tmp_path, names):
    """As a frame, as Parquet, as CSV and as a workbook."""
    report, expected = fetched(names), expected_frame(names)
    assert_frame_equal(report.frame(), expected)
    report.write_parquet(tmp_path / "x.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "x.parquet", glob=False), expected)
    report.write_csv(tmp_path / "x.csv")
    written = sr.read_csv(tmp_path / "x.csv", report_type=report.request.report_type)
    assert_frame_equal(written, expected)
    report.write_excel(tmp_path / "x.xlsx")
    sheet = pl.read_excel(tmp_path / "x.xlsx", engine="openpyxl", infer_schema_length=0)
    assert sheet.columns == names
    assert sheet["*"].to_list() == expected["*"].to_list()


@pytest.mark.parametrize("name", PATTERNS)
def test_the_table_of_the_form_sorts_and_searches_by_such_a_column(fetched, name):
    """And shows its cells."""
    rows = Rows(fetched(NAMES))
    shown = rows.page(sort=name, descending=True).rows
    assert [row[NAMES.index(name)] for row in shown] == [f"{name} {number}" for number in (2, 1, 0)]
    assert rows.page(search=f"{name} 1".lower()).matching == 1


@pytest.mark.parametrize("name", PATTERNS)
def test_a_table_to_print_adds_up_by_such_a_column(name):
    """Each of its values is a row."""
    cells = cells_of(expected_frame(NAMES), by=name)
    assert sum(len(part.rows) for part in cells.parts) == 3


@pytest.mark.parametrize("key", [None, *PATTERNS])
def test_frames_with_such_columns_are_compared(key):
    """By whole rows, by their natural key, or by the column itself."""
    before = expected_frame(NAMES)
    after = before.with_columns(net=pl.col("net") + 1)
    diff = sr.diff(before, after, key=key)
    assert diff.changed.columns == NAMES
    assert diff.cells.height == diff.changed.height == 3
    if key:
        assert diff.cells[key].to_list() == before[key].to_list()


def test_a_changed_cell_of_such_a_column_is_named():
    """By the name that its file gives it."""
    before = expected_frame(NAMES)
    after = before.with_columns(pl.Series("*", ["other", *before["*"].to_list()[1:]]))
    assert sr.diff(before, after).cells["column"].to_list() == ["*"]
