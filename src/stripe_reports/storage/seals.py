"""Size, hash and number of rows of finished results, stored next to them and checked when they are opened.

The number of rows was proved when reading Stripe's file. It is known only after the Parquet file is written,
so it cannot be part of that file's metadata.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.storage.disk import digest, move, read_json, write_json

__all__ = ["is_sealed", "move_sealed", "rows_of", "seal", "seal_of"]

_checked: dict[tuple[str, int, int], bool] = {}


@dataclass(frozen=True, slots=True)
class _Seal:
    """A finished Parquet file: its size, its SHA-256, and its number of rows."""

    size: int
    sha256: str
    rows: int


def seal(path: Path, *, rows: int) -> None:
    """Write the size, hash and number of rows of a finished file next to it."""
    write_json(seal_of(path), asdict(_Seal(path.stat().st_size, digest(path), rows)))


def move_sealed(source: Path, target: Path) -> None:
    """Move a file that was just sealed, and its seal; ``is_sealed`` need not read it a second time."""
    _, time, size = _state_of(source)
    move(seal_of(source), seal_of(target))
    move(source, target)  # last: a file without a seal, or a seal without a file, is not a result
    _checked[str(target), time, size] = True


def seal_of(path: Path) -> Path:
    """Return the path of the seal of a file."""
    return path.with_suffix(".sha256")


def rows_of(path: Path) -> int:
    """Return the number of rows in the seal of a file, if its size and its footer agree.

    Raises one of ``UNREADABLE``, ``TypeError`` or ``ValueError`` if they do not, if there is no seal, or if
    ``is_sealed`` found the file damaged.
    """
    noted = _noted_of(path)
    if _checked.get(_state_of(path)) is False or noted.size != path.stat().st_size:
        raise ValueError(f"{path} changed after it was sealed")
    if noted.rows != count_rows(path):
        raise ValueError(f"{path} does not have the {noted.rows} rows of its seal")
    return noted.rows


def is_sealed(path: Path) -> bool:
    """Tell whether a file is unchanged since it was sealed, byte for byte; it is read once in a process."""
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
