"""The size of chart specifications, which are saved into notebooks."""

from __future__ import annotations

import json

from tests.benchmarks.table import Row

import stripe_reports as sr

BAR = 200_000
REPORTS = (
    *("balance.summary", "balance_change_from_activity.itemized", "payouts.itemized"),
    *(
        "payout_reconciliation.itemized",
        "tax.transactions.itemized",
        "ending_balance_reconciliation.itemized",
    ),
    *("connected_account_balance_change_from_activity.itemized", "revenue_recognition.debit_credit_summary"),
)


def rows() -> list[Row]:
    """The largest specification among all charts of reports of a year."""
    client, sizes = sr.demo(), {}
    for name in REPORTS:
        report = client.fetch(name, "2026-01-01/2026-10-01")
        for kind in report.chart_kinds():
            sizes[f"{name}, {kind}"] = len(json.dumps(report.chart(kind).to_dict()))
    largest = max(sizes, key=lambda name: sizes[name])
    return [
        Row(
            f"chart specification (largest of {len(sizes)}: {largest})",
            f"< {BAR / 1000:.0f} kB for any rows",
            f"{sizes[largest] / 1000:.1f} kB",
            "altair's limit: 5,000 rows",
            "",
            sizes[largest] < BAR,
        )
    ]
