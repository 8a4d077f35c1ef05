"""Idempotency keys: for a day, the first answer to a key is also the answer to all later requests with it.

Source: https://docs.stripe.com/api/idempotent_requests
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from stripe_reports.simulator.api.answers import StripeError, invalid
from stripe_reports.simulator.api.forms import Pairs
from stripe_reports.simulator.api.keys import Caller

__all__ = ["IdempotencyKeys", "StoredAnswer"]

_KEPT = timedelta(hours=24)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a key, and the request that it answered."""

    at: datetime
    path: str
    form: Pairs
    request_id: str
    status: int
    body: bytes


class IdempotencyKeys:
    """Stored answers by account, mode and key. A refused request must not be stored."""

    def __init__(self) -> None:
        self._stored: dict[tuple[Caller, str], StoredAnswer] = {}
        self._in_flight: set[tuple[Caller, str]] = set()

    def find(self, caller: Caller, key: str, path: str, form: Pairs, now: datetime) -> StoredAnswer | None:
        """Find the answer to repeat, or None if the request must be executed.

        Raises:
            StripeError: 400 if the key is too long or was used with other parameters before; 409 if its
                first request is still in progress.
        """
        if len(key) > _LONGEST:
            raise invalid(f"Idempotency keys may have at most {_LONGEST} characters; yours has {len(key)}.")
        if (caller, key) in self._in_flight:
            raise StripeError(
                409,
                "There is currently another in-progress request using this Idempotent Key (that probably "
                f"means you submitted twice, and the other request is still going through): {key}. Please "
                "try again later.",
                code="idempotency_key_in_use",
            )
        stored = self._stored.get((caller, key))
        if stored is None or now - stored.at >= _KEPT:
            return None
        if (stored.path, sorted(stored.form)) != (path, sorted(form)):
            raise StripeError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used "
                f"with. Try using a key other than '{key}' if you meant to execute a different request.",
                type_="idempotency_error",
            )
        return stored

    def store(self, caller: Caller, key: str, answer: StoredAnswer) -> None:
        """Store the answer of a request whose execution had started, and drop answers that are a day old."""
        while self._stored:
            oldest = next(iter(self._stored))
            if answer.at - self._stored[oldest].at < _KEPT:
                break  # all others are newer
            del self._stored[oldest]
        self._stored[caller, key] = answer

    def begin(self, caller: Caller, key: str) -> None:
        """Mark the key as in use: until :meth:`end`, a second request with it is refused."""
        self._in_flight.add((caller, key))

    def end(self, caller: Caller, key: str) -> None:
        """Mark the key as no longer in use."""
        self._in_flight.discard((caller, key))
