"""Each recipe by a name of its own, for the tests: kinds of different families share names."""

from __future__ import annotations

from stripe_reports.charts.recipe import Recipe
from stripe_reports.charts.recipes import RECIPES

__all__ = ["named"]


def named(kind: str, report_type: str) -> Recipe:
    """The recipe of that kind of chart for a report type."""
    return next(recipe for recipe in RECIPES if recipe.name == kind and report_type.startswith(recipe.types))


_ACTIVITY, _PAID = "balance_change_from_activity.itemized", "payout_reconciliation.itemized"
_PLANS, _CARDS = "connect_card_payments_fees.plan_level", "card_payments_fees.transaction_level"

activity_net = named("net", _ACTIVITY)
activity_cumulated = named("cumulated", _ACTIVITY)
gross_fee_net = named("gross_fee_net", _ACTIVITY)
fee_rate = named("fee_rate", _ACTIVITY)
charge_fees_by_month = named("months", _ACTIVITY)
dispute_and_refund_rates = named("rates", _ACTIVITY)
accounts_by_volume = named("accounts", _ACTIVITY)
payouts_made_of = named("payouts", _PAID)
payout_composition = named("composition", _PAID)
by_category = named("categories", "activity.summary")
payouts_over_time = named("status", "payouts.itemized")
fees_by_product = named("products", "all_fees.incurred_at.itemized")
fee_totals = named("totals", "all_fees.vat_invoice_v2.summarized")
amounts_by_component = named("components", "activity.itemized")
card_fee_rate = named("fee_rate", _CARDS)
fees_by_plan = named("plans", _PLANS)
tax_by_jurisdiction = named("jurisdictions", "tax.transactions.itemized")
tax_over_time = named("over_time", "tax.transactions.itemized")
revenue_recognised = named("recognised", "revenue_recognition.debit_credit_summary")
booked_and_recognised = named("booked", "revenue_recognition.debit_credit_by_invoice")
card_fees_by_month = named("months", _CARDS)
account_balances = named("balances", "connect.negative_balance_refunds_disputes_overview")
account_balances_by_month = named("months", "connect.negative_balance_refunds_disputes_overview")
debits_and_credits = named("debits_credits", "revenue_recognition.debit_credit_summary")
balance_waterfall = named("waterfall", "balance.summary")
financial_waterfall = named("waterfall", "financial_account_balance.summary")
financial_activity = named("activity", "financial_account_balance_change_from_activity.itemized")
