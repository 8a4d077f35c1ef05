"""The parts of a net amount: sales, each kind of fee, refunds and so on, as signed amounts.

Each transaction has two amounts: ``gross`` belongs to the part of its reporting category, and ``fee`` is the
fee for it. Where a fee is a row of its own, ``gross`` is the fee and ``fee`` the tax on it. The parts of all
transactions sum to their net.
Source: https://docs.stripe.com/reports/reporting-categories, https://docs.stripe.com/standalone-fees
"""

from __future__ import annotations

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES

__all__ = ["OF_FEE", "OF_GROSS", "ORDER", "OTHER_FEES", "SALES", "parts_of"]

SALES, _PROCESSING, _REFUNDS = "sales", "processing fees", "refunds"
_DISPUTES, _DISPUTE_FEES, OTHER_FEES, _TAX = "disputes", "dispute fees", "other fees", "tax on fees"

OF_GROSS = {
    **dict.fromkeys(("charge", "partial_capture_reversal"), SALES),
    **dict.fromkeys(("refund", "refund_failure"), _REFUNDS),
    **dict.fromkeys(("dispute", "dispute_reversal"), _DISPUTES),
    "fee": OTHER_FEES,
    "network_cost": "network costs",
    "contribution": "contributions",
    "financing_paydown": "Capital paydowns",
    "charge_failure": "failed charges",
}
"""The part of a row's gross by its reporting category; the part of another category has its name."""

OF_FEE = {
    **dict.fromkeys(
        ("charge", "charge_failure", "partial_capture_reversal", "refund", "refund_failure"), _PROCESSING
    ),
    **dict.fromkeys(("dispute", "dispute_reversal"), _DISPUTE_FEES),
    **dict.fromkeys(FEE_CATEGORIES, _TAX),
}
"""The part of a row's fee by its reporting category; that of any other category is in the other fees."""

ORDER = (
    *(SALES, "failed charges", _PROCESSING, "network costs", _REFUNDS, _DISPUTES, _DISPUTE_FEES),
    *(OTHER_FEES, _TAX, "contributions", "Capital paydowns"),
)
"""The parts with a place of their own; all others come after them, by name."""


def parts_of(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows twice, with ``part`` and ``amount``: for their gross, and for their fee.

    Rows whose amount is zero are left out. Per currency, the amounts sum to the net of all rows.

    Args:
        rows: Transactions with ``reporting_category``, ``gross`` and ``fee``; no payouts.
    """
    category = pl.col("reporting_category").fill_null("no category")
    amounts = (
        (pl.col("gross"), category.replace_strict(OF_GROSS, default=category.str.replace_all("_", " "))),
        (-pl.col("fee"), category.replace_strict(OF_FEE, default=OTHER_FEES)),
    )
    return pl.concat(
        rows.with_columns(part=part, amount=amount.fill_null(0)).filter(pl.col("amount") != 0)
        for amount, part in amounts
    )
