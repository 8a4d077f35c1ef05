"""Verify a dataset: the files are those of the index, and who reads ``data/`` sees each row once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import polars as pl

from stripe_reports.errors import StripeReportsError
from stripe_reports.models.finding import Finding, findings_html, findings_lines
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.render.printable import printable
from stripe_reports.storage.datasets.entries import copies_of
from stripe_reports.storage.datasets.entry import Entry, entry_of
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import COMPACTED, DATA, StoredRun, type_of
from stripe_reports.storage.datasets.overlap import overlapping
from stripe_reports.storage.datasets.place import Place
from stripe_reports.storage.datasets.reading import scan_copy, scan_small_files
from stripe_reports.storage.datasets.same import Same

__all__ = ["DatasetVerification", "verify_dataset"]

AT_ONCE = 8
"""Files that are read at the same time."""


@dataclass(frozen=True, slots=True, repr=False)
class DatasetVerification:
    """The outcome of verifying a shared dataset.

    Attributes:
        place: The folder or address of the dataset.
        findings: Every check with its outcome, in order.
    """

    place: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True if the dataset is complete, unchanged and consistent."""
        return all(finding.ok for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join(map(printable, [self.place, *findings_lines(self.findings)]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<div><p>{escape(self.place)}</p>{findings_html(self.findings)}</div>"


def verify_dataset(place: Place, *, contents: bool) -> DatasetVerification:
    """Verify the dataset at a place; see ``Dataset.verify``."""
    index, same = Index(place), Same(place)
    known = index.known()
    there = {found.name: found.size for found in place.objects(DATA)}
    entries: dict[str, dict[str, Any]] = {}
    check = partial(_of_run, place, index, there, entries, contents)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [problem for found in pool.map(check, known.runs) for problem in found]
    what = "the size, hash, rows and provenance" if contents else "the size"
    return DatasetVerification(
        str(place),
        (
            Finding(f"{len(known.runs):,} results have {what} of the index", tuple(problems)),
            Finding(f"{DATA}/ has no other files, so each row is there once", tuple(_extra(known, there))),
            Finding("no intervals of an account overlap", tuple(_overlaps(known))),
            Finding("the compacted files have the rows of the results", tuple(_copies(place, same, known))),
            Finding("their entries are those of the results", tuple(_copied_entries(index, known, entries))),
            Finding(
                "the index has no unknown entries",
                tuple(f"{name} is not an entry." for name in known.unknown),
            ),
        ),
    )


def _of_run(
    place: Place,
    index: Index,
    there: dict[str, int],
    entries: dict[str, dict[str, Any]],
    contents: bool,
    run: StoredRun,
) -> Sequence[str]:
    """Return the problems of a result; what its entry says is added to *entries*."""
    if run.object not in there:
        return [f"{run.object} is missing."]
    try:
        entries[run.entry] = index.read(run.entry)
        entry = Entry.from_json(run, entries[run.entry])
        if there[run.object] != entry.parquet_size:
            return [f"{run.object} has {there[run.object]:,} bytes instead of {entry.parquet_size:,}."]
        if not contents:
            return []
        digest = place.digest(run.object)
        if digest is None or digest[1] != entry.parquet_sha256:
            return [f"{run.object} was changed after it was stored."]
        if entry_of(place, run.object, *digest) != entry:
            return [f"{run.object} has other rows or another provenance than its entry {run.entry}."]
    except StripeReportsError as error:
        return [error.problem]
    return []


def _extra(known: Known, there: dict[str, int]) -> Iterator[str]:
    current = {run.object for run in known.runs}
    replaced = {run.object for run in known.replaced}
    for name in sorted(there.keys() - current):
        if name in replaced:
            yield f"{name} has a newer run and should be in superseded/. compact() moves it there."
        elif type_of(name) is None:
            yield f"{name} is not the name of a result: somebody else has put it there."
        else:
            yield (
                f"{name} is not in the index: it was written, and the driver ended before it was entered. "
                "Repeat the same fetch_all, which enters it."
            )


def _overlaps(known: Known) -> Iterator[str]:
    pair = overlapping(run.cell for run in known.runs)
    if pair is not None:
        yield f"{pair[0]}, and {pair[1]}, have days in common."


def _copies(place: Place, same: Same, known: Known) -> Iterator[str]:
    there = {found.name for found in place.objects(COMPACTED)}
    for copy, runs in copies_of(known):
        columns = same.columns(copy.report_type) or []
        if copy.object not in there:
            yield f"{copy.object} is missing. compact() writes it again."
            continue
        try:
            frames = scan_copy(place, copy, columns), scan_small_files(place, runs, columns)
            if _fingerprint(frames[0]) != _fingerprint(frames[1]):
                yield f"{copy.object} has other rows than the results of {copy.month}."
        except UNREADABLE as error:
            yield f"{copy.object} cannot be compared: {place.options.hide_in(str(error))}"
    for name in sorted(there - {copy.object for copy in known.compacted}):
        yield f"{name} is not in the index, and not used. compact() removes it after a day."


def _copied_entries(index: Index, known: Known, entries: dict[str, dict[str, Any]]) -> Iterator[str]:
    for copy, runs in copies_of(known):
        try:
            copied = index.read(copy.entry).get("entries")
        except StripeReportsError as error:
            yield error.problem
            continue
        known_entries = {run.entry: entries[run.entry] for run in runs if run.entry in entries}
        if not isinstance(copied, dict) or any(
            copied.get(name) != entry for name, entry in known_entries.items()
        ):
            yield f"{copy.entry} has other entries than those of {copy.month}. Remove it, and compact again."


def _fingerprint(frame: pl.LazyFrame) -> tuple[object, ...]:
    """Return the number of rows and a sum of their hashes, of any number of rows."""
    return frame.select(pl.len(), rows=pl.struct(pl.all()).hash().sum()).collect(engine="streaming").row(0)
