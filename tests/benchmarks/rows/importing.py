"""What ``import stripe_reports`` costs."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.measure import Spread, environment
from tests.benchmarks.table import Row

BAR = 0.5


def rows(runs: int) -> list[Row]:
    """The import beside that of polars, whole processes."""
    times: dict[str, list[float]] = {"stripe_reports": [], "polars": []}
    for round_ in range(runs + 1):
        for module in times:
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment())
            if round_:  # the first one compiles
                times[module].append(time.perf_counter() - started)
    ours, peer = Spread.of(times["stripe_reports"]), Spread.of(times["polars"])
    pairs = zip(times["stripe_reports"], times["polars"], strict=True)
    ratio = Spread.of([our / its for our, its in pairs])
    return [
        Row(
            "`import stripe_reports`",
            f"≤ {BAR} ×",
            ours.text(" s"),
            f"`import polars`: {peer.text(' s')}",
            ratio.text(" ×"),
            median(times["stripe_reports"]) <= BAR * median(times["polars"]),
        )
    ]
