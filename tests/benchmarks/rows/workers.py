"""Workers: the same grid converted by a Dask cluster and by threads, and what the driver has to do."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Spread, interleaved
from tests.benchmarks.table import Row

from stripe_reports.simulator import RealClock, Simulator, serve

BAR = 1.3
WORKERS = 2
REPORT_TYPE, PERIOD, MONTHS = "balance_change_from_activity.itemized.3", "2026-04/2026-10", 6
SIZE = 1000.0
"""Charges a day of the platform: a month of one of its accounts has 300 to 11,000 rows."""

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(accounts: int, folder: Path, runs: int) -> list[Row]:
    """The time of both, beside each other, and the driver's share of the CPU."""
    if find_spec("distributed") is None:
        missing = "not measured: distributed is not installed"
        return [Row("a grid converted by Dask", f"≤ {BAR} × threads", missing, "–", "–", None)]
    simulator = Simulator(clock=RealClock(), latency=1.0, charges_per_day=SIZE)
    with serve(simulator) as url:
        arguments = [url, simulator.key, simulator.account_ids(accounts), str(folder)]
        samples = interleaved({name: (fetching, [*arguments, name]) for name in ("Dask", "threads")}, runs)
    dask, threads = ([each.value["seconds"] for each in samples[name]] for name in ("Dask", "threads"))
    ratio = Spread.of([ours / peer for ours, peer in zip(dask, threads, strict=True)])
    used = [each.value for each in samples["Dask"]]
    share = Spread.of([100 * each["driver"] / (each["driver"] + each["workers"]) for each in used])
    cells = accounts * MONTHS
    return [
        Row(
            f"a grid of {cells} cells converted by Dask, {WORKERS} processes",
            f"≤ {BAR} × threads",
            Spread.of(dask).text(" s"),
            f"threads: {Spread.of(threads).text(' s')}",
            ratio.text(" ×"),
            ratio.middle <= BAR,
        ),
        Row(
            "",
            "",
            f"the driver, with Dask's scheduler: {_each(used, 'driver', cells)}",
            f"its workers: {_each(used, 'workers', cells)}",
            f"{share.text(' %', 0)} of the CPU",
            None,
        ),
    ]


def _each(used: list[dict[str, float]], name: str, cells: int) -> str:
    return Spread.of([1000 * each[name] / cells for each in used]).text(" ms of CPU a cell", 0)


def fetching(url: str, key: str, accounts: list[str], folder: str, name: str) -> Case:
    """Fetch the grid with workers that are up."""
    import stripe_reports as sr

    os.environ["STRIPE_API_KEY"] = key  # of the workers, too
    opened = ExitStack()
    client = opened.enter_context(sr.Client(key, base_url=url, cache_dir=tempfile.mkdtemp(dir=folder)))
    workers = opened.enter_context(_cluster(folder)) if name == "Dask" else None
    client.fetch_all(REPORT_TYPE, "2026-01", accounts=accounts, executor=workers, reuse="never")

    def used() -> float:
        return sum(workers.run(time.process_time).values()) if workers else 0.0

    def measured() -> dict[str, float]:
        before, started, cpu = used(), time.perf_counter(), time.process_time()
        reports = client.fetch_all(
            REPORT_TYPE, PERIOD, split="month", accounts=accounts, executor=workers, reuse="never"
        )
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        if len(reports) != MONTHS * len(accounts):
            raise AssertionError(reports.failed())
        return {"seconds": seconds, "driver": cpu, "workers": used() - before}

    def closed(value: dict[str, float]) -> dict[str, float]:
        opened.close()
        return value

    return measured, closed


def _cluster(folder: str) -> Any:
    """A client of two processes on this machine; it closes them."""
    from distributed import Client

    return Client(
        n_workers=WORKERS,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=folder,
    )
