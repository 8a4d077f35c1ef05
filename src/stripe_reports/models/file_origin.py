"""The origin of rows that were read from a file: all that is known is the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["FileOrigin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrigin:
    """A CSV file that was downloaded from the Dashboard; its account, run and period are not known.

    Attributes:
        name: Path or name of the file, with ``~`` for the home folder; ``"the file"`` if only its bytes were
            given.
        size: Its bytes.
        sha256: Its SHA-256, in hex.
        rows: Number of rows.
        schema_overrides: The polars types that the user set, by column, as text.
        kinds_from: See ``Provenance``.
    """

    name: str
    size: int
    sha256: str
    rows: int
    schema_overrides: Mapping[str, str] = field(default_factory=dict, hash=False)
    kinds_from: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
