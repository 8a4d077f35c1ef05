"""Decide when the runs of an account are listed again, among the runs of many accounts.

One page of the list shows a hundred runs, so a poll costs the same for one run as for all of an account. The
more runs share a poll, the more often it may come; together, a call stays within four calls a cell: launch,
read, and a share of the lists before and after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Watch"]

_SOONEST, _SHARE = 0.5, 0.1
"""Pause between two polls that many runs share: a tenth of the time so far."""

_SOON, _SLOW_SHARE, _LONGEST = 1.0, 0.25, 15.0
"""Pause where few runs share a poll: a quarter of the time so far, as for a single run."""

_SPARE = 3
"""Polls that are not spent on a guess, so that the last runs are found soon."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The polls of one account.

    Attributes:
        first: Time at which its oldest pending run was launched, in seconds.
        latest: Time at which its newest one was launched.
        runs: Runs of this account in the call, finished ones included.
        polls: Polls so far.
        polled_at: Time of the last poll; None before the first.
    """

    first: float
    latest: float
    runs: int = 1
    polls: int = 0
    polled_at: float | None = None

    def launched(self, now: float) -> Watch:
        """Return the watch with one more run."""
        return replace(self, latest=now, runs=self.runs + 1)

    def polled(self, now: float, *, first: float) -> Watch:
        """Return the watch after a poll.

        Args:
            now: The time.
            first: Time at which the oldest run that is still pending was launched.
        """
        return replace(self, polls=self.polls + 1, polled_at=now, first=first)

    def due(self, expected: float | None, *, is_launching: bool, pace: float) -> float:
        """Return the time of the next poll.

        Args:
            expected: Expected duration of a run in seconds; None if none is known.
            is_launching: True if cells wait to be launched: calls are better spent on them.
            pace: Seconds between two polls of an account at which all accounts together keep within the rate.
        """
        last = self.latest if self.polled_at is None else self.polled_at
        elapsed = max(0.0, last - self.first)
        if not is_launching and self.polls < self.runs - _SPARE:
            return last + max(_SOONEST, _SHARE * elapsed, pace)
        due = last + max(min(_LONGEST, max(_SOON, _SLOW_SHARE * elapsed)), pace)
        return (
            due if expected is None else max(due, min(self.first + expected, self.latest + expected) + _SOON)
        )
