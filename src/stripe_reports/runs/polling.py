"""Looking at pending runs together: many that are waited for cost one page of the list, not a call each.

Every thread that waits has pauses of its own. Whoever wakes first looks for all: threads whose run has ended
are woken, and the others find that the news is fresh and go on waiting.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from stripe_reports.errors import StripeReportsError
from stripe_reports.http.api_v1 import Api
from stripe_reports.http.clock import Clock
from stripe_reports.models import ReportRun

__all__ = ["Looks"]

LISTED_FROM = 4
"""So many waiting runs are looked at by listing; fewer are cheaper one by one."""

LONGEST_AMONG_MANY = 5.25
"""Seconds between looks at one of many runs, lest all the others wait long for the last: 12 a minute."""

FRESH_FOR = 2.0
"""Seconds for which a look made for another run will do."""

_PAGES = 4


@dataclass(frozen=True, slots=True)
class _Seen:
    run: ReportRun
    at: float


@dataclass(slots=True)
class Followed:
    """A run while it is waited for.

    Attributes:
        run_id: Which it is.
        ended: Set as soon as anyone has seen its end.
        is_one_of_many: Many were waited for together, now or before.
    """

    run_id: str
    ended: threading.Event
    is_one_of_many: bool = False


class Looks:
    """The shared view of one client on its pending runs."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._lock = threading.Lock()  # for what is noted below; never held during a call
        self._turn = threading.Lock()  # for the one who looks
        self._waiting: Counter[str] = Counter()
        self._seen: dict[str, _Seen] = {}
        self._followed: dict[str, Followed] = {}
        self._failed_at = float("-inf")

    @contextmanager
    def following(self, run: ReportRun) -> Iterator[Followed]:
        """Count a run among the waiting ones."""
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
        """Rest before the next look, at most so long: someone else's look may show that the run has ended."""
        if followed.is_one_of_many:
            seen = self._seen.get(followed.run_id)
            age = self._clock.monotonic() - seen.at if seen else 0.0
            # Counted from the last news, not from when this thread was told them.
            seconds = min(seconds, LONGEST_AMONG_MANY - (age if age < FRESH_FOR else 0.0))
        self._clock.wait(followed.ended, seconds)

    def look(self, run: ReportRun, *, within: float = threading.TIMEOUT_MAX) -> ReportRun:
        """The run as it is now, or was when someone looked a moment ago.

        Args:
            run: One that is being followed.
            within: Seconds to wait for someone else's look; then *run* comes back as it is.

        Raises:
            StripeReportsError: This look failed. Nobody else looks for a moment, to fail in turn.
        """
        if not self._turn.acquire(timeout=max(0.0, min(within, threading.TIMEOUT_MAX))):
            return run
        try:
            if not self._is_fresh(run.id) and self._clock.monotonic() - self._failed_at >= FRESH_FOR:
                self._look_for(run)
            return self._seen[run.id].run
        finally:
            self._turn.release()

    def _look_for(self, run: ReportRun) -> None:
        try:
            if len(self._waiting) >= LISTED_FROM:
                self._list()
            if not self._is_fresh(run.id):
                self._note(self._api.retrieve_run(run.id))
        except StripeReportsError:
            self._failed_at = self._clock.monotonic()
            raise

    def _is_fresh(self, id_: str) -> bool:
        seen = self._seen[id_]
        return seen.run.status != "pending" or self._clock.monotonic() - seen.at < FRESH_FOR

    def _note(self, run: ReportRun) -> None:
        with self._lock:
            if run.id not in self._followed:  # nobody waits for it any more
                return
            self._seen[run.id] = _Seen(run, self._clock.monotonic())
            if run.status != "pending":
                self._followed[run.id].ended.set()

    def _list(self) -> None:
        """Look at all waiting runs, as far as a few pages show them."""
        with self._lock:
            still = [seen.run for seen in self._seen.values() if seen.run.status == "pending"]
        pending = {run.id: run.created for run in still}
        if not pending:  # another thread has seen their ends meanwhile
            return
        pages = self._api.pages_of_runs(min(pending.values()))
        for runs in islice(pages, _PAGES):
            for run in runs:
                if pending.pop(run.id, None) is not None:
                    self._note(run)
            if not pending:
                return
