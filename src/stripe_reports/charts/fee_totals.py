"""Fees without a time: the total of each product or account."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_reports.charts.columns import Frame, check, first_of
from stripe_reports.charts.panels import Chart, Subtitle
from stripe_reports.charts.ranked import ranked_sums

__all__ = ["fee_totals"]


def fee_totals(
    frame: Frame,
    *,
    by: str | None = None,
    top: int = 12,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the total fees of each product or account, the highest first: one panel per currency.

    Args:
        frame: A report with ``amount`` and ``currency``, or with ``fee`` and ``balance_currency``.
        by: Column with one bar per value; None for ``product``, else ``financial_account``.
        top: Maximum number of bars; the other values are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    is_of_balances = first_of(frame, "balance_currency") is not None
    amount, money_in = ("fee", "balance_currency") if is_of_balances else ("amount", "currency")
    by = by or first_of(frame, "product", "financial_account") or "product"
    check(frame, "A chart of the fees", [by, amount, money_in], exact=[amount])
    what = by.replace("_", " ")
    return ranked_sums(
        frame.lazy(),
        [by],
        amount,
        top,
        currency,
        title=title or f"Fees by {what}",
        subtitle=subtitle,
        called="Fees",
        where=None,
        names=(what.capitalize(), "others"),
        money_in=money_in,
    )
