"""The memory that a frame needs, and the memory that is available."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import polars as pl

__all__ = ["NEEDED_TO_READ", "available", "size_of"]

NEEDED_TO_READ = 2
"""Factor of memory that reading a Parquet file needs, compared with its frame."""

_SMALL = 8_000_000
"""Maximum bytes of a Parquet file that is small in memory, too."""
_SAMPLED = 10_000
_CGROUP = Path("/sys/fs/cgroup")


def size_of(parquet: Path) -> int:
    """Estimate the bytes of memory for the rows of a Parquet file, from their number and a sample.

    A small file is not opened; for it, the size on disk is returned.
    """
    on_disk = parquet.stat().st_size
    if on_disk < _SMALL:
        return on_disk
    rows = pl.scan_parquet(parquet, glob=False)
    count = int(rows.select(pl.len()).collect().item())
    sample = rows.slice(count // 2, _SAMPLED).collect()
    return int(sample.estimated_size()) * count // max(1, sample.height)


def available() -> int | None:
    """Return the bytes that this process can use without swapping; None if the system does not tell."""
    found = [size for size in (_of_the_machine(), _of_the_container()) if size is not None]
    return min(found, default=None)


def _of_the_machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    # On other systems psutil knows. It comes with ipykernel, so every notebook has it.
    with suppress(ImportError):
        import psutil

        return int(psutil.virtual_memory().available)
    return None


def _of_the_container() -> int | None:
    """Return the memory that Docker or Binder still allow, from control groups version 2."""
    if sys.platform != "linux" or not os.path.isdir(_CGROUP):
        return None
    with suppress(OSError, ValueError):  # "max" is no limit
        limit = int((_CGROUP / "memory.max").read_text("ascii"))
        return max(0, limit - int((_CGROUP / "memory.current").read_text("ascii")))
    return None
