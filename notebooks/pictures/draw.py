"""Draw the README's pictures of reports, in light and dark: ``python notebooks/pictures/draw.py``."""

from pathlib import Path

import stripe_reports as sr

HERE = Path(__file__).parent


def main(folder: Path = HERE) -> None:
    client = sr.demo()
    year = {"period": "2025-11-01/2026-11-01", "split": "month"}
    pictures = {
        "balances": (
            client.fetch_all("balance.summary", **year),
            "balances",
            {"activity": client.fetch_all("balance_change_from_activity.summary", **year)},
        ),
        "payouts": (client.fetch("payout_reconciliation.itemized", "2026-10"), "payouts", {}),
        "tax": (client.fetch("tax.transactions.itemized", "2026-10"), "jurisdictions", {"top": 7}),
    }
    for name, (report, kind, options) in pictures.items():
        for theme in ("light", "dark"):
            chart = report.chart(kind, theme=theme, currency="eur", **options)
            chart.save(folder / f"{name}-{theme}.svg")


if __name__ == "__main__":
    main()
