"""The table of results: one row for each promise, with what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

__all__ = ["Row", "machine", "markdown"]


@dataclass(frozen=True)
class Row:
    """What is promised, and what was found.

    Attributes:
        bar: The promise, in words.
        ours: What was measured of this package.
        peer: What it stands beside, and its figure.
        found: The figure that is held against the bar.
        meets: Whether it keeps the promise; None for what is told beside it.
    """

    what: str
    bar: str
    ours: str
    peer: str
    found: str
    meets: bool | None


def machine() -> str:
    """Date, size of the machine, how busy it was, and versions; no names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, polars {pl.__version__}, load average {os.getloadavg()[1]:.0f}"
    )


def markdown(rows: Iterable[Row], head: str) -> str:
    """The whole file."""
    lines = [
        "# Measured",
        "",
        f"{head}. Written by `python -m tests.benchmarks`; see CONTRIBUTING.",
        "Each figure is a median, with the least and the most in brackets. Ratios compare runs of the same",
        "round; the cases of a row take turns, each time in a fresh process with compiled bytecode.",
        "",
        "| target | what | bar | ours | peer | found |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    target = {True: "met", False: "**missed**", None: ""}
    for row in rows:
        cells = (target[row.meets], row.what, row.bar, row.ours, row.peer, row.found)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
