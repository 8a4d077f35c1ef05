"""Read many results as one LazyFrame, from compacted files where they are current."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import polars as pl

from stripe_reports.storage.datasets.layout import HIVE_KEYS, Compacted, StoredRun
from stripe_reports.storage.datasets.place import Place

__all__ = ["by_month", "scan_copy", "scan_runs", "scan_small_files"]

_KEYS: dict[str, pl.DataType] = dict(
    zip(HIVE_KEYS, (pl.String(), pl.String(), pl.Datetime("us", "UTC")), strict=True)
)


def by_month(runs: Iterable[StoredRun]) -> Iterator[tuple[str, list[StoredRun]]]:
    """Group the runs of a report type, which are in the order of a scan, by the month of their start."""
    for month, group in groupby(runs, key=lambda run: run.cell.month):
        yield month, list(group)


def scan_runs(
    place: Place, runs: Sequence[StoredRun], copies: Iterable[Compacted], columns: Sequence[str]
) -> pl.LazyFrame:
    """Return the results of all runs of a report type, in order; a month that was compacted from its copy.

    Args:
        place: The place of the dataset.
        runs: All current runs of the type, in the order of a scan.
        copies: The compacted files of the type, also outdated ones.
        columns: The columns of the type.
    """
    current = {(copy.month, copy.digest): copy for copy in copies}
    parts: list[pl.LazyFrame] = []
    small: list[StoredRun] = []
    for month, group in by_month(runs):
        copy = current.get((month, Compacted.digest_of(group)))
        if copy is None:
            small += group
            continue
        if small:
            parts.append(scan_small_files(place, small, columns))
            small = []
        parts.append(scan_copy(place, copy, columns))
    if small:
        parts.append(scan_small_files(place, small, columns))
    return pl.concat(parts)


def scan_small_files(place: Place, runs: Sequence[StoredRun], columns: Sequence[str]) -> pl.LazyFrame:
    """Return the results of some runs, each from its own file."""
    frame = pl.scan_parquet(
        [place.for_polars(run.object) for run in runs],
        glob=False,
        hive_partitioning=True,
        hive_schema=_KEYS,
        storage_options=place.options or None,
    )
    return frame.select(*columns, *HIVE_KEYS)


def scan_copy(place: Place, copy: Compacted, columns: Sequence[str]) -> pl.LazyFrame:
    """Return the rows of a compacted file."""
    frame = pl.scan_parquet(
        place.for_polars(copy.object),
        glob=False,
        hive_partitioning=False,
        storage_options=place.options or None,
    )
    return frame.select(*columns, *HIVE_KEYS)
