"""The size of chart specifications, which are saved into notebooks."""

from __future__ import annotations

import json

from tests.benchmarks.table import Row

import stripe_reports as sr
from stripe_reports.errors import ParameterError

BAR = 200_000
REPORTS = ("balance.summary", "balance_change_from_activity.itemized", "payouts.itemized")


def rows() -> list[Row]:
    """The largest specification among reports of a year that have a chart."""
    client, sizes = sr.demo(), {}
    for name in REPORTS:
        try:
            chart = client.fetch(name, "2026-01-01/2026-10-01").chart()
        except ParameterError:  # no chart of that family
            continue
        sizes[name] = len(json.dumps(chart.to_dict()))
    largest = max(sizes, key=lambda name: sizes[name])
    return [
        Row(
            f"chart specification (largest of {len(sizes)} families: {largest})",
            f"< {BAR / 1000:.0f} kB for any rows",
            f"{sizes[largest] / 1000:.1f} kB",
            "altair's limit: 5,000 rows",
            "",
            sizes[largest] < BAR,
        )
    ]
