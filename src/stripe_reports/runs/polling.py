"""Poll pending runs together: many of them cost one page of the list, not a call each.

Every thread that waits has its own pauses. The first thread that wakes polls for all of them: it wakes the
threads whose runs have ended; the others find a recent result when they wake, and go on waiting.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from stripe_reports.errors import StripeReportsError
from stripe_reports.http.api import Api
from stripe_reports.http.clock import Clock
from stripe_reports.models import AnyRun

__all__ = ["Poller"]

LISTED_FROM = 4
"""Number of pending runs from which they are listed; fewer are cheaper to retrieve one by one."""

LONGEST_AMONG_MANY = 5.25
"""Maximum seconds between two polls of one of many runs, so that the last one is found soon: 12 a minute."""

FRESH_FOR = 2.0
"""Seconds for which the result of a poll is used by other threads."""

_PAGES = 4


@dataclass(frozen=True, slots=True)
class _Seen:
    run: AnyRun
    at: float


@dataclass(slots=True)
class Followed:
    """A run that a thread waits for.

    Attributes:
        run_id: Its id.
        ended: Set as soon as a poll of any thread shows that the run has ended.
        is_one_of_many: True if many runs are waited for together, or were before.
    """

    run_id: str
    ended: threading.Event
    is_one_of_many: bool = False


class Poller:
    """Polls the pending runs of one client, for all threads that wait for them."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._lock = threading.Lock()  # for the attributes below; never held during a call
        self._turn = threading.Lock()  # for the thread that polls
        self._waiting: Counter[str] = Counter()
        self._seen: dict[str, _Seen] = {}
        self._followed: dict[str, Followed] = {}
        self._failed_at = float("-inf")

    @contextmanager
    def following(self, run: AnyRun) -> Iterator[Followed]:
        """Poll the run too, as long as the block lasts."""
        with self._lock:
            self._waiting[run.id] += 1
            self._seen.setdefault(run.id, _Seen(run, float("-inf")))
            followed = self._followed.setdefault(run.id, Followed(run.id, threading.Event()))
            if len(self._waiting) >= LISTED_FROM:
                for each in self._followed.values():
                    each.is_one_of_many = True
        try:
            yield followed
        finally:
            with self._lock:
                self._waiting[run.id] -= 1
                if not self._waiting[run.id]:
                    del self._waiting[run.id], self._seen[run.id], self._followed[run.id]

    def pause(self, followed: Followed, seconds: float) -> None:
        """Wait before the next poll, or until another thread's poll shows that the run has ended."""
        if followed.is_one_of_many:
            seen = self._seen.get(followed.run_id)
            age = self._clock.monotonic() - seen.at if seen else 0.0
            # Counted from the last poll, not from when this thread read its result.
            seconds = min(seconds, LONGEST_AMONG_MANY - (age if age < FRESH_FOR else 0.0))
        self._clock.wait(followed.ended, seconds)

    def poll(self, run: AnyRun, *, within: float = threading.TIMEOUT_MAX) -> AnyRun:
        """Return the run as it is now, or as another thread's poll showed it a moment ago.

        Args:
            run: A run that is being followed, as this thread saw it last.
            within: Maximum seconds to wait for another thread's poll; then *run* is returned unchanged.

        Raises:
            StripeReportsError: The poll failed. The other threads do not repeat it for a moment.
        """
        if not self._turn.acquire(timeout=max(0.0, min(within, threading.TIMEOUT_MAX))):
            return run
        try:
            if not self._is_news(run) and self._clock.monotonic() - self._failed_at >= FRESH_FOR:
                self._refresh(run)
            return self._seen[run.id].run
        finally:
            self._turn.release()

    def _refresh(self, run: AnyRun) -> None:
        try:
            if len(self._waiting) >= LISTED_FROM:
                self._list()
            if not self._is_news(run):
                self._record(self._api.retrieve_run(run.id))
        except StripeReportsError:
            self._failed_at = self._clock.monotonic()
            raise

    def _is_news(self, run: AnyRun) -> bool:
        """Tell whether another thread's poll is recent, and not what this thread has seen already."""
        seen = self._seen[run.id]
        if seen.run.state != "pending":
            return True
        return seen.run is not run and self._clock.monotonic() - seen.at < FRESH_FOR

    def _record(self, run: AnyRun) -> None:
        with self._lock:
            if run.id not in self._followed:  # no thread waits for it now
                return
            self._seen[run.id] = _Seen(run, self._clock.monotonic())
            if run.state != "pending":
                self._followed[run.id].ended.set()

    def _list(self) -> None:
        """Poll all pending runs that the first few pages of the list show."""
        with self._lock:
            still = [seen.run for seen in self._seen.values() if seen.run.state == "pending"]
        pending = {run.id: run.created for run in still}
        if not pending:  # another thread has just recorded that they ended
            return
        pages = self._api.pages_of_runs(min(pending.values()))
        for runs in islice(pages, _PAGES):
            for run in runs:
                if pending.pop(run.id, None) is not None:
                    self._record(run)
            if not pending:
                return
