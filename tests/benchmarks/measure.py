"""Cases measured in turn, each time in a fresh process, and compared within the same round.

Times of one machine drift by a third between minutes. So the cases of a comparison take turns, and what
counts is the ratio within a round, of which median and spread are told.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Sample", "Spread", "compared", "environment", "in_child", "interleaved", "seconds"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sample:
    """One run of a case.

    Attributes:
        seconds: Of what is timed.
        cpu: Seconds of CPU of the same.
        peak: Most memory in bytes.
        value: What the case found.
        whole_seconds: Of the whole process, its start and imports included.
        whole_cpu: Seconds of CPU of the same, with those of programs that it started.
    """

    seconds: float
    cpu: float
    peak: int
    value: Any
    whole_seconds: float
    whole_cpu: float


@dataclass(frozen=True)
class Spread:
    """Median, least and most of several runs."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of some values."""
        return cls(median(values), min(values), max(values))

    def text(self, unit: str = "", digits: int = 2) -> str:
        """``1.02 s (0.98–1.10)``."""
        return f"{self.middle:.{digits}f}{unit} ({self.least:.{digits}f}–{self.most:.{digits}f})"


@cache
def environment() -> Mapping[str, str]:
    """For child processes: bytecode is compiled once, and kept, wherever the machine says not to."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    folder = tempfile.mkdtemp(prefix="benchmarks-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return kept | {"PYTHONPYCACHEPREFIX": folder}


def in_child(case: Callable[..., Any], *arguments: Any) -> Sample:
    """Run a case once, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.child", f"{case.__module__}:{case.__name__}"]
    cpu, started = _cpu_of_children(), time.perf_counter()
    ran = subprocess.run(
        [*command, json.dumps(arguments)], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    whole_seconds, whole_cpu = time.perf_counter() - started, _cpu_of_children() - cpu
    if ran.returncode:
        raise RuntimeError(f"{case.__name__} failed:\n{ran.stderr}")
    found = json.loads(ran.stdout.splitlines()[-1])
    return Sample(**found, whole_seconds=whole_seconds, whole_cpu=whole_cpu)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def interleaved(
    cases: Mapping[str, tuple[Callable[..., Any], list[Any]]], runs: int
) -> dict[str, list[Sample]]:
    """Run each case so many times, in turn; every other round backwards, so that none is always second."""
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for round_ in range(runs):
        for name in list(cases)[:: -1 if round_ % 2 else 1]:
            case, arguments = cases[name]
            samples[name].append(in_child(case, *arguments))
    return samples


def compared(ours: list[Sample], peers: list[Sample], most: float | None = None) -> tuple[str, bool | None]:
    """Compare whole processes, round by round, in time and in CPU, which other work hardly changes.

    Returns both ratios in words, and whether both are at most *most*; None if that is not given.
    """
    pairs = list(zip(ours, peers, strict=True))
    time_ = Spread.of([our.whole_seconds / peer.whole_seconds for our, peer in pairs])
    cpu = Spread.of([our.whole_cpu / peer.whole_cpu for our, peer in pairs])
    met = None if most is None else max(time_.middle, cpu.middle) <= most
    return f"{time_.text(' ×')}; {cpu.text(' ×')} the CPU", met


def seconds(samples: list[Sample]) -> Spread:
    """The times of the whole processes alone."""
    return Spread.of([sample.whole_seconds for sample in samples])
