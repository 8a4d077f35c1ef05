"""Compute how long many runs take at Stripe: a model of its limits, without any call.

Source: https://docs.stripe.com/rate-limits, https://docs.stripe.com/api/files
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["CALLS_PER_RUN", "SECONDS_PER_RUN", "Limits", "Schedule", "schedule"]

LAUNCHES_A_SECOND = 25.0
"""Stripe's limit for calls of one endpoint."""

DOWNLOADS_A_SECOND = 20.0
"""Stripe's limit for reading files."""

CALLS_PER_RUN = 2.5
"""Calls for one run among many: the launch, the download, and a share of lists before and after."""

SECONDS_PER_RUN = 95.0
"""Assumed duration of a run, where none of its type is known.

Stripe's guide says that most runs complete within a few minutes; small ones of idle accounts took 12 seconds.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a client.

    Attributes:
        calls_per_second: Calls of the key in a second, downloads included.
        in_flight: Runs that are pending at Stripe at the same time.
    """

    calls_per_second: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The time that runs take.

    Attributes:
        seconds: Duration of the whole.
        limited_by: What makes it last so long, as a clause.
    """

    seconds: float
    limited_by: str


def schedule(runs: int, limits: Limits, *, seconds_per_run: float | None = None) -> Schedule:
    """Return how long *runs* runs take, and which limit decides.

    Args:
        runs: Number of runs to launch, follow and read.
        limits: The limits of the client.
        seconds_per_run: Duration of one run; None for ``SECONDS_PER_RUN``.

    Example:
        >>> round(schedule(360_000, Limits(calls_per_second=20, in_flight=500)).seconds / 3600)
        19
    """
    each = SECONDS_PER_RUN if seconds_per_run is None else seconds_per_run
    a_second = {
        f"{limits.calls_per_second:g} calls a second": limits.calls_per_second / CALLS_PER_RUN,
        f"Stripe's limit of {LAUNCHES_A_SECOND:g} launches a second": LAUNCHES_A_SECOND,
        f"Stripe's limit of {DOWNLOADS_A_SECOND:g} downloads a second": DOWNLOADS_A_SECOND,
    }
    slowest = min(a_second, key=lambda name: a_second[name])
    waves = math.ceil(runs / limits.in_flight)
    first_and_last = min(runs, limits.in_flight) / a_second[slowest]  # to launch the first, and read the last
    seconds_by = {
        slowest: runs / a_second[slowest] + (each if runs else 0.0),  # the last run takes its own time
        f"{limits.in_flight:,} runs in flight of {each:,.0f} s each": waves * each + first_and_last,
    }
    limited_by = max(seconds_by, key=lambda name: seconds_by[name])
    return Schedule(seconds_by[limited_by], limited_by)
