"""Pauses between two polls of a pending run, and before a failed call is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from statistics import median

__all__ = ["estimate", "poll_pauses", "retry_pause"]

# Pauses of 1 s + 25 % of the time waited are the shortest that spread any 13 polls over more than a minute
# with a margin (1, 2.25, 3.8 … 54, 69 s), so jitter only lengthens them, and only up to the limit
# that finds a run of T seconds within 1.35 T + 2 s.
_FIRST, _GROWTH, _LONGEST = 1.0, 0.25, 12.5
_JITTER = 1.2

_QUIET_SHARE = 0.75, 0.85
_KNOWN_GROWTH = 0.15
_WHOLE_SECOND = 1.0
_RECENT_RUNS = 7

_RETRY_PAUSES = 0.5, 1.0, 2.0, 4.0, 8.0


def poll_pauses(expected: float | None, rng: Random, *, age: float = 0.0) -> Iterator[float]:
    """Yield the pauses before each poll of a pending run, in seconds, without end.

    Polls after 1 second, then less and less often: at least every 15 seconds and at most 12 times in any
    minute. If *expected* is None, a run of T seconds is found finished within 1.35 T + 2 seconds. Otherwise
    it polls as rarely as possible until about four fifths of the expected time have passed, and then starts
    again with short pauses. If T is within a second of *expected*, which Stripe tells in whole seconds, the
    run is found finished within 1.15 T + 1 seconds.

    Args:
        expected: Expected duration of the run in seconds; None if no earlier run is known.
        rng: Source of the jitter, so that runs launched together are not polled together.
        age: Seconds since the launch of the run, if it was launched earlier.
    """
    quiet = max(0.0, (expected or 0.0) * rng.uniform(*_QUIET_SHARE) - age)
    rare, pause = divmod(quiet, _LONGEST)
    for _ in range(int(rare)):
        yield pause
        pause = _LONGEST
    elapsed, waited = age + quiet, 0.0
    may_end = max(age, (expected or 0.0) - _WHOLE_SECOND)  # the earliest end that no poll has seen
    while True:
        growing = min(_LONGEST, _FIRST + _GROWTH * waited) * rng.uniform(1.0, _JITTER)
        if expected is not None and elapsed <= expected + _WHOLE_SECOND:
            growing = min(growing, (1 + _KNOWN_GROWTH) * may_end + _FIRST - elapsed)
        waited = max(_FIRST, waited + growing)
        elapsed += growing
        may_end = max(may_end, elapsed)
        yield pause + growing
        pause = 0.0


def estimate(durations: Sequence[float]) -> float | None:
    """Estimate the duration of the next run: the median of the last few, which ignores outliers.

    Args:
        durations: Seconds that earlier runs of the report type took, oldest first; may be empty.
    """
    return median(durations[-_RECENT_RUNS:]) if durations else None


def retry_pause(attempt: int, rng: Random, *, retry_after: float | None = None) -> float:
    """Return the pause before a failed call is tried again: 50 to 100 % of 0.5, 1, 2, 4, then 8 seconds.

    Args:
        attempt: Number of failed attempts so far, from 1.
        rng: Source of the jitter, so that calls that failed together are not repeated together.
        retry_after: Minimum pause in seconds, as requested by the server.
    """
    longest = _RETRY_PAUSES[min(attempt, len(_RETRY_PAUSES)) - 1]
    return max(retry_after or 0.0, longest * rng.uniform(0.5, 1.0))
