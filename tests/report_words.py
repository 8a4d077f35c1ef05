"""The words of people for reports, for the tests of every place where they search."""

MEANT = {
    "deposit": "payouts.itemized",
    "what was deposited in my bank?": "payouts.itemized",
    "bank": "payouts.itemized",
    "why is the deposit not my sales": "payout_reconciliation.itemized",
    "sales tax": "tax.transactions.itemized",
    "VAT": "tax.transactions.itemized",
    "tax invoice": "all_fees.vat_invoice_v2.itemized",
    "chargebacks": "balance_change_from_activity.itemized",
    "disputes": "balance_change_from_activity.itemized",
    "fees": "all_fees.balance_transaction_created.itemized",
    "refunds": "balance_change_from_activity.itemized",
    "revenue": "revenue_recognition.debit_credit_summary",
    "what did Amex cost": "all_fees.balance_transaction_created.itemized",
    "sales": "balance_change_from_activity.summary",
    "month end": "balance.summary",
    "outstanding": "ending_balance_reconciliation.itemized",
    "failed payouts": "failed_payouts.itemized",
    "marketplace sellers": "connected_account_balance_change_from_activity.itemized",
}
"""What people say, and the name of the report that answers it best."""
