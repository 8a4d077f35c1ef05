"""The index of a dataset: one small object for each thing that happened to a run.

The names tell what is stored and what was launched, so that a list of them is enough to read the dataset; the
contents are read only for its provenance. Entries are never changed, and two drivers at once lose none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stripe_reports.errors import StoreError
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.datasets.layout import INDEX, Cell, Compacted, Noted, StoredRun
from stripe_reports.storage.datasets.place import Place

__all__ = ["Index", "Known"]

_REMEDY = everywhere(
    "Remove it if it is there: the same fetch_all enters its result again, and compact() that of a copy."
)


@dataclass(frozen=True, slots=True)
class Known:
    """A part of the index.

    Attributes:
        runs: The current results, in the order of a scan: for each start of an account the last run.
        replaced: The results that have a newer run.
        moved: Those of them that the index says are superseded.
        launches: Launches whose result is not stored; those without a run only if the cell has no run at all.
        compacted: Files with copies of many results.
        unknown: Names that are not those of an entry.
    """

    runs: tuple[StoredRun, ...]
    replaced: tuple[StoredRun, ...]
    moved: frozenset[StoredRun]
    launches: tuple[Noted, ...]
    compacted: tuple[Compacted, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Known:
        """Conclude from the names of the entries what is current."""
        noted, compacted, unknown = _parsed(names)
        stored = {
            StoredRun(each.cell, each.run_id, each.as_of)
            for each in noted
            if each.event == "stored" and each.as_of is not None
        }
        gone = {(each.cell, each.run_id) for each in noted if each.event == "superseded"}
        moved = frozenset(run for run in stored if (run.cell, run.run_id) in gone)
        current: dict[tuple[object, ...], StoredRun] = {}
        for run in sorted(stored - moved, key=lambda run: run.age):
            current[run.slot] = run
        runs = sorted(current.values(), key=lambda run: (run.cell.report_type, *run.cell.order))
        finished = {(run.cell, run.run_id) for run in stored}
        with_run = {each.cell for each in noted if each.event != "asked"}
        launches = [
            each
            for each in noted
            if (each.event == "launched" and (each.cell, each.run_id) not in finished)
            or (each.event == "asked" and each.cell not in with_run)
        ]
        return cls(
            tuple(runs),
            tuple(sorted(stored - set(runs), key=lambda run: run.entry)),
            moved,
            tuple(sorted(launches, key=lambda each: each.name)),
            tuple(sorted(compacted, key=lambda each: each.entry)),
            tuple(sorted(unknown)),
        )


class Index:
    """The index at a place.

    Raises:
        StoreError: From any method: the place cannot be read or written.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def known(self, report_type: str | None = None) -> Known:
        """Return what the index says of a report type, or of all."""
        return Known.of(self._names("/".join(filter(None, (INDEX, report_type)))))

    def known_of_slot(self, cell: Cell) -> Known:
        """Return what the index says of the runs that start when a cell does, of its account and type."""
        return Known.of(self._names(cell.slot_folder))

    def report_types(self) -> list[str]:
        """List the report types of which something is known."""
        return self._place.folders(INDEX)

    def note(self, entry: Noted, content: Mapping[str, Any]) -> None:
        """Enter what happened; an entry that exists is kept."""
        self._place.write_new(entry.name, json.dumps(content).encode())

    def note_copy(self, copy: Compacted, content: Mapping[str, Any]) -> None:
        """Enter a compacted file, which is complete."""
        self._place.write_new(copy.entry, json.dumps(content).encode())

    def read(self, name: str) -> dict[str, Any]:
        """Return the contents of an entry.

        Raises:
            StoreError: It does not exist, or is damaged.
        """
        content = self._place.read(name)
        read = _read(content)
        if read is not None:
            return read
        state = "does not exist" if content is None else "is damaged"
        raise StoreError(f"The entry {name} of the dataset at {self._place} {state}.", remedy=_REMEDY)

    def read_if_whole(self, name: str) -> dict[str, Any]:
        """Return the contents of an entry; nothing if it does not exist, or is damaged."""
        return _read(self._place.read(name)) or {}

    def _names(self, folder: str) -> Iterator[str]:
        return (found.name for found in self._place.objects(folder))


def _read(content: bytes | None) -> dict[str, Any] | None:
    try:
        return {str(key): value for key, value in json.loads(content or b"").items()}
    except (ValueError, AttributeError):
        return None


def _parsed(names: Iterable[str]) -> tuple[list[Noted], list[Compacted], list[str]]:
    noted, compacted, unknown = [], [], []
    for name in names:
        if (entry := Noted.parse(name)) is not None:
            noted.append(entry)
        elif (copy := Compacted.parse(name)) is not None:
            compacted.append(copy)
        elif not _is_fact(name):
            unknown.append(name)
    return noted, compacted, unknown


def _is_fact(name: str) -> bool:
    return name.count("/") == 2 and name.endswith(("/parameters.json", "/columns.json"))
