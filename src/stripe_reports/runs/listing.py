"""The newest runs of an account, listed once for all requests of a call."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from stripe_reports.http.api import Api
from stripe_reports.models import AnyRun

__all__ = ["PAGES_LISTED", "RecentRuns"]

PAGES_LISTED = 3
"""Maximum pages, of a hundred runs each, that are searched for a run that answers."""


class RecentRuns:
    """Lists the runs at Stripe on first use, a page at a time, and keeps them; for any number of threads.

    A run that another machine launches meanwhile is not among them; a launch finds it by its idempotency key.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._runs: list[AnyRun] = []
        self._pages: Iterator[Sequence[AnyRun]] | None = None

    def since(self, moment: datetime | None) -> list[AnyRun]:
        """Return the runs that were created at or after a moment, newest first, of a few pages at most."""
        with self._lock:
            while moment is None or not self._runs or self._runs[-1].created >= moment:
                if not self._listed_more():
                    break
            return [run for run in self._runs if moment is None or run.created >= moment]

    def find(self, id_: str) -> AnyRun | None:
        """Return the run with that id, if the first page has it."""
        with self._lock:
            if not self._runs:
                self._listed_more()
            return next((run for run in self._runs if run.id == id_), None)

    def _listed_more(self) -> bool:
        """Add a page; False if there are no more."""
        if self._pages is None:
            self._pages = islice(self._api.pages_of_runs(None), PAGES_LISTED)
            self._runs.clear()
        try:
            page = next(self._pages, None)
        except BaseException:
            self._pages = None  # an iterator that has failed would look like an empty list
            raise
        self._runs.extend(page or ())
        return page is not None
