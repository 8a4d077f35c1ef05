"""A stored result: opened whole, scanned for a week, and fetched again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.data import COLUMNS, PERIOD, REPORT_TYPE, ZONE, Served
from tests.benchmarks.measure import Spread, in_child
from tests.benchmarks.table import Row

WHOLE_BAR, FILTERED_BAR, FETCH_BAR = 4, 100, 0.005
WEEK = datetime(2026, 6, 1, tzinfo=UTC), timedelta(days=7)

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(report: Served, csv: Path, folder: Path, runs: int) -> list[Row]:
    """Opening beside parsing again, all in one process; then a fetch of what is stored."""
    times = in_child(opened, report.client, str(folder / "kept"), str(csv), runs).value
    parsed = Spread.of(times["parsed"])

    def row(what: str, name: str, bar: int) -> Row:
        faster = Spread.of([again / ours for again, ours in zip(times["parsed"], times[name], strict=True)])
        return Row(
            what,
            f"≥ {bar} × faster",
            Spread.of(times[name]).text(" s", 3),
            f"parsing again: {parsed.text(' s')}",
            faster.text(" ×", 1),
            faster.middle >= bar,
        )

    fetched = in_child(fetched_again, report.client, str(folder / "kept"), 5 * runs).value
    spread = Spread.of([1000 * each for each in fetched["seconds"]])
    return [
        row("opening a stored result whole", "whole", WHOLE_BAR),
        row("scanning a stored result for a week", "filtered", FILTERED_BAR),
        Row(
            "`fetch` of a closed interval, stored",
            f"no HTTP call, < {1000 * FETCH_BAR:.0f} ms",
            f"{spread.text(' ms', 1)}, {fetched['connections']} connections",
            "–",
            f"first in its process {1000 * fetched['first']:.1f} ms",
            spread.middle < 1000 * FETCH_BAR and fetched["connections"] == 0,
        ),
    ]


def opened(client: dict[str, str], cache: str, csv: str, runs: int) -> Case:
    """The three ways to the rows, in turn."""
    import polars as pl

    import stripe_reports as sr

    def way(times: list[float], read: Callable[[], int]) -> int:
        started = time.perf_counter()
        height = read()
        times.append(time.perf_counter() - started)
        return height

    def measured() -> dict[str, list[float]]:
        asking = sr.Client(**client, cache_dir=cache)
        report = asking.fetch(REPORT_TYPE, PERIOD, columns=COLUMNS, timezone=ZONE)
        report.scan()  # the file is checked once in a process
        in_the_week = pl.col("created_utc").is_between(WEEK[0], sum(WEEK[1:], WEEK[0]), closed="left")
        times: dict[str, list[float]] = {"parsed": [], "whole": [], "filtered": []}
        for _ in range(runs):
            parsed = way(
                times["parsed"], lambda: sr.read_csv(csv, report_type=REPORT_TYPE, timezone=ZONE).height
            )
            whole = way(times["whole"], lambda: report.frame().height)
            week = way(times["filtered"], lambda: report.scan().filter(in_the_week).collect().height)
            if parsed != whole or not 0 < week < whole:
                raise AssertionError(f"{parsed} rows parsed, {whole} stored, {week} of a week")
        return times

    return measured, lambda times: times


def fetched_again(client: dict[str, str], cache: str, runs: int) -> Case:
    """``fetch`` in a fresh process, with connections counted."""
    import stripe_reports as sr

    connections = []
    connect = socket.socket.connect
    socket.socket.connect = lambda self, address: connections.append(address) or connect(self, address)

    def measured() -> list[float]:
        asking, times = sr.Client(**client, cache_dir=cache), []
        for _ in range(runs + 1):
            started = time.perf_counter()
            report = asking.fetch(REPORT_TYPE, PERIOD, columns=COLUMNS, timezone=ZONE)
            times.append(time.perf_counter() - started)
            if report.reuse.action != "stored":
                raise AssertionError(report.reuse)
        return times

    return measured, lambda times: {
        "first": times[0],
        "seconds": times[1:],
        "connections": len(connections),
    }
