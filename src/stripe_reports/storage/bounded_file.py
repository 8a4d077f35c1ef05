"""A file with a maximum size, which raises an error before the disk is full."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.errors import ResultTooLargeError, StoreError
from stripe_reports.render import remedies
from stripe_reports.storage.disk import disk_errors, size_text

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["BoundedFile"]

_CHECKED_EVERY = 64_000_000
"""Bytes between two checks of the free disk space; fewer when little is free."""


class BoundedFile(io.BufferedRandom):
    """A new file for a result of unknown size, or whose announced size may be wrong.

    Args:
        path: The file to create.
        max_bytes: Maximum size in bytes.

    Raises:
        ResultTooLargeError: From ``write``: the file would exceed *max_bytes*.
        StoreError: From ``write``: less disk space would be free than the size of the file, which converting
            it to a table may need.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        super().__init__(io.FileIO(path, "w+"))
        self._path = path
        self._max_bytes = max_bytes
        self._has_room_to = 0

    def write(self, content: ReadableBuffer, /) -> int:
        """Write, unless the file would become too large."""
        size = self.tell() + memoryview(content).nbytes
        if size > self._max_bytes:
            raise ResultTooLargeError(
                f"The result is larger than {size_text(self._max_bytes)}, the limit of this client, so "
                "nothing was kept.",
                remedy=remedies.allow_larger_results(),
            )
        if size > self._has_room_to:
            self._look_for_room(size)
        return super().write(content)

    def _look_for_room(self, size: int) -> None:
        with disk_errors("check the free space", self._path.parent):
            free = shutil.disk_usage(self._path.parent).free
        if free < size:
            raise StoreError(
                f"The disk is nearly full: {size_text(size)} of a result were received, {size_text(free)} "
                f"are free in {self._path.parent}, and converting it to a table may need the same again.",
                remedy=remedies.make_room(),
            )
        self._has_room_to = size + min(_CHECKED_EVERY, free // 4)
