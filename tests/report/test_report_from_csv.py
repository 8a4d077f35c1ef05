"""A file of the Dashboard as a report: the same charts, tables, pages and exports as after a fetch."""

import hashlib
import io
import stat

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from stripe_reports.charts.choosing import chart_of
from stripe_reports.charts.source import Source
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import NotAReportError, ParameterError, StoreError
from stripe_reports.simulator import Simulator


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with DemoClient(Simulator(1, latency=1.0), cache_dir=tmp_path_factory.mktemp("cache")) as made:
        yield made


@pytest.fixture(scope="module")
def fetched(client):
    return client.fetch("payouts.itemized", "2026-10", timezone="Europe/Paris")


@pytest.fixture
def file(fetched, tmp_path):
    """The report as a file, with times as Stripe writes them."""
    path = tmp_path / "October payouts.csv"
    fetched.write_csv(path)
    return path


def test_a_file_has_the_rows_and_types_of_the_fetched_report(fetched, file):
    """And a name, a size and a hash instead of a run."""
    report = sr.Report.from_csv(file, timezone="Europe/Paris")
    assert_frame_equal(report.frame(), fetched.frame())
    assert report.schema == fetched.schema
    assert len(report) == len(fetched)
    assert report.run is None
    assert report.request == sr.ReportRequest(fetched.request.report_type, timezone="Europe/Paris")
    known = report.provenance
    assert (known.name, known.rows) == (str(file), len(fetched))
    assert known.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert known.size == file.stat().st_size
    assert "read from" in str(report.reuse)
    assert "Report(payouts.itemized.5, 51 rows)" in repr(report)
    assert "October payouts.csv" in report._repr_html_()


def test_a_file_has_the_charts_of_the_fetched_report(fetched, file):
    """But the period is not known, so no week at its edge is marked as part of a week."""
    report = sr.Report.from_csv(file, timezone="Europe/Paris")
    assert report.chart_kinds() == fetched.chart_kinds()
    for kind in report.chart_kinds():
        undated = Source(fetched.scan(), report.request, (report.provenance,))
        theirs = chart_of(undated, kind, subtitle=[]).to_dict()
        assert report.chart(kind, subtitle=[]).to_dict() == theirs
    subtitle = str(report.chart().to_dict()["title"]["subtitle"])
    assert "read from October payouts.csv" in subtitle
    assert "all time" not in subtitle


def test_a_file_can_be_printed_and_exported(fetched, file, tmp_path):
    """The page and the table name the file, as nothing is known of a run."""
    report = sr.Report.from_csv(file, timezone="Europe/Paris")
    html = report.to_html()
    assert report.provenance.sha256 in html
    assert "Data as of" not in html
    assert "File /" in report.table(rows=3).as_raw_html()
    assert report.write_excel(tmp_path / "october.xlsx") == len(fetched)
    names = [row[0].value for row in openpyxl.load_workbook(tmp_path / "october.xlsx")["About"].rows]
    assert {"report type", "file", "SHA-256"} <= set(names)
    assert report.write_parquet(tmp_path / "october.parquet") == len(fetched)
    assert_frame_equal(pl.read_parquet(tmp_path / "october.parquet"), fetched.frame())
    assert report.write_csv(tmp_path / "again.csv") == len(fetched)


def test_a_file_can_be_compared_with_a_fetched_report(client, fetched, file):
    """Last year's file with this year's report."""
    report = sr.Report.from_csv(file)
    september = client.fetch("payouts.itemized", "2026-09")
    found = sr.compare(report, september)
    assert found.frame()["amount"].sum() == fetched.frame()["net"].sum()
    assert found.sentence.startswith("Net of October payouts.csv against September 2026:")
    with pytest.raises(ParameterError, match="takes one Report"):
        client.restatement(report)


def test_a_header_of_several_types_is_an_error_that_names_them(client):
    """Three summaries have the same six columns; a wrong chart would be worse than a question."""
    csv = b"reporting_category,currency,count,gross,fee,net\ncharge,eur,2,9.00,1.00,8.00\n"
    with pytest.raises(ParameterError, match=r"balance_change_from_activity\.summary, .*payouts\.summary"):
        sr.Report.from_csv(csv)
    report = sr.Report.from_csv(io.BytesIO(csv), report_type="payouts.summary")
    assert report.request.report_type.startswith("payouts.summary.")
    assert report.provenance.name == "the file"


def test_a_file_that_is_no_report_is_refused():
    """As by read_csv."""
    with pytest.raises(NotAReportError):
        sr.Report.from_csv(b"id,Amount,Customer Email\n1,2,3\n")


def test_the_temporary_file_is_private_and_its_loss_is_an_error(file):
    """It has customers' data."""
    report = sr.Report.from_csv(file)
    assert stat.S_IMODE(report.path.parent.stat().st_mode) == 0o700
    report.path.unlink()
    with pytest.raises(StoreError, match="is gone"):
        report.frame()
