"""Idempotency keys: the first answer to a key is the answer to all that follow, for a day.

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
    """The first answer to a key, and what it was the answer to."""

    at: datetime
    path: str
    form: Pairs
    request_id: str
    status: int
    body: bytes


class IdempotencyKeys:
    """Stored answers by account, mode and key. Who refuses a request must not store the refusal."""

    def __init__(self) -> None:
        self._stored: dict[tuple[Caller, str], StoredAnswer] = {}
        self._in_flight: set[tuple[Caller, str]] = set()

    def find(self, caller: Caller, key: str, path: str, form: Pairs, now: datetime) -> StoredAnswer | None:
        """The answer to give again, or None for a request to be executed.

        Raises:
            StripeError: 400 for a key that came with other parameters before, or that is too long; 409 for
                one whose first answer is still on its way.
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
        """Keep the answer of a request whose execution had begun, and drop those that are a day old."""
        for old, stored in list(self._stored.items()):
            if answer.at - stored.at < _KEPT:
                break  # the rest is younger
            del self._stored[old]
        self._stored[caller, key] = answer

    def begin(self, caller: Caller, key: str) -> None:
        """From now on, and until :meth:`end`, a second request with the key is a clash."""
        self._in_flight.add((caller, key))

    def end(self, caller: Caller, key: str) -> None:
        """The answer went out, or there will be none."""
        self._in_flight.discard((caller, key))
