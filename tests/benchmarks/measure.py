"""Cases measured in turn, each time in a fresh process, and compared within the same round.

Times of one machine drift by a third between minutes. So the cases of a comparison take turns, and what
counts is the ratio within a round, of which median and spread are told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Sample", "Spread", "cpu_ratio", "environment", "in_child", "interleaved", "ratios", "seconds"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sample:
    """One run of a case: seconds, those of CPU, most memory in bytes, and what it found."""

    seconds: float
    cpu: float
    peak: int
    value: Any


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
    return kept | {"PYTHONPYCACHEPREFIX": tempfile.mkdtemp(prefix="benchmarks-bytecode-")}


def in_child(case: Callable[..., Any], *arguments: Any) -> Sample:
    """Run a case once, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.child", f"{case.__module__}:{case.__name__}"]
    ran = subprocess.run(
        [*command, json.dumps(arguments)], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    if ran.returncode:
        raise RuntimeError(f"{case.__name__} failed:\n{ran.stderr}")
    return Sample(**json.loads(ran.stdout.splitlines()[-1]))


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


def ratios(ours: list[Sample], peers: list[Sample]) -> Spread:
    """Our time in the peer's, round by round."""
    return Spread.of([our.seconds / peer.seconds for our, peer in zip(ours, peers, strict=True)])


def cpu_ratio(ours: list[Sample], peers: list[Sample]) -> str:
    """The same of the work done, which other work on the machine hardly changes."""
    ratio = Spread.of([our.cpu / peer.cpu for our, peer in zip(ours, peers, strict=True)])
    return f"{ratio.middle:.2f} × the CPU"


def seconds(samples: list[Sample]) -> Spread:
    """The times alone."""
    return Spread.of([sample.seconds for sample in samples])
