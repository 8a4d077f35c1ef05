"""``python -m tests.benchmarks``: the table of section "How fast", measured here and now.

python -m tests.benchmarks                                  a million rows, written to RESULTS.md
python -m tests.benchmarks --rows 5_000_000                 more rows, printed
python -m tests.benchmarks --only memory --rows 20_000_000  peak memory alone, printed
python -m tests.benchmarks --only reading --only storing --only slow --runs 7   reports alone
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.data import keep_csv, served
from tests.benchmarks.rows import (
    charts,
    forms,
    grid,
    importing,
    opening,
    profile,
    rates,
    reading,
    stored,
    storing,
    waiting,
    workers,
)
from tests.benchmarks.table import Row, machine, markdown

HERE = Path(__file__).parent
USUAL = 1_000_000
SUBJECTS = (
    *("import", "reading", "storing", "slow", "profile", "opening", "waiting", "rates", "stored", "grid"),
    *("workers", "form", "charts", "memory"),
)
FEW_RUNS = 2
"""Most runs of cases that take many seconds to prepare."""


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure what the command line asks for, print it, and return it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=USUAL, help="rows of the report (default 1_000_000)")
    parser.add_argument("--runs", type=int, default=7, help="runs of each case (default 7)")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="a subject; can be repeated")
    parser.add_argument("--to", type=Path, help="file to write (default RESULTS.md if all is measured)")
    parser.add_argument("--folder", type=Path, help="where the report goes (default a temporary folder)")
    parser.add_argument(
        "--longest", type=float, default=24.0, help="seconds of the longest of fifty runs (default 24)"
    )
    parser.add_argument("--results", type=int, default=10_000, help="results of the largest store (10_000)")
    options = parser.parse_args(arguments)
    wanted = set(options.only or SUBJECTS) - ({"memory"} if not options.only else set())
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="benchmarks-") as place:
        for row in _measured(wanted, options, Path(place)):
            print(f"{row.what}: {row.ours}; {row.peer}; {row.found}", file=sys.stderr, flush=True)
            rows.append(row)
    text = markdown(rows, machine())
    print(text)
    target = options.to or (HERE / "RESULTS.md" if not options.only and options.rows == USUAL else None)
    if target:
        target.write_text(text, "utf-8")
    return rows


def _measured(wanted: set[str], options: argparse.Namespace, place: Path) -> Iterator[Row]:
    runs = options.runs
    if "import" in wanted:
        yield from importing.rows(3 * runs)
    if wanted & {"reading", "storing", "slow", "profile", "opening", "memory"}:
        with served(options.rows, place / "asked") as report:
            csv = place / "report.csv"
            if wanted & {"reading", "profile", "opening"}:
                keep_csv(report, csv)
            if "reading" in wanted:
                yield from reading.rows(csv, runs)
            if "storing" in wanted:
                yield from storing.rows(report, place, runs)
            if "slow" in wanted:
                yield from storing.slow_rows(report, place, runs)
            if "profile" in wanted:
                yield from profile.rows(report, csv, place)
            if "memory" in wanted:
                yield storing.memory(report, place)
            if "opening" in wanted:
                yield from opening.rows(report, csv, place, runs)
    if "waiting" in wanted:
        yield from waiting.rows(runs, options.longest)
    if "rates" in wanted:
        yield from rates.rows(round(10 * options.longest))
    if "stored" in wanted:
        yield from stored.rows(options.results, place, min(runs, FEW_RUNS))
    if "grid" in wanted:
        yield from grid.rows(options.results // 5, place, runs)
    if "workers" in wanted:
        yield from workers.rows(max(1, options.results // 1250), place, min(runs, FEW_RUNS))
    if "form" in wanted:
        yield from forms.rows(runs)
    if "charts" in wanted:
        yield from charts.rows()


if __name__ == "__main__":
    main()
