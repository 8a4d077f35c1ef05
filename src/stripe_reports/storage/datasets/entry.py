"""An entry of the index about a stored result: its provenance, and the size, hash and rows of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl

from stripe_reports.errors import StoreError
from stripe_reports.models import Provenance
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.storage.datasets.layout import Cell, StoredRun
from stripe_reports.storage.datasets.place import NO_OPTIONS, Place, StorageOptions
from stripe_reports.storage.store import METADATA_KEY

__all__ = ["Entry", "entry_of", "read_entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A result in the dataset.

    Attributes:
        object: Name of its Parquet file, below the place of the dataset.
        rows: Number of rows.
        parquet_size: Bytes of the Parquet file.
        parquet_sha256: SHA-256 of the Parquet file, in hex.
        provenance: The provenance inside the Parquet file, as JSON.
    """

    object: str
    rows: int
    parquet_size: int
    parquet_sha256: str
    provenance: str

    @property
    def origin(self) -> Provenance:
        """The provenance, with the number of rows."""
        return replace(Provenance.from_json(self.provenance), rows=self.rows)

    @property
    def run(self) -> StoredRun:
        """The run as the index names it.

        Raises:
            StoreError: The provenance cannot be read, or is not that of the object.
        """
        try:
            origin = self.origin
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"The provenance of {self.object} cannot be read: {error}.") from error
        as_of = origin.as_of.replace(microsecond=0)
        run = StoredRun(Cell.of(origin.request, origin.account), origin.run.id, as_of)
        if run.object != self.object:
            raise StoreError(
                f"{self.object} is not the name of the result of run {origin.run.id}, which is {run.object}."
            )
        return run

    def to_json(self) -> dict[str, Any]:
        """Return the contents of its object in the index."""
        return {
            "rows": self.rows,
            "parquet_size": self.parquet_size,
            "parquet_sha256": self.parquet_sha256,
            "provenance": self.provenance,
        }

    @classmethod
    def from_json(cls, run: StoredRun, content: Mapping[str, Any]) -> Self:
        """Read the contents of its object in the index.

        Raises:
            StoreError: They are damaged, or are about another run.
        """
        try:
            entry = cls(run.object, **{name: content[name] for name in _FIELDS})
            if not all(isinstance(getattr(entry, name), kind) for name, kind in _FIELDS.items()):
                raise TypeError("fields have other types")  # noqa: TRY301
        except (KeyError, TypeError) as error:
            raise StoreError(f"The entry {run.entry} of the dataset is damaged: {error}.") from error
        if entry.run != run:
            raise StoreError(f"The entry {run.entry} of the dataset is about another run.")
        return entry


_FIELDS = {"rows": int, "parquet_size": int, "parquet_sha256": str, "provenance": str}


def read_entry(name: str, path: str, size: int, sha256: str, options: StorageOptions = NO_OPTIONS) -> Entry:
    """Return the entry of a result, with rows and provenance from its file.

    Args:
        name: Its name below the place.
        path: Its path or address for polars.
        size: Its size in bytes.
        sha256: Its hash.
        options: Options of the object store.

    Raises:
        StoreError: It cannot be read, or is not a result with its provenance.
    """
    try:
        provenance = pl.read_parquet_metadata(path, storage_options=options or None)[METADATA_KEY]
        rows = pl.scan_parquet(path, glob=False, storage_options=options or None).select(pl.len()).collect()
    except (*UNREADABLE, KeyError) as error:
        reason = options.hide_in(str(error) or type(error).__name__)
        raise StoreError(f"{name} is not a result with its provenance: {reason}.") from None
    return Entry(name, int(rows.item()), size, sha256, provenance)


def entry_of(place: Place, name: str, size: int, sha256: str) -> Entry:
    """Return the entry of a result at a place; see ``read_entry``."""
    return read_entry(name, place.for_polars(name), size, sha256, place.options)
