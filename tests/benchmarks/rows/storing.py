"""From a finished run to a stored Parquet file: time beside curl and polars, and memory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.data import Served, throttled
from tests.benchmarks.measure import Sample, Spread, compared, in_child, interleaved, seconds
from tests.benchmarks.rows.reading import typed
from tests.benchmarks.table import Row

BAR, SLOW_BAR, CURL_BAR, MEMORY_BAR = 1.0, 0.85, 1.05, 300e6
RATE = 50_000_000

PEER = "`curl -o`, then polars `scan_csv` → `sink_parquet`"

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(report: Served, folder: Path, runs: int) -> list[Row]:
    """Time and memory of download and store, on this machine and over a connection of 50 MB/s."""
    samples = _samples(report, folder, runs)
    time = Row(
        "download and store, loopback",
        f"≤ {BAR} ×, time and CPU",
        seconds(samples["ours"]).text(" s"),
        f"{PEER}: {seconds(samples['peer']).text(' s')}",
        *compared(samples["ours"], samples["peer"], BAR),
    )
    beside = max(sample.peak for sample in samples["peer"]) / 1e6
    return [time, _memory(samples["ours"], report, f"the same of the peer: {beside:.0f} MB")]


def slow_rows(report: Served, folder: Path, runs: int) -> list[Row]:
    """Time over a connection of 50 MB/s, where a download alone takes longer than reading."""
    with throttled(report, RATE) as slow:
        samples = _samples(slow, folder, runs, curl=(download, _of_peer(slow, folder)))
    what, ours_text = f"download and store at {RATE / 1e6:.0f} MB/s", seconds(samples["ours"]).text(" s")
    found = []
    for name, beside, bar in (("peer", PEER, SLOW_BAR), ("curl", "`curl -o` alone", CURL_BAR)):
        pairs = zip(samples["ours"], samples[name], strict=True)
        ratio = Spread.of([our.whole_seconds / other.whole_seconds for our, other in pairs])
        found.append(
            Row(
                what,
                f"≤ {bar} × {'the peer' if name == 'peer' else '`curl`'}",
                ours_text,
                f"{beside}: {seconds(samples[name]).text(' s')}",
                ratio.text(" ×"),
                ratio.middle <= bar,
            )
        )
    return found


def _samples(report: Served, folder: Path, runs: int, **more: Any) -> dict[str, list[Sample]]:
    """Runs of this package and of the peer, which must agree on the number of rows."""
    samples = interleaved(
        {
            "ours": (ours, [report.client, report.run, str(folder)]),
            "peer": (peer, _of_peer(report, folder)),
            **more,
        },
        runs,
    )
    if len({sample.value for name in ("ours", "peer") for sample in samples[name]}) != 1:
        raise AssertionError(f"the ways to store do not agree: {samples}")
    return samples


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

    place = Path(tempfile.mkdtemp(dir=folder))
    csv, parquet = place / "report.csv", place / "report.parquet"

    def store() -> None:
        _get(url, key, csv)
        typed(str(csv)).sink_parquet(parquet)

    def count(_: None) -> int:
        height = pl.scan_parquet(parquet).select(pl.len()).collect().item()
        shutil.rmtree(place)
        return int(height)

    return store, count


def download(url: str, key: str, folder: str) -> Case:
    """curl alone."""
    csv = Path(tempfile.mkdtemp(dir=folder)) / "report.csv"

    def size(_: None) -> int:
        found = csv.stat().st_size
        shutil.rmtree(csv.parent)
        return found

    return lambda: _get(url, key, csv), size


def _get(url: str, key: str, csv: Path) -> None:
    if curl := shutil.which("curl"):
        header = f"Authorization: Bearer {key}"
        subprocess.run([curl, "--silent", "--fail", "-H", header, "-o", csv, url], check=True)
        return
    import requests

    headers = {"Authorization": f"Bearer {key}"}
    with requests.get(url, headers=headers, stream=True, timeout=60) as answer, csv.open("wb") as file:
        shutil.copyfileobj(answer.raw, file, 1 << 18)
