"""Limits: requests per second, for all of a key's and for each endpoint, and what may be in progress at once.

Stripe counts by account. Which account a call for a connected account counts for is unproved: here, all calls
of a key count together, with those for the accounts that it reaches.

Source: https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from stripe_reports.simulator.api.answers import StripeError, default_error
from stripe_reports.simulator.api.keys import Access

__all__ = ["RateLimits"]


@dataclass(slots=True)
class RateLimits:
    """Stripe's limits, in requests per second of the simulator's clock; all of a second's may arrive at once.

    Attributes:
        test: Limit of an account in test mode.
        live: Limit of an account in live mode.
        endpoint: Limit of one endpoint of an account.
        files: Limit of all file endpoints together.
        requests_at_once: Requests that may be in progress; None for any number. Stripe has such a limit, and
            does not say how many.
        pending_runs: Runs of a mode that may be pending; None for any number. Stripe names no such limit.
        running_reports: Runs of v2 that a key may have running; None for any number. Stripe has such a limit,
            and does not say how many: https://docs.stripe.com/data/api/reports
    """

    test: float = 25
    live: float = 100
    endpoint: float = 25
    files: float = 20
    requests_at_once: int | None = None
    pending_runs: int | None = None
    running_reports: int | None = None
    _in_progress: Counter[Hashable] = field(default_factory=Counter, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    _buckets: dict[Hashable, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def take(self, access: Access, endpoint: str, now: float) -> None:
        """Count a request to an endpoint, at *now* in Unix seconds.

        Raises:
            StripeError: 429, with the limit that was reached in ``Stripe-Rate-Limited-Reason``. A refused
                request is not counted.
        """
        group, rate = ("files", self.files) if "file" in endpoint else (endpoint, self.endpoint)
        of = _whose(access)
        limits = [
            ("global-rate", (of, None), self.live if access.caller.livemode else self.test),
            ("endpoint-rate", (of, group), rate),
        ]
        for reason, key, allowed in limits:
            if self._left(key, allowed, now) < 1:
                raise _refused(reason)
        for _, key, allowed in limits:
            self._buckets[key] = self._left(key, allowed, now) - 1, now

    @contextmanager
    def in_progress(self, access: Access) -> Iterator[None]:
        """Count a request as in progress.

        Raises:
            StripeError: 429 if there are too many.
        """
        of = _whose(access)
        with self._lock:
            if self.requests_at_once is not None and self._in_progress[of] >= self.requests_at_once:
                raise _refused("global-concurrency")
            self._in_progress[of] += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_progress[of] -= 1

    def check_pending(self, runs: int) -> None:
        """Refuse another run while so many are pending; the reason that Stripe would give is unproved.

        Raises:
            StripeError: 429 if there are too many.
        """
        if self.pending_runs is not None and runs >= self.pending_runs:
            raise _refused("resource-specific")

    def _left(self, key: Hashable, rate: float, now: float) -> float:
        left, at = self._buckets.get(key, (rate, now))
        return min(rate, left + max(0.0, now - at) * rate)


def _whose(access: Access) -> Hashable:
    """Return whose limits a request counts for: all keys of an account share them."""
    return access.caller.livemode, access.is_of_organisation


def _refused(reason: str) -> StripeError:
    error = default_error(429)
    error.headers["Stripe-Rate-Limited-Reason"] = reason
    return error
