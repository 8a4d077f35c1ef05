"""One rate limit for all processes that use a key: how many answers are 429."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import ROOT, environment
from tests.benchmarks.table import Row

from stripe_reports.simulator import RateLimits, RealClock, Simulator, serve

PROCESSES, BAR = 4, 0.01


def rows(calls: int) -> Iterator[Row]:
    """Four processes with one test key, with one budget, and with a budget for each."""
    shared, seconds = refused(calls, is_shared=True)
    own, _ = refused(calls, is_shared=False)
    yield Row(
        f"{PROCESSES} processes on one key, {calls} calls",
        f"≤ {BAR:.0%} of the answers are 429",
        f"{shared:.1%} in {seconds:.0f} s",
        f"a budget for each process: {own:.0%}",
        f"{shared:.1%}",
        shared <= BAR,
    )


def refused(calls: int, *, is_shared: bool) -> tuple[float, float]:
    """Return the share of answers that are 429, and the seconds that the slowest process took."""
    simulator = Simulator(clock=RealClock(), rate_limits=RateLimits())
    with serve(simulator) as url, tempfile.TemporaryDirectory() as place:
        processes = [
            _started(url, simulator.key, calls // PROCESSES, Path(place) / ("one" if is_shared else f"{n}"))
            for n in range(PROCESSES)
        ]
        ended = [process.communicate() for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("\n".join(errors for _, errors in ended))
    taken = max(json.loads(output.splitlines()[-1])["seconds"] for output, _ in ended)
    answers = [request.status for request in simulator.requests]
    return answers.count(429) / len(answers), taken


def _started(url: str, key: str, calls: int, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.benchmarks.child", f"{__name__}:calling"]
    folders = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "LOCALAPPDATA": str(home)}
    return subprocess.Popen(
        [*command, json.dumps([url, key, calls, str(home / "results")])],
        cwd=ROOT,
        env=environment() | folders,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def calling(url: str, key: str, calls: int, folder: str) -> tuple[Callable[[], int], Callable[[int], Any]]:
    """Make calls, one after the other."""
    from stripe_reports import Client

    client = Client(key, base_url=url, cache_dir=folder)

    def timed() -> int:
        return sum(len(client.runs(limit=1)) == 0 for _ in range(calls))

    return timed, lambda made: made
