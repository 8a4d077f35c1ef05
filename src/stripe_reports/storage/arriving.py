"""A file that is read by another thread while it is still being written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from stripe_reports.storage.bounded_file import BoundedFile

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["ArrivingFile"]

T = TypeVar("T")

_SMALL = 4_000_000
"""Bytes up to which a file is read when it is complete, without another thread. Nearly all files are."""

_MOST_WAITING = 2_000_000
"""Bytes that may wait for the reader; then the writer waits."""


class _Abandoned(Exception):  # noqa: N818
    """The rest of the file does not arrive: it is written again from the start, or not at all."""


class ArrivingFile(BoundedFile, Generic[T]):
    """A file whose contents are given to *read* as they are written, one block after the other.

    An error of *read* is raised by ``result``, not by ``write``: the file is written to the end nevertheless.
    If the file is emptied, *read* starts again with what is written then.

    Args:
        path: The file to create.
        max_bytes: Maximum size in bytes; see ``BoundedFile``.
        read: Gets the blocks, and returns the result. It must let errors of the iterator pass.
    """

    def __init__(self, path: Path, *, max_bytes: int, read: Callable[[Iterator[bytes]], T]) -> None:
        self._read = read
        self._first: list[bytes] = []
        self._queue: _Queue | None = None
        self._reading: Future[T] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._is_finished = False
        super().__init__(path, max_bytes=max_bytes)

    def write(self, content: ReadableBuffer, /) -> int:
        """Write at the end of the file, and give it to the reader."""
        count = super().write(content)
        if self._queue is not None:
            self._queue.put(bytes(content))
        else:
            self._first.append(bytes(content))
            if sum(map(len, self._first)) > _SMALL:
                self._queue, self._first = _Queue(self._first), []
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="stripe-reports reader")
                self._reading = self._thread.submit(self._queue.give_to, self._read)
        return count

    def truncate(self, size: int | None = None, /) -> int:
        """Empty the file; the reader starts again."""
        self._abandon()
        return super().truncate(size)

    def finish(self) -> None:
        """Tell the reader that all is written."""
        self._is_finished = True
        if self._queue is not None:
            self._queue.finish()

    def close(self) -> None:
        """Close the file; when this returns, the reader has ended, too."""
        if not self._is_finished:
            self._abandon()
        elif self._thread is not None:
            self._thread.shutdown()
        super().close()

    def result(self) -> T:
        """Return the result of the reader of a finished file, or raise its error."""
        return self._reading.result() if self._reading is not None else self._read(iter(self._first))

    def _abandon(self) -> None:
        if self._queue is not None and self._thread is not None:
            self._queue.abandon()
            self._thread.shutdown()
        self._first, self._queue, self._reading, self._thread = [], None, None, None


class _Queue:
    """Blocks on their way from the thread that writes to the thread that reads."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = deque(blocks)
        self._size = sum(map(len, blocks))
        self._is_complete = self._is_abandoned = self._is_unread = False
        self._changed = threading.Condition()

    def put(self, block: bytes) -> None:
        """Add a block; wait if too much waits already."""
        with self._changed:
            self._changed.wait_for(lambda: self._size <= _MOST_WAITING or self._is_unread)
            if not self._is_unread:
                self._blocks.append(block)
                self._size += len(block)
                self._changed.notify_all()

    def finish(self) -> None:
        """No more blocks come."""
        with self._changed:
            self._is_complete = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """The blocks so far are void."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()

    def give_to(self, read: Callable[[Iterator[bytes]], T]) -> T:
        """Return what *read* makes of the blocks; afterwards, ``put`` does not wait any more."""
        try:
            return read(self._taken())
        finally:
            with self._changed:
                self._is_unread = True
                self._changed.notify_all()

    def _taken(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._blocks or self._is_complete or self._is_abandoned)
                if self._is_abandoned:
                    raise _Abandoned
                if not self._blocks:
                    return
                block = self._blocks.popleft()
                self._size -= len(block)
                self._changed.notify_all()
            yield block
