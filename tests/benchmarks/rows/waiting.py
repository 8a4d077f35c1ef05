"""Following runs: how soon one is found finished, how many polls that takes, and many at once."""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque
from collections.abc import Iterator

from tests.benchmarks.table import Row

from stripe_reports import Client
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import RateLimits, RealClock, Simulator, serve

SECONDS = (3, 10, 30, 100, 300, 1000)
GROWTH, SLACK, POLLS_A_MINUTE = 1.35, 2.0, 12
KNOWN_GROWTH, KNOWN_SLACK = 1.15, 1.0
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
AT_ONCE, AT_ONCE_BAR = 50, 1.2


def rows(runs: int, longest: float) -> list[Row]:
    """Runs of each length on the simulator's clock; fifty at once on the real one."""
    found = [each for seconds in SECONDS for _ in range(runs) for each in following(seconds)]
    first, later = ([each for each in found if each[2] is known] for known in (False, True))
    loop = max(math.ceil(seconds / 5) * 5 / seconds for seconds in SECONDS)
    return [
        _row("nothing learned yet", first, GROWTH, SLACK, f"up to {loop:.2f} T, 12 polls a minute"),
        _row("known from an earlier run", later, KNOWN_GROWTH, KNOWN_SLACK, "the same"),
        many(longest / 3, longest),
    ]


Followed = tuple[float, float, bool, int]
"""Seconds of a run, seconds until its frame was there, if that was known before, most polls in any minute."""


def _row(what: str, found: list[Followed], growth: float, slack: float, loop: str) -> Row:
    def part(each: Followed) -> float:
        return each[1] / (growth * each[0] + slack)

    worst, busiest = max(found, key=part), max(polls for *_, polls in found)
    return Row(
        f"a run of T = {SECONDS[0]}–{SECONDS[-1]} s, {what}",
        f"≤ {growth} T + {slack:.0f} s, ≤ {POLLS_A_MINUTE} polls a minute",
        f"worst: {worst[1]:.1f} s for {worst[0]:.0f} s; ≤ {busiest} polls a minute",
        f"a loop that sleeps 5 s: {loop}",
        f"{part(worst):.2f} of the bar",
        part(worst) <= 1 and busiest <= POLLS_A_MINUTE,
    )


def following(seconds: float) -> Iterator[Followed]:
    """Runs of such a length, one after the other: the first teaches how long the next take."""
    simulator = Simulator(latency=float(seconds))
    simulator.cached_answer = "off"
    polls: list[float] = []
    with tempfile.TemporaryDirectory() as folder, DemoClient(simulator, cache_dir=folder) as client:
        for month in MONTHS:
            polls.clear()
            started = simulator.clock.now().timestamp()
            client.frame(
                "balance.summary",
                month,
                timeout=10_000,
                progress=lambda *_: polls.append(simulator.clock.now().timestamp()),
            )
            taken = simulator.clock.now().timestamp() - started
            yield seconds, taken, month != MONTHS[0], _most_in_a_minute(polls[1:])


def _most_in_a_minute(polls: list[float]) -> int:
    """The first report of progress comes before any poll, and is left out already."""
    window: deque[float] = deque()
    most = 0
    for at in polls:
        window.append(at)
        while window[0] <= at - 60:
            window.popleft()
        most = max(most, len(window))
    return most


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
