"""Rate limits: the maximum number of requests per second for an account and for each endpoint.

Source: https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from stripe_reports.simulator.api.answers import default_error
from stripe_reports.simulator.api.keys import Caller

__all__ = ["RateLimits"]


@dataclass(slots=True)
class RateLimits:
    """Stripe's limits, in requests per second of the simulator's clock; all of a second's may arrive at once.

    Attributes:
        test: Limit of an account in test mode.
        live: Limit of an account in live mode.
        endpoint: Limit of one endpoint of an account.
        files: Limit of all file endpoints together.
    """

    test: float = 25
    live: float = 100
    endpoint: float = 25
    files: float = 20
    _buckets: dict[Hashable, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def take(self, caller: Caller, endpoint: str, now: float) -> None:
        """Count a request to an endpoint, at *now* in Unix seconds.

        Raises:
            StripeError: 429, with the limit that was reached in ``Stripe-Rate-Limited-Reason``. A refused
                request is not counted.
        """
        group, rate = ("files", self.files) if "file" in endpoint else (endpoint, self.endpoint)
        limits = [
            ("global-rate", (caller, None), self.live if caller.livemode else self.test),
            ("endpoint-rate", (caller, group), rate),
        ]
        for reason, key, allowed in limits:
            if self._left(key, allowed, now) < 1:
                error = default_error(429)
                error.headers["Stripe-Rate-Limited-Reason"] = reason
                raise error
        for _, key, allowed in limits:
            self._buckets[key] = self._left(key, allowed, now) - 1, now

    def _left(self, key: Hashable, rate: float, now: float) -> float:
        left, at = self._buckets.get(key, (rate, now))
        return min(rate, left + max(0.0, now - at) * rate)
