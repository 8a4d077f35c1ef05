"""A request to the simulator: while it is answered, and once it has been."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.wrappers import Request

from stripe_reports.simulator.api.forms import Pairs
from stripe_reports.simulator.api.keys import Access

__all__ = ["Exchange", "ServedRequest"]

_STRIPES_HOSTS = {"api.stripe.com", "files.stripe.com"}


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A request and the status of its answer, for counting calls; 0 if the connection was dropped."""

    method: str
    path: str
    status: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose key was accepted."""

    request: Request
    request_id: str
    access: Access
    form: Pairs

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key of a POST request; None without one."""
        return self.request.headers.get("Idempotency-Key") if self.request.method == "POST" else None

    def files_url(self, given: str | None) -> str:
        """Return the host of files: as given, else Stripe's for a request to Stripe, else the request's."""
        if given is not None:
            return given.rstrip("/")
        if self.request.host.partition(":")[0] in _STRIPES_HOSTS:
            return "https://files.stripe.com"
        return self.request.host_url.rstrip("/")
