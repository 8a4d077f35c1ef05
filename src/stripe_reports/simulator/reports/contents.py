"""The bytes of a file: created when first needed, in pieces; kept in memory if small, else on disk."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from tempfile import SpooledTemporaryFile

__all__ = ["Contents"]

_IN_MEMORY = 4 << 20
_CHUNK = 256 << 10


class Contents:
    """Bytes that are written once and read any number of times, by several threads at once.

    A file on disk has no name, or is removed together with this object.

    Args:
        pieces: Returns the bytes in order; called once, when they are first needed.
    """

    def __init__(self, pieces: Callable[[], Iterable[bytes]]) -> None:
        self._pieces: Callable[[], Iterable[bytes]] | None = pieces
        self._file = SpooledTemporaryFile[bytes](_IN_MEMORY)
        weakref.finalize(self, self._file.close)
        self._making, self._reading = threading.Lock(), threading.Lock()
        self._size, self._hash = 0, hashlib.sha256()

    def make(self) -> None:
        """Write the bytes now, unless they have been written; other threads wait."""
        with self._making:
            if self._pieces is None:
                return
            # From the start: an earlier attempt may have failed in the middle.
            self._file.seek(0)
            self._size, self._hash = 0, hashlib.sha256()
            for piece in self._pieces():
                self._file.write(piece)
                self._hash.update(piece)
                self._size += len(piece)
            self._pieces = None  # frees the rows that it refers to

    @property
    def size(self) -> int:
        """Number of bytes."""
        self.make()
        return self._size

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes, in hexadecimal."""
        self.make()
        return self._hash.hexdigest()

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """Return the bytes from *start* on, a quarter of a megabyte at a time."""
        size = self.size
        while start < size:
            with self._reading:
                self._file.seek(start)
                chunk = self._file.read(_CHUNK)
            yield chunk
            start += len(chunk)

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks())
