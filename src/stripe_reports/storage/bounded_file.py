"""A file that is written to no further than it may grow, and ends with an error before the disk is full."""

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
"""Bytes after which the room on the disk is looked at again; sooner where there is little."""


class BoundedFile(io.BufferedRandom):
    """A new file for a result whose size nobody knows beforehand, or whose announced size may be wrong.

    Args:
        path: Where it is.
        max_bytes: Bytes that it may have.

    Raises:
        ResultTooLargeError: From ``write``: it would have more.
        StoreError: From ``write``: the disk would have less room left than the file has bytes, which is what
            making a table of it may take.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        super().__init__(io.FileIO(path, "w+"))
        self._path = path
        self._max_bytes = max_bytes
        self._has_room_to = 0

    def write(self, content: ReadableBuffer, /) -> int:
        """Write, if it may become that large."""
        size = self.tell() + memoryview(content).nbytes
        if size > self._max_bytes:
            raise ResultTooLargeError(
                f"The result has more than {size_text(self._max_bytes)}, the most that this client stores of "
                "one; nothing of it was kept.",
                remedy=remedies.allow_larger_results(),
            )
        if size > self._has_room_to:
            self._look_for_room(size)
        return super().write(content)

    def _look_for_room(self, size: int) -> None:
        with disk_errors("look at the room left", self._path.parent):
            free = shutil.disk_usage(self._path.parent).free
        if free < size:
            raise StoreError(
                f"The disk is nearly full: {size_text(size)} of a result had come, {size_text(free)} are "
                f"left in {self._path.parent}, and making a table of it may take as much again.",
                remedy=remedies.make_room(),
            )
        self._has_room_to = size + min(_CHECKED_EVERY, free // 4)
