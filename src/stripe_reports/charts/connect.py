"""Connected accounts by volume and by balance: the largest, and all others combined."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of
from stripe_reports.charts.panels import Chart, Subtitle
from stripe_reports.charts.ranked import ranked_sums

__all__ = ["account_balances", "accounts_by_volume", "fees_by_plan"]

_CHARGES = {"columns": ["reporting_category"], "in": ["charge"]}


def accounts_by_volume(
    frame: Frame,
    *,
    top: int = 10,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the volume or payouts of each connected account: one panel per currency.

    Args:
        frame: An itemised report with ``connected_account`` or ``connected_account_id``, ``gross`` and
            ``currency``.
            If it has a ``reporting_category`` and is not a list of payouts, only charges are counted.
        top: Maximum number of accounts with a bar; the others are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    account = first_of(frame, "connected_account", "connected_account_id") or "connected_account"
    check(frame, "A chart of connected accounts", [account, "gross", "currency"], exact=["gross"])
    are_payouts = first_of(frame, "payout_id") is not None
    charges = not are_payouts and first_of(frame, "reporting_category") is not None
    rows = frame.lazy().filter(pl.col("reporting_category") == "charge") if charges else frame.lazy()
    name = first_of(frame, "connected_account_name")
    source = [name, account] if name else [account]
    what = "by payouts" if are_payouts else "by charges" if charges else "by volume"
    return ranked_sums(
        rows,
        source,
        "gross",
        top,
        currency,
        title=title or f"Connected accounts {what}",
        subtitle=subtitle,
        called="Gross",
        where=_CHARGES if charges else None,
    )


def account_balances(
    frame: Frame,
    *,
    top: int = 15,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the balance of each connected account, the largest by name: one panel per currency.

    Args:
        frame: A ``connect.negative_balance_refunds_disputes_overview`` report.
        top: Maximum number of accounts with a bar; the others are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    check(
        frame, "A chart of the accounts' balances", ["account_id", "balance", "currency"], exact=["balance"]
    )
    source = ["business_name", "account_id"] if first_of(frame, "business_name") else ["account_id"]
    return ranked_sums(
        frame.lazy(),
        source,
        "balance",
        top,
        currency,
        title=title or "Connected accounts by balance",
        subtitle=subtitle,
        called="Balance",
        where=None,
    )


def fees_by_plan(
    frame: Frame,
    *,
    by: str = "plan_name",
    top: int = 12,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the cost of each interchange plan and scheme, the highest first: one panel per fee currency.

    Args:
        frame: A ``connect_card_payments_fees.plan_level`` report.
        by: Column with one bar per value, such as ``"connected_account_name"`` or
            ``"network_cost_category"``.
        top: Maximum number of bars; the other values are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    check(frame, "A chart of fees by plan", [by, "total_amount", "fee_currency"], exact=["total_amount"])
    what = by.removesuffix("_name").replace("_", " ")
    return ranked_sums(
        frame.lazy(),
        [by],
        "total_amount",
        top,
        currency,
        title=title or f"Card payment fees by {what}",
        subtitle=subtitle,
        called="Fees",
        where=None,
        names=(what.capitalize(), f"other {what}s" if not what.endswith("y") else f"other {what[:-1]}ies"),
        money_in="fee_currency",
    )
