"""Amounts, and the columns of decimals that are none."""

from __future__ import annotations

import json
from importlib.resources import files

import openpyxl

import stripe_reports as sr
from stripe_reports.notebook.form.facts import summary
from stripe_reports.render.money import RATES, currency_column


def test_every_rate_of_the_catalogue_is_no_amount():
    """A new one would be added up, with the currency of its row."""
    kinds = json.loads((files("stripe_reports.catalog") / "report_types.json").read_text("utf-8"))["columns"]
    assert set(RATES) == {name for name, column in kinds.items() if column["kind"] == "rate"}
    assert all(currency_column(name, ["currency", name]) is None for name in RATES)


def test_rates_and_balances_of_days_are_added_up_nowhere(tmp_path):
    """The sheet of totals had the sum of 31 daily interest rates, and of 31 daily balances."""
    client = sr.demo(livemode=True)
    report = client.fetch("treasury_fees.administrative_facilitation_fee", "2026-10")
    fees = report.frame()["fee"].sum()
    report.write_excel(tmp_path / "x.xlsx")
    header, totals = openpyxl.load_workbook(tmp_path / "x.xlsx")["Totals"].values
    assert header == ("balance_currency", "rows", "fee")
    assert totals == ("usd", 31, float(fees))
    (line,) = summary(report)
    assert line["text"] == f"31 rows · fee {fees.normalize()}"
    assert f"{totals[2]:,}" in report.table().as_raw_html()
    assert f"{report.frame()['effr_value'].sum().normalize()}" not in report.table().as_raw_html()
