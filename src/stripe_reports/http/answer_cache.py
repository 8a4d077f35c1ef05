"""Answers of Stripe's API in one SQLite file, which threads and processes share.

requests-cache's own SQLite cache is not used, because its threads share connections without a lock for the
whole operation, and it waits forever for a file that another process has locked. Here each use is a
transaction under one lock, and a failure or a long wait is a miss and a warning.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests_cache.backends.base import BaseCache
from requests_cache.backends.sqlite import SQLiteDict
from requests_cache.models.response import CachedResponse

from stripe_reports import notices
from stripe_reports.http.clock import Clock
from stripe_reports.storage.disk import in_folder, lacks_tables

__all__ = ["AnswerCache"]

BUSY_TIMEOUT = 2.0
"""Maximum seconds to wait for another process that writes."""

REST = 60.0
"""Seconds for which a cache is not used after a failure, so that not every call waits for it."""

T = TypeVar("T")


class AnswerCache(BaseCache):
    """The storage of requests-cache; opened at first use, and again after a failure."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(cache_name=str(path))  # its table of redirects stays empty
        self._path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._is_open = False
        self._opened: os.stat_result | None = None
        self._rests_until = float("-inf")

    def get_response(self, key: str, default: Any = None) -> CachedResponse | None:
        """Return the cached answer, or *default*."""
        found = self._attempt(lambda: self.responses.get(key))
        return default if found is None else found

    def save_response(
        self, response: requests.Response, cache_key: str | None = None, expires: datetime | None = None
    ) -> None:
        """Store an answer."""
        keep = super().save_response
        self._attempt(lambda: keep(response, cache_key, expires))

    def delete(self, *keys: str, **_: Any) -> None:
        """Remove answers, without a write if there are none."""

        def forget() -> None:
            for key in keys:
                if key in self.responses:
                    with suppress(KeyError):  # another process was faster
                        del self.responses[key]

        self._attempt(forget)

    def close(self) -> None:
        """Close the file; the next use opens it."""
        with self._lock:
            self.responses.close()  # type: ignore[no-untyped-call]
            self._is_open = False

    def _attempt(self, use: Callable[[], T]) -> T | None:
        with self._lock:
            if self._clock.monotonic() < self._rests_until:
                return None
            try:
                self._open()
                return use()
            except (OSError, sqlite3.Error) as error:
                self.close()
                if isinstance(error, sqlite3.Error) and not self._is_in_place():
                    return None  # another process just removed it by clearing the store
                self._rests_until = self._clock.monotonic() + REST
                if type(error) is sqlite3.DatabaseError or lacks_tables(error):
                    # It is damaged, not a database, or of another version: start with a new file.
                    with suppress(OSError):
                        self._path.unlink()
                why = error
        notices.warn(f"The cache of API answers is left out for a minute: {why}.", RuntimeWarning)
        return None

    def _is_in_place(self) -> bool:
        """Return True if the opened file is still in its place, neither removed nor replaced."""
        try:
            return self._opened is not None and os.path.samestat(self._path.stat(), self._opened)
        except OSError:
            return False

    def _open(self) -> None:
        if self._is_open and self._is_in_place():
            return
        if self._is_open:
            self.close()
        self._opened = in_folder(self._path.parent, self._touched)
        answers = _Answers(self._path, table_name="responses", serializer="json")
        answers.delete_expired()
        self.responses, self._is_open = answers, True

    def _touched(self) -> os.stat_result:
        self._path.touch(0o600)
        return self._path.stat()


class _Answers(SQLiteDict):
    """One table. No use of it, not even a failed one, leaves a transaction open."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, busy_timeout=int(BUSY_TIMEOUT * 1000), **options)

    @contextmanager
    def connection(self, commit: bool = False) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread at a time; with *commit*, everything or nothing is written.

        Raises:
            sqlite3.Error: Another process has locked the file for too long, or it is damaged.
        """
        with self._lock, super().connection() as connection:
            if commit and not connection.in_transaction:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
            else:
                yield connection

    def delete_expired(self) -> None:
        """Remove expired answers."""
        with self.connection(commit=True) as connection:
            connection.execute(f"DELETE FROM {self.table_name} WHERE expires <= ?", (time.time(),))  # noqa: S608
