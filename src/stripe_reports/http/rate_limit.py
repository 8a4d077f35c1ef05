"""Limit the calls per second to fewer than Stripe allows, for any number of threads.

Source: https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import re
import threading

from stripe_reports.http.clock import Clock
from stripe_reports.models import Mode
from stripe_reports.planning import deadline

__all__ = ["RateBudget", "TokenBucket"]

CALLS_A_SECOND: dict[Mode, float] = {"live": 100.0, "test": 25.0}
"""Stripe's limit for all calls of an account."""

CALLS_A_SECOND_AND_ENDPOINT = 25.0

_ID_IN_PATH = re.compile(r"/[^/]*[0-9.][^/]*(?=/|$)")


class TokenBucket:
    """Allows *rate* calls in any second; further calls wait."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = rate
        self._counted_at = clock.monotonic()

    def take(self) -> float:
        """Reserve a place, and return the seconds to wait for it; 0 if it is free now."""
        with self._lock:
            now = self._clock.monotonic()
            refilled = self._tokens + max(0.0, now - self._counted_at) * self._rate
            self._tokens, self._counted_at = min(self._rate, refilled) - 1.0, now
            return max(0.0, -self._tokens / self._rate)


class RateBudget:
    """The rate limits of one client: Stripe's limits for its mode, and for each endpoint."""

    def __init__(self, mode: Mode, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all = TokenBucket(CALLS_A_SECOND[mode], clock)
        self._by_endpoint: dict[str, TokenBucket] = {}

    def spend(self, method: str, path: str) -> None:
        """Wait until the call may be made.

        Raises:
            CallTimeoutError, RunTimeoutError: That would be after the time limit of the call.
        """
        endpoint = f"{method} {_ID_IN_PATH.sub('/{id}', path.removeprefix('/v1'))}"
        with self._lock:
            if endpoint not in self._by_endpoint:
                self._by_endpoint[endpoint] = TokenBucket(CALLS_A_SECOND_AND_ENDPOINT, self._clock)
        pause = max(self._all.take(), self._by_endpoint[endpoint].take())
        if pause > 0:
            deadline.pause(self._clock, pause, f"{endpoint} did not get its turn among many calls")
