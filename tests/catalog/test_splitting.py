"""The report types that can be requested in parts, and the summary of the parts."""

import pytest

from stripe_reports import catalog, errors
from stripe_reports.catalog.splitting import check_split, has_totals, summary_of, why_not_split

OF_EVENTS = {
    *("balance_change_from_activity.itemized", "payouts.itemized", "failed_payouts.itemized"),
    *("payout_reconciliation.itemized", "all_fees.itemized", "all_fees.incurred_at.itemized"),
    *("all_fees.balance_transaction_created.itemized", "card_payments_fees.transaction_level"),
    *("connect_card_payments_fees.transaction_level", "tax.transactions.itemized"),
    *("connected_account_balance_change_from_activity.itemized", "connected_account_payouts.itemized"),
    *("connected_account_payout_reconciliation.itemized", "connected_account_tax.transactions.itemized"),
    "financial_account_balance_change_from_activity.itemized",
    "connected_account_financial_account_balance_change_from_activity.itemized",
    *("activity.itemized", "all_fees.vat_invoice_v2.itemized"),
}
ONE_PAYOUT = {
    *("payout_reconciliation.by_id.itemized", "payout_reconciliation.by_id.summary"),
    "connected_account_payout_reconciliation.by_id.itemized",
    "connected_account_payout_reconciliation.by_id.summary",
}
ONE_MOMENT = {
    *("ending_balance_reconciliation.itemized", "ending_balance_reconciliation.summary"),
    "connected_account_ending_balance_reconciliation.itemized",
    "connected_account_ending_balance_reconciliation.summary",
    "connect.negative_balance_refunds_disputes_overview",
}
OF_TOTALS = {
    *("activity.summary", "balance.summary", "balance_change_from_activity.summary", "payouts.summary"),
    *("payout_reconciliation.summary", "all_fees.summary", "connect_card_payments_fees.plan_level"),
    *("connected_account_balance.summary", "connected_account_balance_change_from_activity.summary"),
    *("connected_account_payout_reconciliation.summary", "connected_account_payouts.summary"),
    *("financial_account_balance.summary", "financial_account_balance_change_from_activity.summary"),
    *("treasury_fees.administrative_facilitation_fee", "all_fees.vat_invoice_v2.summarized"),
    "connected_account_financial_account_balance.summary",
    "connected_account_financial_account_balance_change_from_activity.summary",
    *("revenue_recognition.debit_credit_by_customer", "revenue_recognition.debit_credit_by_invoice"),
    "revenue_recognition.debit_credit_by_invoice_line_item",
    *("revenue_recognition.debit_credit_by_price", "revenue_recognition.debit_credit_by_product"),
    "revenue_recognition.debit_credit_summary",
}
REASONS = [
    (OF_EVENTS, None),
    (OF_TOTALS, None),
    (ONE_PAYOUT, "one payout"),
    (ONE_MOMENT, "one moment"),
]


@pytest.mark.parametrize("id_", catalog.report_types())
def test_every_type_can_be_split_or_gives_a_reason(id_):
    """One payout or one moment has no parts."""
    ((_, expected),) = [each for each in REASONS if id_.rpartition(".")[0] in each[0]]
    reason = why_not_split(id_)
    if expected is None:
        assert reason is None
        check_split(id_)
    else:
        assert expected in reason
        with pytest.raises(errors.ParameterError, match=expected) as caught:
            check_split(id_)
        assert caught.value.param == "split"


@pytest.mark.parametrize("id_", catalog.report_types())
def test_a_type_has_events_or_totals_of_its_interval(id_):
    """Totals of a part must say of which part they are; events have times of their own."""
    assert has_totals(id_) == (id_.rpartition(".")[0] in OF_TOTALS)


def test_the_lists_above_name_only_existing_types():
    """And none twice."""
    named = [base for bases, _ in REASONS for base in bases]
    assert sorted(named) == sorted({type_.base for type_ in catalog.report_types().values()})


def test_types_that_can_be_split_take_both_bounds_or_a_month():
    """Otherwise there would be nothing to split."""
    for type_ in catalog.report_types().values():
        if why_not_split(type_.id) is None:
            period = {"interval_start", "interval_end"}, {"tax_invoice_month"}
            assert any(bounds <= set(type_.required_parameters) for bounds in period)


def test_a_newer_version_splits_like_the_known_one_and_an_unknown_type_is_refused():
    """A new version of a type has the same meaning; the meaning of a new type is unknown."""
    assert why_not_split("payouts.itemized.9") is None
    assert has_totals("balance.summary.9")
    assert "one moment" in why_not_split("ending_balance_reconciliation.itemized.9")
    assert "not in the catalogue" in why_not_split("gift_cards.itemized.1")
    assert not has_totals("gift_cards.summary.1")


@pytest.mark.parametrize(
    ("itemized", "summary"),
    [
        ("balance_change_from_activity.itemized.3", "balance_change_from_activity.summary.2"),
        ("payouts.itemized.5", "payouts.summary.2"),
        ("payout_reconciliation.itemized.7", "payout_reconciliation.summary.2"),
        ("connected_account_payouts.itemized.3", "connected_account_payouts.summary.1"),
        ("tax.transactions.itemized.2", None),  # there is none
        ("all_fees.itemized.1", None),  # its columns are not known
        ("card_payments_fees.transaction_level.2", None),
        ("payouts.summary.2", None),
    ],
)
def test_the_matching_summary_is_the_newest_one_with_the_same_totals(itemized, summary):
    """Gross, fee and net by currency and category."""
    found = summary_of(itemized)
    assert (found and found.id) == summary
