"""Facts newer than the reference: a platform's share of a fee, and the fees of financial accounts."""

from decimal import Decimal

import polars as pl
import pytest

import stripe_reports as sr
from stripe_reports import catalog
from stripe_reports.catalog.natural_keys import money_of, natural_key
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts

MONEY = pl.Decimal(38, 6)
TREASURY = "treasury_fees.administrative_facilitation_fee.1"
WITH_FEES = ["balance_change_from_activity.itemized.7", "payout_reconciliation.itemized.7"]
COLUMNS = [
    "created",
    "reporting_category",
    "currency",
    "gross",
    "fee",
    "net",
    "application_fee",
    "automatic_payout_id",
]


@pytest.fixture
def connected(simulator, tmp_path):
    """The client of a connected account."""
    account = connected_accounts(simulator.ledger)[0].id
    with DemoClient(simulator, account=account, cache_dir=tmp_path / "connected") as client:
        yield client


# application_fee


@pytest.mark.parametrize("report_type", WITH_FEES)
def test_stripes_share_of_a_fee_is_the_part_that_the_platform_does_not_take(connected, report_type, tmp_path):
    """Both are exact, and numbers in Excel."""
    report = connected.fetch(report_type, "2026-10", columns=COLUMNS)
    rows = report.frame()
    assert rows.schema["application_fee"] == MONEY
    charges = rows.filter(pl.col("reporting_category") == "charge")
    share = charges.select(pl.col("fee") - pl.col("application_fee")).to_series()
    assert charges.height
    assert (share > 0).all()
    assert (charges["application_fee"] > 0).any()
    assert report.write_excel(tmp_path / "fees.xlsx") == rows.height
    assert report.chart_kinds()


@pytest.mark.parametrize("report_type", WITH_FEES)
def test_the_report_type_of_the_column_is_unproved(client, report_type):
    """Stripe's page does not say which versions have the column, so it is requested only by name."""
    column = catalog.get(report_type).column("application_fee")
    assert column.is_unproved
    assert column.source.startswith("https://support.stripe.com/")
    assert "application_fee" not in catalog.columns_named(catalog.get(report_type), "all")
    assert client.frame(report_type, "2026-10", columns=COLUMNS)["application_fee"].null_count() > 0


def test_a_negative_share_is_read(tmp_path):
    """A returned application fee; in any version."""
    read = sr.read_csv(b"currency,gross,fee,net,application_fee\nusd,-10.00,-0.50,-9.50,-0.20\n")
    assert read["application_fee"].to_list() == [Decimal("-0.2")]


# Fees of financial accounts


def test_the_fees_of_a_financial_account_are_its_balance_times_the_rate(client, tmp_path):
    """A row for each day; read with exact types, drawn, and exported."""
    report = client.fetch("treasury_fees.administrative_facilitation_fee", "2026-10")
    rows = report.frame()
    assert report.request.report_type == TREASURY
    assert rows.columns == [column.name for column in catalog.get(TREASURY).columns]
    assert rows.schema["fee"] == rows.schema["balance_amount"] == MONEY
    assert rows.schema["effr_value"] == pl.Decimal(38, 12)
    assert rows.schema["date"] == pl.String  # its form has never been seen
    fee = pl.col("balance_amount").cast(pl.Float64) * pl.col("effr_value").cast(pl.Float64) / 360
    assert rows.select((pl.col("fee").cast(pl.Float64) - fee).abs().max()).item() < 0.000001
    assert rows.select(natural_key(rows.columns, TREASURY)).is_unique().all()
    assert money_of(rows.columns, TREASURY) == ("fee", "balance_currency")
    title = f"Total fees by financial account: {rows['fee'].sum():f} USD"
    assert report.chart().to_dict()["title"]["text"] == title
    assert report.write_excel(tmp_path / "fees.xlsx") == rows.height > 0


def test_a_balance_of_the_fees_is_that_of_the_financial_account(client):
    """The last day of a month has the ending balance of its summary."""
    fees = client.frame(TREASURY, "2026-10")
    balance = client.frame("financial_account_balance.summary", "2026-10")
    ending = balance.filter(pl.col("category") == "ending_balance")["amount"].item()
    assert fees.filter(pl.col("date") == "2026-10-31")["balance_amount"].to_list() == [ending]


def test_a_preview_says_what_is_assumed():
    """Stripe's page shows neither version nor parameters."""
    type_ = catalog.get(TREASURY)
    assert "both are assumed" in type_.notes
    assert not type_.columns_complete
