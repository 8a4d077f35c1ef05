"""A CSV file on this disk, written to Parquet as a result of Stripe is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stripe_reports import parsing


def write_parquet(csv: Path, parquet: Path, *, metadata: dict[str, str] | None = None, **options: Any) -> int:
    """Write it, warn of what is doubtful, and return the number of rows."""
    with csv.open("rb") as file:
        written = parsing.write_parquet(
            parsing.file_blocks(file), parquet, name=str(csv), metadata=lambda _: metadata or {}, **options
        )
    parsing.warn_of_ambiguous(written.ambiguous)
    return written.rows
