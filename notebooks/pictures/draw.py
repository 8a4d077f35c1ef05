"""Draw the README's pictures of reports, in light and dark: ``python notebooks/pictures/draw.py``."""

from pathlib import Path

import stripe_reports as sr

HERE = Path(__file__).parent
PICTURES = {
    "activity": ("balance_change_from_activity.itemized", "net", {"currency": "eur", "every": "day"}),
    "payouts": ("payout_reconciliation.itemized", "payouts", {"currency": "eur"}),
    "tax": ("tax.transactions.itemized", "jurisdictions", {"currency": "eur", "top": 7}),
    "revenue": ("revenue_recognition.debit_credit_summary", "recognised", {"currency": "eur"}),
}


def main(folder: Path = HERE) -> None:
    client = sr.demo()
    for name, (report_type, kind, options) in PICTURES.items():
        report = client.fetch(report_type, "2026-Q3" if name == "revenue" else "2026-10")
        for theme in ("light", "dark"):
            chart = report.chart(kind, theme=theme, **options)
            chart.save(folder / f"{name}-{theme}.svg")


if __name__ == "__main__":
    main()
