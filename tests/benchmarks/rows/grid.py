"""Many cells in one call: how many calls they cost, how long they take, and how their dataset is read.

The simulator is in this process, with Stripe's limits, and its clock moves while the client waits: so the
time of the call is that of a real one, and hardly depends on the machine.
"""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
from tests.benchmarks.measure import Spread
from tests.benchmarks.table import Row

import stripe_reports as sr
from stripe_reports.demo_client import DemoClient
from stripe_reports.planning.schedule import SECONDS_PER_RUN, Limits, schedule
from stripe_reports.simulator import RateLimits, Simulator

CALLS_BAR, MODEL_BAR, COMPACTED_BAR = 4, 0.2, 5
IN_FLIGHT = 500
REPORT_TYPE = "payouts.itemized.5"
PERIOD, MONTHS = "2025-02/2026-10", 20


def rows(cells: int, folder: Path, runs: int) -> list[Row]:
    """One call of so many cells into a dataset, and that dataset before and after it is compacted."""
    accounts = cells // MONTHS
    simulator = Simulator(latency=SECONDS_PER_RUN, rate_limits=RateLimits(), accounts=accounts)
    place = folder / "shared"
    in_flight = min(IN_FLIGHT, accounts * MONTHS // 4)
    with DemoClient(simulator, cache_dir=folder / "grid") as client:
        limits = Limits(client.settings.calls_per_second, in_flight)
        started = client.simulator.clock.now()
        reports = client.fetch_all(
            REPORT_TYPE,
            PERIOD,
            split="month",
            accounts=simulator.account_ids(),
            into=place,
            in_flight=in_flight,
        )
        taken = (client.simulator.clock.now() - started).total_seconds()
    if len(reports) != len(simulator.runs) or not len(reports):
        raise AssertionError(f"{len(reports)} reports of {len(simulator.runs)} runs")
    calls = len(simulator.requests) / len(reports)
    refused = sum(request.status == 429 for request in simulator.requests)
    planned = schedule(len(reports), limits)
    return [
        Row(
            f"calls of `fetch_all`, {len(reports):,} cells of {accounts} accounts",
            f"≤ {CALLS_BAR} a cell",
            f"{calls:.2f} a cell, {refused} over the limit",
            "–",
            f"{calls:.2f}",
            calls <= CALLS_BAR,
        ),
        Row(
            f"time of the same, runs of {SECONDS_PER_RUN:.0f} s, {in_flight} in flight",
            f"≤ {MODEL_BAR:.0%} from what `plan_all` says",
            f"{taken:.0f} s by Stripe's clock",
            f"`plan_all`: {planned.seconds:.0f} s, limited by {planned.limited_by}",
            f"{taken / planned.seconds:.2f} ×",
            abs(taken / planned.seconds - 1) <= MODEL_BAR,
        ),
        _compacted(sr.dataset(place), len(reports), runs),
    ]


def _compacted(dataset: sr.Dataset, files: int, runs: int) -> Row:
    small, height = _timed(dataset.scan(REPORT_TYPE), runs)
    copies = dataset.compact().height
    large, again = _timed(dataset.scan(REPORT_TYPE), runs)
    if height != again:
        raise AssertionError(f"{height} rows, and {again} after they were compacted")
    faster = Spread.of([one / other for one, other in zip(small, large, strict=True)])
    return Row(
        f"a compacted dataset ({copies} files), reading its {height:,} rows",
        f"≥ {COMPACTED_BAR} × faster",
        Spread.of(large).text(" s", 3),
        f"{files:,} small files: {Spread.of(small).text(' s', 3)}",
        faster.text(" ×", 1),
        faster.middle >= COMPACTED_BAR,
    )


def _timed(scanned: pl.LazyFrame, runs: int) -> tuple[list[float], int]:
    times, height = [], 0
    for _ in range(runs):
        started = time.perf_counter()
        height = scanned.collect().height
        times.append(time.perf_counter() - started)
    return times, height
