"""Size, hash and number of rows of finished results, noted beside them, and checked when they are opened.

The number is the one that reading Stripe's file has proved. It is not known before the Parquet file is
written, which therefore cannot say it in what it says of itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.storage.disk import digest, read_json, write_json

__all__ = ["is_sealed", "rows_of", "seal", "seal_of"]

_checked: dict[tuple[str, int, int], bool] = {}


@dataclass(frozen=True, slots=True)
class _Seal:
    """A finished Parquet file: its bytes, their SHA-256, and how many rows it must have."""

    size: int
    sha256: str
    rows: int


def seal(path: Path, *, rows: int) -> None:
    """Note size and hash of a finished file beside it, and how many rows were put into it."""
    write_json(seal_of(path), asdict(_Seal(path.stat().st_size, digest(path), rows)))


def seal_of(path: Path) -> Path:
    """Where the seal of a file lies."""
    return path.with_suffix(".sha256")


def rows_of(path: Path) -> int:
    """How many rows a file has, by its seal: its size and its own footer say the same.

    Raises one of ``UNREADABLE``, ``TypeError`` or ``ValueError`` if they do not, or there is no seal; and for
    a file that ``is_sealed`` has found to be damaged.
    """
    noted = _noted_of(path)
    if _checked.get(_state_of(path)) is False or noted.size != path.stat().st_size:
        raise ValueError(f"{path} is not as it was when it was sealed")
    if noted.rows != count_rows(path):
        raise ValueError(f"{path} does not have the {noted.rows} rows that were put into it")
    return noted.rows


def is_sealed(path: Path) -> bool:
    """Whether a file is as it was when it was sealed, to the byte. It is read once in a process."""
    try:
        state = _state_of(path)
        if state not in _checked:
            noted = _noted_of(path)
            is_whole = noted.size == path.stat().st_size and noted.sha256 == digest(path)
            _checked[state] = is_whole and noted.rows == count_rows(path)
        return _checked[state]
    except (*UNREADABLE, TypeError, ValueError):
        return False


def _noted_of(path: Path) -> _Seal:
    return _Seal(**read_json(seal_of(path)))


def _state_of(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size
