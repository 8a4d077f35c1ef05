"""Follow the pending runs of many accounts by their lists: a page shows up to a hundred runs.

Where Stripe lists no runs, each is followed by itself.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from stripe_reports.errors import (
    NetworkError,
    NotFoundError,
    RateLimitError,
    ServerError,
    StripeReportsError,
)
from stripe_reports.http.api import Api
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.planning import backoff
from stripe_reports.planning.watching import Watch
from stripe_reports.runs.follow import GONE

__all__ = ["TEMPORARY", "Followed", "Following", "Watched", "polled"]

logger = logging.getLogger("stripe_reports")

TEMPORARY = NetworkError, RateLimitError, ServerError
"""Errors of a poll after which the next may work; the runs continue meanwhile."""

MOST_TROUBLE = 10
"""Polls of an account or run that may fail one after the other."""

_PAGE = 100
_MORE_PAGES = 2
_RETRIEVED = 8


@dataclass(frozen=True, slots=True)
class Followed:
    """A run that is followed.

    Attributes:
        cell: Number of its cell.
        run: The run when it was last seen.
        request: What it was launched for.
        launched_at: When the driver began to follow it, in seconds.
    """

    cell: int
    run: AnyRun
    request: ReportRequest
    launched_at: float


class Watched(NamedTuple):
    """The subject of a poll: the runs of an account, or a single run of it."""

    account: str | None
    run_id: str | None


@dataclass(slots=True)
class _Polls:
    watch: Watch
    pending: dict[str, list[Followed]] = field(default_factory=dict)
    is_polled: bool = False
    trouble: int = 0
    turn: int = 0
    """Number of its entry among the turns; older entries are ignored."""


class Following:
    """The pending runs of a call, and whose turn it is to be polled. Used in the driver's thread only.

    Args:
        durations: Durations of earlier runs in seconds, by report type.
        polls_per_second: How many polls may be made of everything together.
    """

    def __init__(self, durations: Mapping[str, list[float]], polls_per_second: float) -> None:
        self._durations = {name: list(seconds) for name, seconds in durations.items()}
        self._polls_per_second = polls_per_second
        self._polls: dict[Watched, _Polls] = {}
        self._turns: list[tuple[float, int, Watched]] = []
        self._number = 0
        self._is_launching = True
        self.polling = 0

    def add(self, account: str | None, followed: Followed, *, is_listed: bool) -> None:
        """Follow a run, with the others of its account if Stripe lists them; several cells may share one."""
        now = followed.launched_at
        watched = Watched(account, None if is_listed else followed.run.id)
        known = self._polls.get(watched)
        if known is None:
            known = self._polls[watched] = _Polls(Watch(now, now))
        else:
            known.watch = known.watch.launched(now)
        known.pending.setdefault(followed.run.id, []).append(followed)
        if not known.is_polled:
            self._enqueue(watched, known)

    def due(self, *, is_launching: bool) -> float | None:
        """Return the time of the next poll; None if none is to be made, or all are being made."""
        if is_launching != self._is_launching:
            self._is_launching = is_launching
            self._turns.clear()
            for watched, known in self._polls.items():
                if not known.is_polled:
                    self._enqueue(watched, known)
        while self._turns:
            planned, turn, watched = self._turns[0]
            polls = self._polls.get(watched)
            if polls is None or polls.turn != turn or polls.is_polled:  # an entry that was replaced
                heapq.heappop(self._turns)
            elif (due := self._due(polls)) <= planned:
                return due
            else:
                heapq.heappop(self._turns)
                self._enqueue(watched, polls)
        return None

    def take(self) -> tuple[Watched, dict[str, Followed], int]:
        """Return whose turn it is, with the pending runs by id and the polls so far; ``done`` must follow."""
        _, _, watched = heapq.heappop(self._turns)
        known = self._polls[watched]
        known.is_polled = True
        self.polling += 1
        return watched, {id_: each[0] for id_, each in known.pending.items()}, known.watch.polls

    def done(
        self, watched: Watched, found: Mapping[str, AnyRun | Exception] | Exception, now: float
    ) -> list[tuple[Followed, AnyRun | Exception]]:
        """Take the result of a poll, and return what is not followed further: ended or in trouble."""
        self.polling -= 1
        known = self._polls[watched]
        known.is_polled = False
        if isinstance(found, Exception):
            known.trouble += 1
            if isinstance(found, TEMPORARY) and known.trouble < MOST_TROUBLE:
                runs = watched.run_id or f"the runs of {watched.account or 'the own account of the key'}"
                logger.warning("could not ask for %s: %s", runs, found)
                found = {}
            else:
                found = dict.fromkeys(known.pending, found)
        else:
            known.trouble = 0
        over: list[tuple[Followed, AnyRun | Exception]] = []
        for id_, run in found.items():
            if isinstance(run, AnyRun):
                if run.state == "pending":
                    continue
                if run.duration is not None:
                    self._durations.setdefault(run.report_type, []).append(run.duration)
            over.extend((followed, run) for followed in known.pending.pop(id_, []))
        if known.pending:
            first = min(each[0].launched_at for each in known.pending.values())
            known.watch = known.watch.polled(now, first=first)
            self._enqueue(watched, known)
        else:
            del self._polls[watched]
        return over

    def _enqueue(self, watched: Watched, known: _Polls) -> None:
        self._number = known.turn = self._number + 1
        heapq.heappush(self._turns, (self._due(known), known.turn, watched))

    def _due(self, known: _Polls) -> float:
        oldest = next(iter(known.pending.values()))[0]
        expected = backoff.estimate(self._durations.get(oldest.run.report_type, ()))
        pace = len(self._polls) / self._polls_per_second
        return known.watch.due(expected, is_launching=self._is_launching, pace=pace)


def polled(api: Api, pending: Mapping[str, Followed], polls: int) -> dict[str, AnyRun | Exception]:
    """Return the runs of an account that have ended, and the errors of those that contradict their request.

    Of the runs that are not on the first pages, a few are retrieved by themselves; in the next poll, others.

    Args:
        api: The calls of the account.
        pending: The runs by id.
        polls: How many polls of them there were before.

    Raises:
        StripeReportsError: The list could not be read, or the only run.
    """
    unseen = dict(pending)
    found: dict[str, AnyRun | Exception] = {}

    def look(run: AnyRun) -> None:
        try:
            api.verified(run, pending[run.id].request)
        except StripeReportsError as error:
            found[run.id] = error
        else:
            if run.state != "pending":
                found[run.id] = run

    since = min(followed.run.created for followed in pending.values())
    for runs in islice(api.pages_of_runs(since), len(pending) // _PAGE + _MORE_PAGES):
        for run in runs:
            if unseen.pop(run.id, None) is not None:
                look(run)
        if not unseen:
            return found
    waiting = [*unseen]
    first = polls * _RETRIEVED % len(waiting)
    for id_ in islice([*waiting[first:], *waiting[:first]], _RETRIEVED):
        try:
            look(api.retrieve_run(id_))
        except TEMPORARY as error:
            if not api.lists_runs:
                raise
            logger.warning("could not retrieve %s: %s", id_, error)
        except StripeReportsError as error:
            if isinstance(error, NotFoundError):
                error.advise(GONE)
            found[id_] = error
    return found
