"""Compact a dataset: copy the many small results of a month into one file, which is faster to read.

The copies are beside ``data/``, so that nobody who reads ``data/`` gets a row twice. A copy is named after
its runs: it is used as long as these are the current ones. A month that does not change is not written again.
The entry of a copy has the entries of its results, so that they are read together, too.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from stripe_reports.errors import StoreError
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.storage.datasets.entries import read_entries
from stripe_reports.storage.datasets.entry import Entry
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import COMPACTED, STAGING, Compacted, StoredRun
from stripe_reports.storage.datasets.place import Place
from stripe_reports.storage.datasets.reading import by_month, scan_copy, scan_small_files
from stripe_reports.storage.datasets.same import Same

__all__ = ["compact_type", "remove_leftovers"]

FEWEST = 2
"""Results that are worth a copy."""

LEFTOVER = timedelta(days=1)
"""Age from which a file that no entry names was left by a crash, and is not being written."""

RUNS_KEY = "stripe_reports_runs"
"""The key of the list of runs in the metadata of a copy."""


def compact_type(place: Place, index: Index, same: Same, report_type: str, known: Known) -> list[Compacted]:
    """Write the missing copies of a report type, remove the outdated ones, and return the new ones.

    A copy whose file was removed is written again: until then, its month cannot be read.
    """
    columns = same.columns(report_type) or []
    files = {found.name for found in place.objects(f"{COMPACTED}/report_type={report_type}")}
    there = {(copy.month, copy.digest) for copy in known.compacted if copy.object in files}
    wanted: set[tuple[str, str]] = set()
    written = []
    for month, runs in by_month(known.runs):
        if len(runs) < FEWEST:
            continue
        digest = Compacted.digest_of(runs)
        wanted.add((month, digest))
        if (month, digest) not in there:
            copy = Compacted(report_type, month, digest, uuid.uuid4().hex)
            rows = _write(place, copy, runs, columns)
            read = read_entries(index, known, runs)
            entries = {run.entry: entry.to_json() for run, entry in read.items() if isinstance(entry, Entry)}
            index.note_copy(copy, {"rows": rows, "entries": entries})
            written.append(copy)
    for copy in known.compacted:
        if (copy.month, copy.digest) not in wanted or copy.object not in files:
            place.remove(copy.entry)  # first: an entry without its file would be read
            place.remove(copy.object)
    return written


def _write(place: Place, copy: Compacted, runs: Sequence[StoredRun], columns: Sequence[str]) -> int:
    """Write a copy, and return its number of rows."""
    rows = scan_small_files(place, runs, columns)
    metadata = {RUNS_KEY: json.dumps([run.run_id for run in runs])}
    place.prepare(copy.object)
    try:
        rows.sink_parquet(
            place.for_polars(copy.object), metadata=metadata, storage_options=place.options or None
        )
        expected, found = (
            int(frame.select(pl.len()).collect().item()) for frame in (rows, scan_copy(place, copy, columns))
        )
    except UNREADABLE as error:
        reason = place.options.hide_in(str(error))
        raise StoreError(f"Could not compact {copy.report_type} of {copy.month}: {reason}.") from None
    if found != expected:
        raise StoreError(
            f"The copy of {copy.report_type} of {copy.month} has {found:,} rows instead of {expected:,}, so "
            "it is not used. Compact again."
        )
    return expected


def remove_leftovers(place: Place, known: Known, *, now: datetime | None = None) -> list[str]:
    """Remove files that a crash left unfinished, from a day on; return their names."""
    before = (now or datetime.now(UTC)) - LEFTOVER
    named = {copy.object for copy in known.compacted}
    left = [
        found.name
        for folder in (COMPACTED, STAGING)
        for found in place.objects(folder)
        if found.name not in named and found.modified < before
    ]
    for name in left:
        place.remove(name)
    return left
