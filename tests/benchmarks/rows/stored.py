"""A store with many results: what a new fetch costs among them, and how long it takes to list them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Spread, interleaved
from tests.benchmarks.table import Row

from stripe_reports.simulator import RealClock, Simulator, serve

FETCH_BAR, INFO_BAR = 1.2, 12
FEWER, TENTH = 100, 10
FETCHED = 10
REPORT_TYPE = "payouts.itemized.5"

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(results: int, folder: Path, runs: int) -> list[Row]:
    """The CPU of fetches, of new and of stored results, and of the list, among many results and among few."""
    few, tenth = max(1, results // FEWER), max(1, results // TENTH)
    simulator = Simulator(clock=RealClock(), latency=0.0)
    with serve(simulator) as url:
        samples = interleaved(
            {number: (used, [url, simulator.key, str(folder), number]) for number in (results, tenth, few)},
            runs,
        )
    found = {number: [each.value for each in of] for number, of in samples.items()}
    return [
        _row(f"a stored `fetch` among {results:,} stored results", "again", FETCH_BAR, found, results, few),
        _row(f"a new `fetch` among {results:,} stored results", "fetch", FETCH_BAR, found, results, few),
        _row(f"`cache.info()` of {results:,} results", "info", INFO_BAR, found, results, tenth),
    ]


def _row(
    what: str, name: str, bar: float, found: dict[int, list[dict[str, float]]], many: int, few: int
) -> Row:
    ours, peers = ([1000 * each[name] for each in found[number]] for number in (many, few))
    ratio = Spread.of([our / peer for our, peer in zip(ours, peers, strict=True)])
    return Row(
        what,
        f"≤ {bar} × the CPU",
        Spread.of(ours).text(" ms", 1),
        f"{few:,} results: {Spread.of(peers).text(' ms', 1)}",
        ratio.text(" ×"),
        ratio.middle <= bar,
    )


def used(url: str, key: str, folder: str, stored: int) -> Case:
    """Seconds of CPU of a new fetch, of one of a stored result, and of the list, among so many results."""
    client = _client_with(url, key, folder, stored)
    client.fetch(REPORT_TYPE, "2026-01-01")  # imports, and what is asked once
    days = [date(2026, 2, 1) + timedelta(days=number) for number in range(FETCHED)]

    def measured() -> dict[str, float]:
        started = time.process_time()
        actions = {client.fetch(REPORT_TYPE, f"{day}", reuse="never").reuse.action for day in days}
        fetched = time.process_time()
        again = {client.fetch(REPORT_TYPE, "2026-01-01").reuse.action for _ in days}
        reused = time.process_time()
        listed = client.cache.info().height
        ended = time.process_time()
        if actions != {"launched"} or again != {"stored"} or listed != stored + 1 + FETCHED:
            raise AssertionError(f"{actions}, {listed} results listed")
        return {
            "fetch": (fetched - started) / FETCHED,
            "again": (reused - fetched) / FETCHED,
            "info": ended - reused,
        }

    return measured, lambda seconds: seconds


def _client_with(url: str, key: str, folder: str, stored: int) -> Any:
    """A client of a store with so many results: copies of one, as links, each of its own run and request."""
    import stripe_reports as sr

    cache = tempfile.mkdtemp(dir=folder)
    with sr.Client(key, base_url=url, cache_dir=cache) as client:
        one = client.fetch(REPORT_TYPE, "2025-12").path
    for number in range(1, stored):
        place = one.parents[1] / f"{number:032x}"
        place.mkdir()
        for file in (one, one.with_suffix(".sha256")):
            os.link(file, place / f"frr_1copy{number}{file.suffix}")
    index = one.parents[3] / "index.sqlite"
    index.unlink()  # it is written again, with the copies
    return sr.Client(key, base_url=url, cache_dir=cache)
