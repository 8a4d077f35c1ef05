"""Rows and columns that are not what they seem: payouts, totals, and amounts that were read as text."""

from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stripe_reports.parsing.payout_parts import parts_of
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.parsing.text_amounts import amounts_as_text
from stripe_reports.parsing.total_rows import without_totals

RECONCILIATION = "payout_reconciliation.itemized.5"


def rows(**columns):
    return pl.LazyFrame(columns)


# The parts of a payout


@pytest.mark.parametrize(
    ("category", "gross", "fee", "parts"),
    [
        ("charge", "10", "0.50", {"sales": "10", "processing fees": "-0.50"}),
        ("partial_capture_reversal", "-4", "0", {"sales": "-4"}),
        ("charge_failure", "-10", "-0.50", {"failed charges": "-10", "processing fees": "0.50"}),
        ("refund", "-10", "0", {"refunds": "-10"}),
        ("refund_failure", "10", "0.10", {"refunds": "10", "processing fees": "-0.10"}),
        ("dispute", "-10", "15", {"disputes": "-10", "dispute fees": "-15"}),
        ("dispute_reversal", "10", "-15", {"disputes": "10", "dispute fees": "15"}),
        ("fee", "-0.02", "0.01", {"other fees": "-0.02", "tax on fees": "-0.01"}),
        ("network_cost", "-1", "0.20", {"network costs": "-1", "tax on fees": "-0.20"}),
        ("contribution", "-2", "0", {"contributions": "-2"}),
        ("financing_paydown", "-5", "0", {"Capital paydowns": "-5"}),
        ("platform_earning", "3", "0.10", {"platform earning": "3", "other fees": "-0.10"}),
        (None, "1", None, {"no category": "1"}),
    ],
)
def test_gross_and_fee_of_a_transaction_are_in_the_part_of_their_category(category, gross, fee, parts):
    """A fee that is a row of its own has the tax on it as its fee; the parts sum to the net."""
    money = {name: [value and Decimal(value)] for name, value in (("gross", gross), ("fee", fee))}
    frame = pl.LazyFrame(
        {"reporting_category": [category], **money},
        {"reporting_category": pl.String, "gross": pl.Decimal(38, 6), "fee": pl.Decimal(38, 6)},
    )
    found = parts_of(frame).collect()
    assert dict(found.select("part", "amount").iter_rows()) == {
        part: Decimal(amount) for part, amount in parts.items()
    }


# The payout itself


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        pytest.param(
            {"source_id": ["po_1", "re_1", None], "automatic_payout_id": ["po_1", "po_1", "po_1"]},
            ["payout", "charge"],
            id="only the row whose source is its payout",
        ),
        pytest.param({}, ["charge"], id="every payout, without those columns"),
        pytest.param({"source_id": ["po_1", "re_1", None]}, ["charge"], id="with one of them"),
    ],
)
def test_the_row_of_a_payout_is_not_one_of_its_transactions(columns, left):
    """With it, they would sum to zero. Another payout may be a transaction: one that came back."""
    frame = rows(reporting_category=["payout", "payout", "charge"], **columns)
    found = transactions_of(frame, RECONCILIATION).collect()["reporting_category"].to_list()
    assert found == left


def test_rows_without_a_category_and_other_reports_are_kept():
    """Only a payout reconciliation has the row of its payout."""
    frame = rows(reporting_category=[None, "payout"])
    assert transactions_of(frame, RECONCILIATION).collect()["reporting_category"].to_list() == [None]
    assert_frame_equal(transactions_of(frame, "balance_change_from_activity.itemized.3"), frame)
    assert_frame_equal(transactions_of(rows(net=[1]), RECONCILIATION), rows(net=[1]))


# Totals


def test_a_row_of_all_categories_together_is_left_out():
    """It would be counted twice with its parts; a row without a category is a part."""
    frame = rows(reporting_category=["charge", "total", "Total", "TOTAL", None, "total_loss"])
    assert without_totals(frame).collect()["reporting_category"].to_list() == ["charge", None, "total_loss"]


# Amounts as text


def test_a_column_is_named_if_every_cell_looks_like_an_amount():
    """A person must decide whether it is one: an unknown column is read as text."""
    frame = rows(
        amount=["1.00", "-20.5", None],
        whole=["1", "2", "3"],
        mixed=["1.00", "n/a", None],
        date=["2026.10.01", None, None],
        empty=pl.Series([None] * 3, dtype=pl.String),
        known=["1.00"] * 3,
    )
    assert amounts_as_text(frame, ["amount", "whole", "mixed", "date", "empty"]) == ["amount"]
    assert amounts_as_text(frame, []) == []
