"""The columns that identify a row of a report, and the column of its amount.

Stripe documents no keys. These follow from what a row represents: a balance transaction or a component of
one, a movement of a payout, an amount of a summary. A failed payout has two rows with one id, which differ
in their category.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stripe_reports.models import base_of

__all__ = ["money_of", "natural_key"]

_TRANSACTION = ("balance_transaction_id",)
_PAYOUT = ("payout_id", "reporting_category")
_BY_CATEGORY = ("reporting_category", "currency")
_COMPONENT = ("balance_transaction_id", "balance_transaction_component", "fee_id", "activity_at")
_FIGURE = ("category", "currency")
_ENTRY = ("accounting_period", "open_accounting_period", "currency")
_ACCOUNTS = ("debit", "credit", "debit_gl_code", "credit_gl_code")

_KEYS: dict[str, tuple[str, ...]] = {
    "activity.itemized": _COMPONENT,
    "activity.summary": _BY_CATEGORY,
    "balance.summary": _FIGURE,
    "balance_change_from_activity.itemized": _TRANSACTION,
    "balance_change_from_activity.summary": _BY_CATEGORY,
    "ending_balance_reconciliation.itemized": _TRANSACTION,
    "ending_balance_reconciliation.summary": _BY_CATEGORY,
    "payout_reconciliation.itemized": _TRANSACTION,
    "payout_reconciliation.summary": _BY_CATEGORY,
    "payout_reconciliation.by_id.itemized": _TRANSACTION,
    "payout_reconciliation.by_id.summary": _BY_CATEGORY,
    "payouts.itemized": _PAYOUT,
    "payouts.summary": _BY_CATEGORY,
    "connect_card_payments_fees.plan_level": (
        *("platform_id", "connected_account_id", "plan_name"),
        *("network_cost_category", "fee_currency"),
    ),
    "connect.negative_balance_refunds_disputes_overview": ("account_id", "currency"),
    "financial_account_balance.summary": ("category",),
    "treasury_fees.administrative_facilitation_fee": ("financial_account", "date", "balance_currency"),
    "revenue_recognition.debit_credit_by_customer": (*_ENTRY, "customer_id", *_ACCOUNTS),
    "revenue_recognition.debit_credit_by_price": (*_ENTRY, "price_id", *_ACCOUNTS),
    "revenue_recognition.debit_credit_by_product": (*_ENTRY, "product_id", *_ACCOUNTS),
    "revenue_recognition.debit_credit_summary": (*_ENTRY, *_ACCOUNTS),
}
"""Keys by type without version; the Connect types also have the connected account. Other types have no key:
a fee, a tax line or a revenue entry can occur twice without any difference."""

_OF_CONNECTED = "connected_account_"
_MAY_BE_ABSENT = frozenset({"debit_gl_code", "credit_gl_code", "connected_account"})
"""Key columns that some reports lack: without them, the other columns identify a row."""

_BY_COLUMNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("category", "currency", "net_amount"), _FIGURE),
    (("reporting_category", "currency", "count"), _BY_CATEGORY),
    (_PAYOUT, _PAYOUT),
    (("balance_transaction_id", "net"), _TRANSACTION),
    (_COMPONENT, _COMPONENT),
)
"""For a frame of unknown type: the columns that identify the type, and the key."""

_MONEY = (("net", "currency"), ("net_amount", "currency"), ("amount", "currency"))
_MONEY_OF = {
    "tax.transactions.itemized": ("tax_amount", "currency"),
    "connected_account_tax.transactions.itemized": ("tax_amount", "currency"),
    "connect_card_payments_fees.plan_level": ("total_amount", "fee_currency"),
    "connect_card_payments_fees.transaction_level": ("total_amount", "fee_currency"),
    "connect.negative_balance_refunds_disputes_overview": ("balance", "currency"),
    "treasury_fees.administrative_facilitation_fee": ("fee", "balance_currency"),
}


def natural_key(columns: Sequence[str], report_type: str | None = None) -> tuple[str, ...] | None:
    """Return the columns that identify a row of a report; None if there are none.

    Args:
        columns: The columns of the frame.
        report_type: Id, with or without version; None to recognise it by the columns.
    """
    if report_type is None:
        return next((key for told, key in _BY_COLUMNS if set(told) <= set(columns)), None)
    base = base_of(report_type)
    key = _KEYS.get(base) or _KEYS.get(base.removeprefix(_OF_CONNECTED))
    if key is None:
        return None
    if base.startswith(_OF_CONNECTED):
        key = ("connected_account", *key)
    there = tuple(name for name in key if name in columns)
    return there if set(key) - set(there) <= _MAY_BE_ABSENT else None


def money_of(columns: Collection[str], report_type: str | None = None) -> tuple[str, str] | None:
    """Return the columns of a row's amount and of its currency; None if the report does not have both."""
    named = _MONEY_OF.get(base_of(report_type)) if report_type else None
    return next((pair for pair in ((named,) if named else _MONEY) if set(pair) <= set(columns)), None)
