"""The bank date of a payout is its expected arrival, which ``effective_at`` need not show."""

from __future__ import annotations

import pytest
from openpyxl import load_workbook

import stripe_reports as sr

SENTENCE = "The bank date of a payout is payout_expected_arrival_date."


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with sr.demo(cache_dir=tmp_path_factory.mktemp("demo")) as client:
        yield client


@pytest.mark.parametrize(
    ("zone", "is_said"),
    [("America/New_York", True), ("Pacific/Apia", False), ("Europe/Paris", False), (None, False)],
)
def test_west_of_greenwich_a_report_of_payouts_says_once_which_day_is_the_bank_date(client, zone, is_said):
    """There, midnight UTC is the evening before, so the first deposit of a month is outside the month."""
    report = client.fetch("payouts.itemized", "2026-10", timezone=zone)
    again = client.fetch("payouts.itemized", "2026-10", timezone=zone)
    planned = client.plan("payouts.itemized", "2026-10", timezone=zone)
    for said in (str(report.reuse), str(again.reuse), " ".join(planned.notes)):
        assert said.count(SENTENCE) == is_said


def test_a_set_says_it_once_for_all_its_months(client):
    reports = client.fetch_all("payouts.itemized", "2026-Q3", split="month", timezone="America/New_York")
    assert " ".join(reports.notes).count(SENTENCE) == 1


def test_a_downloaded_file_says_it_too(client, tmp_path):
    client.fetch("payouts.itemized", "2026-10").write_csv(tmp_path / "october.csv")
    report = sr.Report.from_csv(
        tmp_path / "october.csv", report_type="payouts.itemized.5", timezone="America/New_York"
    )
    assert str(report.reuse).count(SENTENCE) == 1


def test_without_effective_at_there_is_nothing_to_confuse(client):
    report = client.fetch(
        "payouts.itemized",
        "2026-10",
        timezone="America/New_York",
        columns=["payout_id", "payout_expected_arrival_date", "currency", "gross"],
    )
    assert SENTENCE not in str(report.reuse)


def test_tables_and_workbooks_of_payouts_have_the_bank_date_first(client, tmp_path):
    """It is the day that a bank statement has; the frame keeps Stripe's order."""
    report = client.fetch("payouts.itemized", "2026-10")
    report.write_excel(tmp_path / "october.xlsx")
    header = [cell.value for cell in load_workbook(tmp_path / "october.xlsx").worksheets[0][1]]
    assert header[:2] == ["payout_expected_arrival_date", "payout_id"]
    page = report.table(rows=2).as_raw_html()
    assert page.index("Payout expected arrival date") < page.index("Payout id")
    assert report.frame().columns[0] == "payout_id"
