"""How long to pause: between two looks at a pending run, and before a failed call is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from statistics import median

__all__ = ["estimate", "looks", "retry_pause"]

# Pauses of 1 s + 25 % of the time waited are the shortest that keep any 13 looks more than a minute apart
# with something to spare (1, 2.25, 3.8 … 54, 69 s), so jitter only ever lengthens them, and not beyond
# what finds a run of T seconds within 1.35 T + 2 s.
_FIRST, _GROWTH, _LONGEST = 1.0, 0.25, 12.5
_JITTER = 1.2

_QUIET_SHARE = 0.75, 0.85
_RECENT_RUNS = 7

_RETRY_PAUSES = 0.5, 1.0, 2.0, 4.0, 8.0


def looks(expected: float | None, rng: Random) -> Iterator[float]:
    """The pauses before each look at a pending run, in seconds, without end.

    Looks after 1 second, then ever more rarely, at least every 15 seconds and at most 12 times in any
    minute. Where nothing is *expected*, a run of T seconds is found finished within 1.35 T + 2 seconds.
    Else there are only the rarest looks until about four fifths of the expected time have passed,
    and the pauses grow from there: dense around the expected end, for a faster run and a slower one.

    Args:
        expected: How long the run may take, in seconds; None when no earlier run is known.
        rng: Source of the jitter, so that many runs launched together are not looked at together.
    """
    quiet = (expected or 0.0) * rng.uniform(*_QUIET_SHARE)
    rare, pause = divmod(quiet, _LONGEST)
    for _ in range(int(rare)):
        yield pause
        pause = _LONGEST
    waited = 0.0
    while True:
        growing = min(_LONGEST, _FIRST + _GROWTH * waited) * rng.uniform(1.0, _JITTER)
        waited += growing
        yield pause + growing
        pause = 0.0


def estimate(durations: Sequence[float]) -> float | None:
    """How long the next run may take: the median of the last few, so that no outlier counts.

    Args:
        durations: Seconds that earlier runs of the report type took, oldest first; may be empty.
    """
    return median(durations[-_RECENT_RUNS:]) if durations else None


def retry_pause(attempt: int, rng: Random, *, retry_after: float | None = None) -> float:
    """The pause before a failed call is tried again, in seconds: up to 0.5, 1, 2, 4, then 8, halved at most.

    Args:
        attempt: How many attempts have failed so far, from 1.
        rng: Source of the jitter, so that calls that failed together do not come back together.
        retry_after: Seconds that the server asked for; whoever has less time does not try again.
    """
    longest = _RETRY_PAUSES[min(attempt, len(_RETRY_PAUSES)) - 1]
    return max(retry_after or 0.0, longest * rng.uniform(0.5, 1.0))
