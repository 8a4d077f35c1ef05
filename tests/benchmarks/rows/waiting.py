"""Following runs: how soon one is found finished, how many polls that takes, and many at once."""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque

from tests.benchmarks.table import Row

from stripe_reports import Client
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import RateLimits, RealClock, Simulator, serve

SECONDS = (3, 10, 30, 100, 300, 1000)
GROWTH, SLACK, POLLS_A_MINUTE = 1.35, 2.0, 12
AT_ONCE, AT_ONCE_BAR = 50, 1.2


def rows(runs: int, longest: float) -> list[Row]:
    """One run of each length on the simulator's clock; fifty of them on the real one."""
    found = [one(seconds) for seconds in SECONDS for _ in range(runs)]
    worst = max(found, key=lambda each: each[1] / (GROWTH * each[0] + SLACK))
    busiest = max(polls for _, _, polls in found)
    loop = max(math.ceil(seconds / 5) * 5 / seconds for seconds in SECONDS)
    return [
        Row(
            f"a run of T = {SECONDS[0]}–{SECONDS[-1]} s, nothing learned yet",
            f"≤ {GROWTH} T + {SLACK:.0f} s, ≤ {POLLS_A_MINUTE} polls a minute",
            f"worst: {worst[1]:.1f} s for {worst[0]} s; ≤ {busiest} polls a minute",
            f"a loop that sleeps 5 s: up to {loop:.2f} T, 12 polls a minute",
            f"{worst[1] / (GROWTH * worst[0] + SLACK):.2f} of the bar",
            worst[1] <= GROWTH * worst[0] + SLACK and busiest <= POLLS_A_MINUTE,
        ),
        many(longest / 3, longest),
    ]


def one(seconds: float) -> tuple[float, float, int]:
    """How long a run takes, how long until its frame is there, and the most polls in any minute."""
    simulator = Simulator(latency=float(seconds))
    polls: list[float] = []
    with tempfile.TemporaryDirectory() as folder, DemoClient(simulator, cache_dir=folder) as client:
        started = simulator.clock.now().timestamp()
        client.frame(
            "balance.summary",
            "2026-10",
            timeout=10_000,
            progress=lambda *_: polls.append(simulator.clock.now().timestamp() - started),
        )
        taken = simulator.clock.now().timestamp() - started
    window: deque[float] = deque()
    most = 0
    for at in polls[1:]:  # the first report of progress comes before any poll
        window.append(at)
        while window[0] <= at - 60:
            window.popleft()
        most = max(most, len(window))
    return seconds, taken, most


def many(least: float, most: float) -> Row:
    """Fifty reports in one call, over HTTP, with Stripe's rate limits, on the real clock."""
    simulator = Simulator(
        clock=RealClock(), latency=lambda rng: rng.uniform(least, most), rate_limits=RateLimits()
    )
    simulator.cached_answer = "off"
    with (
        serve(simulator) as url,
        tempfile.TemporaryDirectory() as folder,
        Client(simulator.key, base_url=url, cache_dir=folder) as client,
    ):
        started = time.perf_counter()
        reports = client.fetch_all(
            "balance_change_from_activity.itemized", "2026-08-01/2026-09-20", split="day", progress=False
        )
        taken = time.perf_counter() - started
    lengths = [(report.run.succeeded_at - report.run.created).total_seconds() for report in reports]
    failed = sum(request.status == 429 for request in simulator.requests)
    return Row(
        f"{AT_ONCE} runs at once",
        f"≤ {AT_ONCE_BAR} × the slowest",
        f"{taken:.1f} s, {len(simulator.requests)} calls, {failed} over the limit",
        f"one after the other: {sum(lengths):.0f} s; the slowest: {max(lengths):.0f} s",
        f"{taken / max(lengths):.2f} ×",
        taken <= AT_ONCE_BAR * max(lengths),
    )
