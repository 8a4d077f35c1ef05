"""What differs between the generations of Stripe's API; they share accounts, faults, clock and limits.

``FirstGeneration`` is v1. Those of v2 are in ``api_v2``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.answers import StripeError, error_response
from stripe_reports.simulator.api.endpoints import Route, route
from stripe_reports.simulator.api.forms import Pairs, body
from stripe_reports.simulator.api.idempotency import StoredAnswer
from stripe_reports.simulator.api.keys import Access, Caller
from stripe_reports.simulator.api.limits import RateLimits
from stripe_reports.simulator.api.runbook import RunBook
from stripe_reports.simulator.reports.contents import Contents

__all__ = ["FirstGeneration", "Generation"]


class Generation(Protocol):
    """The addresses below one path, such as ``/v1/``."""

    def body(self, request: Request) -> Pairs:
        """Read the body of a request."""

    def access(self, request: Request, now: datetime) -> Access:
        """Identify the caller; raises ``StripeError`` if there is none."""

    def route(self, request: Request) -> Route:
        """Find the endpoint; raises ``StripeError`` if there is none."""

    def contents(self, caller: Caller, path: str, now: datetime) -> Contents | None:
        """Return the file that the answer is about, if there is one; it may not have been created yet."""

    def replays(self, stored: StoredAnswer) -> bool:
        """Tell whether a stored answer is repeated for its idempotency key."""

    def check_limits(self, limits: RateLimits, access: Access, endpoint: str, now: datetime) -> None:
        """Refuse a new run if too many are in progress."""

    def error(self, error: StripeError, request_id: str, access: Access | None, now: datetime) -> Response:
        """Write an error."""


class FirstGeneration:
    """The API below ``/v1/``.

    Args:
        book: Its runs and files.
        authenticate: Identifies the caller by its key.
    """

    def __init__(self, book: RunBook, authenticate: Callable[[Request], Access]) -> None:
        self._book = book
        self._authenticate = authenticate

    def body(self, request: Request) -> Pairs:
        """Read a form."""
        return body(request)

    def access(self, request: Request, now: datetime) -> Access:
        """Identify the caller by its key."""
        return self._authenticate(request)

    def route(self, request: Request) -> Route:
        """Find the endpoint."""
        return route(request)

    def contents(self, caller: Caller, path: str, now: datetime) -> Contents | None:
        """Return the file of the run in the path."""
        file = self._book.finished_file(caller, path.rpartition("/")[2], now)
        return file.contents if file else None

    def replays(self, stored: StoredAnswer) -> bool:
        """Repeat every answer, also a failure.

        Source: https://docs.stripe.com/api/idempotent_requests
        """
        return True

    def check_limits(self, limits: RateLimits, access: Access, endpoint: str, now: datetime) -> None:
        """Count the pending runs of the mode."""
        if endpoint == "create_run":
            limits.check_pending(self._book.pending(access.caller.livemode, now))

    def error(self, error: StripeError, request_id: str, access: Access | None, now: datetime) -> Response:
        """Write the body that Stripe's section on errors describes."""
        livemode = access.caller.livemode if access else None
        return error_response(error, request_id, livemode=livemode, now=now)
