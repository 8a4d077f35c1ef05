"""The charts of sets whose rows are totals of their part or states at its end: a position for each part."""

from __future__ import annotations

from stripe_reports.catalog.splitting import MOMENT, PART
from stripe_reports.charts.over_time import amounts_by_month, amounts_over_time, flows_over_time
from stripe_reports.charts.recipe import Recipe
from stripe_reports.charts.roll_forward import roll_forward

__all__ = ["OF_SETS", "SUMMARIES"]

SUMMARIES = (
    "activity.summary",
    "balance_change_from_activity.summary",
    "ending_balance_reconciliation.summary",
    "payouts.summary",
    "payout_reconciliation.summary",
    "payout_reconciliation.by_id.summary",
)
_CATEGORY = "reporting_category"
_BALANCES = "Balances from start to end, one below the other"

OF_SETS = (
    Recipe(
        "balances",
        _BALANCES,
        roll_forward,
        ("balance.summary",),
        needs=("category",),
        amounts=("net_amount",),
        time=(PART,),
        extra=("activity",),
    ),
    Recipe(
        "balances",
        _BALANCES,
        roll_forward,
        ("financial_account_balance.summary",),
        needs=("category",),
        time=(PART,),
        money_in=(),
    ),
    Recipe(
        "net",
        "Net by reporting category",
        amounts_over_time,
        SUMMARIES,
        needs=(_CATEGORY,),
        amounts=("net",),
        time=(PART,),
        by=(_CATEGORY,),
        called="Net",
        others="other categories",
        top=8,
        details={"own_scale": True},
    ),
    Recipe(
        "gross_fee_net",
        "Gross, fees and net",
        flows_over_time,
        SUMMARIES,
        needs=(_CATEGORY,),
        amounts=("gross", "fee", "net"),
        time=(PART,),
    ),
    Recipe(
        "balances",
        "Balances at the end, by reporting category",
        amounts_over_time,
        ("ending_balance_reconciliation",),
        needs=(_CATEGORY,),
        amounts=("net",),
        time=(MOMENT,),
        by=(_CATEGORY,),
        called="Balance",
        others="other categories",
        top=8,
        details={"own_scale": True},
    ),
    Recipe(
        "months",
        "Balances at the end, by account",
        amounts_by_month,
        ("connect.negative_balance",),
        needs=("account_id",),
        amounts=("balance",),
        time=(MOMENT,),
        by=("account_id",),
        called="Balance",
        others="other accounts",
        top=15,
        details={"named": ("business_name",)},
    ),
    Recipe(
        "months",
        "Card payment fees by plan and month",
        amounts_by_month,
        ("connect_card_payments_fees.plan_level",),
        needs=("plan_name",),
        amounts=("total_amount",),
        time=(PART,),
        by=("plan_name",),
        called="Fees",
        others="other plans",
        top=12,
        money_in=("fee_currency",),
    ),
    Recipe(
        "months",
        "Fees by feature and month",
        amounts_by_month,
        ("all_fees.vat_invoice_v2.summarized",),
        needs=("feature_name",),
        time=(PART,),
        by=("feature_name",),
        called="Fees",
        others="other features",
        top=15,
        details={"named": ("product",)},
    ),
    Recipe(
        "months",
        "Fees by financial account and month",
        amounts_by_month,
        ("treasury_fees",),
        needs=("financial_account",),
        amounts=("fee",),
        time=(PART,),
        by=("financial_account",),
        called="Fees",
        top=12,
        money_in=("balance_currency",),
    ),
)
