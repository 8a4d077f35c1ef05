"""A request to the simulator: while it is answered, and once it has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.answers import StripeError, default_error, json_response
from stripe_reports.simulator.api.forms import Pairs
from stripe_reports.simulator.api.generation import Generation
from stripe_reports.simulator.api.idempotency import StoredAnswer
from stripe_reports.simulator.api.keys import Access
from stripe_reports.simulator.faults.faults import Fault

__all__ = ["Exchange", "ServedRequest"]

_STRIPES_HOSTS = {"api.stripe.com", "files.stripe.com"}
_OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A request and the status of its answer, for counting calls; 0 if the connection was dropped."""

    method: str
    path: str
    status: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose caller was accepted."""

    request: Request
    request_id: str
    access: Access
    form: Pairs
    generation: Generation

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key of a POST request; None without one."""
        return self.request.headers.get("Idempotency-Key") if self.request.method == "POST" else None

    def error(self, error: StripeError, now: datetime) -> Response:
        """Write an error as this generation of the API does."""
        return self.generation.error(error, self.request_id, self.access, now)

    def canned(self, fault: Fault, now: datetime) -> Response:
        """Return the fault's own answer."""
        if fault.body is None:
            response = self.error(default_error(fault.status), now)
        elif isinstance(fault.body, str | bytes):
            response = Response(fault.body, fault.status)
        else:
            response = json_response(dict(fault.body), fault.status)
        response.headers.update(fault.headers)
        return response

    def echoing(self, response: Response, first_id: str) -> Response:
        """Add the idempotency key to an answer, and the id of the request that was first sent with it."""
        if key := self.idempotency_key:
            response.headers.update({"Idempotency-Key": key, "Original-Request": first_id})
        return response

    def replayed(self, stored: StoredAnswer) -> Response:
        """Return the answer that is stored for the idempotency key."""
        response = Response(stored.body, stored.status, content_type="application/json")
        response.headers["Idempotent-Replayed"] = "true"
        return self.echoing(response, stored.request_id)

    def answered(self, response: Response, now: datetime) -> StoredAnswer:
        """Return the answer as it is stored for the idempotency key."""
        return StoredAnswer(
            now,
            self.request.path,
            self.form,
            self.request_id,
            response.status_code,
            response.get_data(),
        )

    def files_url(self, given: str | None) -> str:
        """Return the host of files: as given, else Stripe's for a request to Stripe, else the request's."""
        if given is not None:
            return given.rstrip("/")
        if self.request.host.partition(":")[0] in _STRIPES_HOSTS:
            return "https://files.stripe.com"
        return self.request.host_url.rstrip("/")

    def downloads_url(self, given: str | None) -> str:
        """Return the host of files in v2: as given, else Stripe's, else another name of this machine.

        A simulator on loopback has two names, so that a client sees two hosts, as it does at Stripe.
        """
        if given is not None:
            return given.rstrip("/")
        name, colon, port = self.request.host.partition(":")
        if name in _STRIPES_HOSTS:
            return "https://stripeusercontent.com"
        other = _OTHER_NAME.get(name, name)
        return f"{self.request.scheme}://{other}{colon}{port}"
