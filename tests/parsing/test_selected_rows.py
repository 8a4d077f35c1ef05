"""Rows and columns that are not what they seem: payouts, totals, balances, and amounts as text."""

from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stripe_reports.parsing.balances import of_whole
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


# Balances of several parts


def balances(amount, *rows):
    """Rows of balance summaries of several months: month, category, text, currency and amount."""
    names = ["interval_start", "category", "description", "currency", amount]
    return pl.LazyFrame(list(rows), names, orient="row").with_columns(interval_end=pl.lit("the next month"))


@pytest.mark.parametrize("amount", ["net_amount", "amount"])
def test_balances_of_several_months_are_the_first_start_all_changes_and_the_last_end(amount):
    """Their sums are amounts that nobody has. Months come in any order, and one may lack a category."""
    found = of_whole(
        balances(
            amount,
            ("2026-10", "starting_balance", "on 1 October", "eur", 15),
            ("2026-10", "activity", "in October", "eur", 5),
            ("2026-10", "ending_balance", "on 31 October", "eur", 20),
            ("2026-09", "starting_balance", "on 1 September", "eur", 10),
            ("2026-09", "starting_balance", "on 1 September", "jpy", 900),
            ("2026-09", "activity", "in September", "eur", 7),
            ("2026-09", "payouts", "in September", "eur", -2),
            ("2026-09", "ending_balance", "on 30 September", "eur", 15),
            ("2026-09", "ending_balance", "on 30 September", "jpy", 900),
        )
    ).collect()
    assert found.select("category", "description", "currency", amount).rows() == [
        ("starting_balance", "on 1 September", "eur", 10),
        ("starting_balance", "on 1 September", "jpy", 900),
        ("activity", "in October", "eur", 12),
        ("payouts", "in September", "eur", -2),
        ("ending_balance", "on 31 October", "eur", 20),
        ("ending_balance", "on 30 September", "jpy", 900),
    ]
    assert set(found.columns) == {"category", "description", "currency", amount}, "of no month any more"


def test_states_at_several_moments_are_those_of_the_last():
    """Their sum has no meaning."""
    states = rows(interval_end=["2026-10", "2026-11", "2026-11", "2026-09"], net=[1, 2, 3, 4])
    assert_frame_equal(of_whole(states), rows(net=[2, 3]))


def test_balances_and_states_of_several_accounts_stay_apart():
    """Each has a first start and a last end of its own."""
    accounts = ["acct_1", "acct_2"]
    states = rows(
        account=[*accounts, "acct_1"], interval_end=["2026-10", "2026-09", "2026-11"], net=[1, 2, 3]
    )
    assert_frame_equal(of_whole(states), rows(account=["acct_2", "acct_1"], net=[2, 3]))
    ends = rows(
        account=accounts * 2,
        interval_start=["2026-09", "2026-09", "2026-10", "2026-10"],
        category=["ending_balance"] * 4,
        net_amount=[1, 2, 3, 4],
    )
    expected = rows(account=accounts, category=["ending_balance"] * 2, net_amount=[3, 4])
    assert_frame_equal(of_whole(ends), expected)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(rows(category=["activity", "activity"], net_amount=[1, 2]), id="a balance of one part"),
        pytest.param(rows(interval_start=["2026-10"] * 2, gross=[1, 2]), id="totals that can be added up"),
        pytest.param(rows(created=["2026-10-01"] * 2, net=[1, 2]), id="events"),
    ],
)
def test_other_rows_stay_as_they_are(frame):
    """Equal rows are two events, or parts of one sum."""
    assert_frame_equal(of_whole(frame), frame)


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
