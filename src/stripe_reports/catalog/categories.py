"""The reporting categories of balance transactions that are known; Stripe adds others without notice."""

from __future__ import annotations

from stripe_reports.catalog.known import reported_categories

__all__ = ["FEE_CATEGORIES", "REPORTING_CATEGORIES", "UNLISTED_CATEGORIES", "categories"]

REPORTING_CATEGORIES = (
    *("advance", "advance_funding", "anticipation_repayment", "charge", "charge_failure"),
    *("climate_order_purchase", "climate_order_refund", "connect_collection_transfer"),
    *("connect_reserved_funds", "contribution", "dispute", "dispute_reversal", "fee"),
    *("financing_paydown", "financing_paydown_reversal", "financing_payout", "financing_payout_reversal"),
    *(
        "issuing_authorization_hold",
        "issuing_authorization_release",
        "issuing_dispute",
        "issuing_transaction",
    ),
    *("network_cost", "other_adjustment", "partial_capture_reversal", "payout", "payout_reversal"),
    *("platform_earning", "platform_earning_refund", "refund", "refund_failure", "risk_reserved_funds"),
    *("tax", "topup", "topup_reversal", "transfer", "transfer_reversal", "unreconciled_customer_funds"),
)
"""The 37 reporting categories that Stripe lists; there may be others. Source: https://docs.stripe.com/reports/reporting-categories"""

FEE_CATEGORIES = ("fee", "network_cost", "contribution", "financing_paydown")
"""Reporting categories whose ``gross`` counts as a fee in the balance summary; a ``fee`` of theirs is tax.

Stripe's page on the reconciliation of revenue recognition names all four; genuine files prove only ``fee``.
"""

UNLISTED_CATEGORIES = (
    *("currency_conversion", "fee_credit_funding", "issuing_disbursement", "payment_network_reserve_hold"),
    *("payment_network_reserve_release", "payout_minimum_balance_hold", "payout_minimum_balance_release"),
    *("platform_fee_transfer", "reserve_hold", "revenue_share", "reward", "stripe_balance_payment_debit"),
    *("stripe_balance_payment_debit_reversal", "tax_fund", "tax_withholding"),
)
"""Reporting categories that occur in reports but not in Stripe's list, which it calls incomplete."""


def categories() -> tuple[str, ...]:
    """Return all known reporting categories, the ones that users reported last."""
    return (*REPORTING_CATEGORIES, *UNLISTED_CATEGORIES, *reported_categories())
