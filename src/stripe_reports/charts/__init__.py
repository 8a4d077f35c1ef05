"""Charts of reports for finance teams: ordinary altair charts that need no internet.

    choosing.py         chooses the charts of a report: chart_of, kinds_of
    balance.py          the balance summary as a waterfall
    activity.py         net per day, week or month by reporting category; cumulated; gross, fees and net
    components.py       amounts by component of balance transactions
    summary.py          gross, fees and net by reporting category
    payouts.py          payouts by status, and the days until they arrive
    reconciliation.py   composition of payouts
    comparison.py       two periods compared, by category
    payout_bridge.py    one payout, from its sales to the bank
    fee_totals.py       total fees by product or account
    fees.py             fees as a rate of what was charged; fees by product
    rates.py            disputes and refunds as rates
    tax.py              tax by jurisdiction, and over time
    connect.py          connected accounts by volume and by balance; card payment fees by plan
    financial.py        a financial account's balance as a waterfall, and its activity
    revenue.py          debits and credits per accounting period
    linking.py          charts with selections

    stacked.py, lines.py, ranked.py, waterfall.py     the four shapes drawn by recipes
    slots.py, groups.py, panels.py, columns.py        axes, parts, currencies, and required columns

A recipe is a function of a frame from ``report.frame()``, ``report.scan()`` or ``sr.read_csv``. Amounts are
summed as exact decimals, one currency at a time. Floats only position the marks; every amount shown, on a bar
or in its tooltip, is text made from the decimal.
"""

from stripe_reports.charts.activity import activity_cumulated, activity_net, gross_fee_net
from stripe_reports.charts.balance import balance_waterfall
from stripe_reports.charts.choosing import (
    Recipe,
    chart_of,
    kinds_for,
    kinds_of,
    options_of,
    recipe_for,
)
from stripe_reports.charts.components import amounts_by_component
from stripe_reports.charts.connect import account_balances, accounts_by_volume, fees_by_plan
from stripe_reports.charts.fee_totals import fee_totals
from stripe_reports.charts.fees import card_fee_rate, fee_rate, fees_by_product
from stripe_reports.charts.financial import financial_activity, financial_waterfall
from stripe_reports.charts.linking import BAR, PICKED, SPAN, linked, selections_in
from stripe_reports.charts.panels import Chart, Subtitle
from stripe_reports.charts.payouts import payout_arrival, payouts_over_time
from stripe_reports.charts.rates import dispute_and_refund_rates
from stripe_reports.charts.reconciliation import payout_composition, payouts_made_of
from stripe_reports.charts.revenue import debits_and_credits
from stripe_reports.charts.summary import by_category
from stripe_reports.charts.tax import tax_by_jurisdiction, tax_over_time

__all__ = [
    "BAR",
    "PICKED",
    "SPAN",
    "Chart",
    "Recipe",
    "Subtitle",
    "account_balances",
    "accounts_by_volume",
    "activity_cumulated",
    "activity_net",
    "amounts_by_component",
    "balance_waterfall",
    "by_category",
    "card_fee_rate",
    "chart_of",
    "debits_and_credits",
    "dispute_and_refund_rates",
    "fee_rate",
    "fee_totals",
    "fees_by_plan",
    "fees_by_product",
    "financial_activity",
    "financial_waterfall",
    "gross_fee_net",
    "kinds_for",
    "kinds_of",
    "linked",
    "options_of",
    "payout_arrival",
    "payout_composition",
    "payouts_made_of",
    "payouts_over_time",
    "recipe_for",
    "selections_in",
    "tax_by_jurisdiction",
    "tax_over_time",
]
