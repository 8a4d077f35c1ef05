"""From a finished run to a stored Parquet file: time beside curl and polars, and memory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.data import Served
from tests.benchmarks.measure import cpu_ratio, in_child, interleaved, ratios, seconds
from tests.benchmarks.rows.reading import typed
from tests.benchmarks.table import Row

BAR, MEMORY_BAR = 1.15, 600e6

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(report: Served, folder: Path, runs: int) -> list[Row]:
    """Time and memory of download and store."""
    samples = interleaved(
        {"ours": (ours, [report.client, report.run, str(folder)]), "peer": (peer, _of_peer(report, folder))},
        runs,
    )
    if len({sample.value for each in samples.values() for sample in each}) != 1:
        raise AssertionError(f"the ways to store do not agree: {samples}")
    ratio = ratios(samples["ours"], samples["peer"])
    time = Row(
        "download and store",
        f"≤ {BAR} ×",
        seconds(samples["ours"]).text(" s"),
        f"`curl -o`, then polars `scan_csv` → `sink_parquet`: {seconds(samples['peer']).text(' s')}",
        f"{ratio.text(' ×')}; {cpu_ratio(samples['ours'], samples['peer'])}",
        ratio.middle <= BAR,
    )
    beside = max(sample.peak for sample in samples["peer"]) / 1e6
    return [time, _memory(samples["ours"], report, f"the same of the peer: {beside:.0f} MB")]


def memory(report: Served, folder: Path) -> Row:
    """Memory alone, one run."""
    return _memory([in_child(ours, report.client, report.run, str(folder))], report, "")


def _memory(samples: list[Any], report: Served, beside: str) -> Row:
    peak, million = max(sample.peak for sample in samples), samples[0].value / 1e6
    return Row(
        f"peak memory of download and store, {million:.2f} M rows, {report.size / 1e9:.2f} GB",
        f"< {MEMORY_BAR / 1e6:.0f} MB",
        f"{peak / 1e6:.0f} MB",
        beside,
        f"{samples[-1].seconds:.1f} s",
        peak < MEMORY_BAR,
    )


def ours(client: dict[str, str], run_id: str, folder: str) -> Case:
    """A client that has nothing stored."""
    import stripe_reports as sr

    cache = tempfile.mkdtemp(dir=folder)
    asking = sr.Client(**client, cache_dir=cache)
    run = asking.retrieve(run_id)

    def count(rows: Any) -> int:
        import polars as pl

        height = rows.select(pl.len()).collect().item()
        shutil.rmtree(cache)
        return int(height)

    return lambda: asking.scan(run), count


def _of_peer(report: Served, folder: Path) -> list[str]:
    return [report.csv_url, report.key, str(folder)]


def peer(url: str, key: str, folder: str) -> Case:
    """curl, or requests where there is no curl, and polars with the schema made beforehand."""
    import polars as pl
    import requests

    place = Path(tempfile.mkdtemp(dir=folder))
    csv, parquet, curl = place / "report.csv", place / "report.parquet", shutil.which("curl")
    headers = {"Authorization": f"Bearer {key}"}

    def store() -> None:
        if curl:
            header = f"Authorization: {headers['Authorization']}"
            subprocess.run([curl, "--silent", "--fail", "-H", header, "-o", csv, url], check=True)
        else:
            with (
                requests.get(url, headers=headers, stream=True, timeout=60) as answer,
                csv.open("wb") as file,
            ):
                shutil.copyfileobj(answer.raw, file, 1 << 18)
        typed(str(csv)).sink_parquet(parquet)

    def count(_: None) -> int:
        height = pl.scan_parquet(parquet).select(pl.len()).collect().item()
        shutil.rmtree(place)
        return int(height)

    return store, count
