"""Read the entries of many results: of a compacted month together, the others side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

from stripe_reports.errors import StoreError
from stripe_reports.storage.datasets.entry import Entry
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import Compacted, StoredRun

__all__ = ["copies_of", "read_entries"]

AT_ONCE = 32
"""Objects that are read at the same time."""

ReadEntry = Entry | StoreError
"""An entry, or the reason why it cannot be read."""


def copies_of(known: Known) -> Iterator[tuple[Compacted, list[StoredRun]]]:
    """Iterate over the compacted files that are current, each with the runs that it holds."""
    copies = {(copy.report_type, copy.month, copy.digest): copy for copy in known.compacted}
    for (report_type, month), runs in groupby(known.runs, lambda run: (run.cell.report_type, run.cell.month)):
        group = list(runs)
        copy = copies.get((report_type, month, Compacted.digest_of(group))) if copies else None
        if copy is not None:
            yield copy, group


def read_entries(index: Index, known: Known, wanted: Collection[StoredRun]) -> dict[StoredRun, ReadEntry]:
    """Return the entries of some of the current results.

    Args:
        index: The index.
        known: What it says, of all results of their report types.
        wanted: The results.
    """
    left = set(wanted)
    found: dict[StoredRun, ReadEntry] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        together = [(copy, of_copy) for copy, group in copies_of(known) if (of_copy := _worth(group, left))]
        for (_, runs), entries in zip(
            together, pool.map(lambda each: _entries_of(index, each[0]), together), strict=True
        ):
            found |= {run: _entry(run, entries[run.entry]) for run in runs if run.entry in entries}
        single = [run for run in known.runs if run in left and run not in found]
        found |= zip(single, pool.map(lambda run: _read(index, run), single), strict=True)
    return found


def _worth(group: list[StoredRun], wanted: Collection[StoredRun]) -> list[StoredRun]:
    """Return the wanted runs of a month, if its entries are read faster together than side by side."""
    runs = [run for run in group if run in wanted]
    return runs if len(runs) > 1 and len(runs) * AT_ONCE >= len(group) else []


def _entries_of(index: Index, copy: Compacted) -> Mapping[str, Any]:
    """Return the contents of the entries of a compacted month, by name; none if they cannot be read."""
    try:
        entries = index.read(copy.entry).get("entries")
    except StoreError:  # compacted again meanwhile, or damaged: the entries themselves are still there
        return {}
    return entries if isinstance(entries, Mapping) else {}


def _read(index: Index, run: StoredRun) -> ReadEntry:
    try:
        return _entry(run, index.read(run.entry))
    except StoreError as error:
        return error


def _entry(run: StoredRun, content: Any) -> ReadEntry:
    try:
        return Entry.from_json(run, content)
    except StoreError as error:
        return error
