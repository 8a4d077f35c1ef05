"""Access to a served simulator's controls: allowed to local programs and its own pages, not to other pages.

Any web page can make a browser post to an address of this machine (``Origin`` shows it), and can point a
host name of its own to this machine and then read the answers (DNS rebinding; ``Host`` shows it). Stripe's
API itself needs a key, so only the addresses below ``/simulator/`` need this protection.

Source: https://developer.mozilla.org/docs/Web/HTTP/Headers/Origin
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.answers import StripeError, error_response
from stripe_reports.simulator.api.app import Simulator
from stripe_reports.simulator.api.runbook import new_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["OwnVisitors"]


class OwnVisitors:
    """A simulator whose control addresses refuse foreign pages and unknown host names.

    Args:
        simulator: The application.
        host: The name or address it was started with.
        address: The address it listens on.
    """

    def __init__(self, simulator: Simulator, host: str, address: str) -> None:
        self._simulator = simulator
        self._address = ip_address(address)
        self._names = {"localhost", host.lower()}
        if self._address.is_unspecified:
            self._names.add(socket.gethostname().lower())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as WSGI defines it."""
        request = Request(environ)
        reason = self._refused(request) if request.path.startswith("/simulator/") else None
        if reason is None:
            return self._simulator(environ, start_response)
        return _forbidden(reason, self._simulator)(environ, start_response)

    def _refused(self, request: Request) -> str | None:
        """Return the reason why the request is refused; None if it is allowed."""
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if not self._is_own(host):
            return (
                f"The request was for the host {host!r}, which is not one of this simulator's. Use the "
                "address that it printed, or start it with --host and the name that others call it by."
            )
        if origin is not None and origin.lower() != f"{request.scheme}://{host}".lower():
            return (
                f"The request came from a page of {origin!r}. Only pages of the simulator itself, and "
                "programs that send no Origin header, may change its clock, faults and restatements."
            )
        return None

    def _is_own(self, host: str) -> bool:
        """Tell whether the name is ours. The port may differ: a tunnel or container can map it."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        # Unlike a name, an address cannot be made to point to another machine.
        return address.is_loopback or address == self._address or self._address.is_unspecified


def _forbidden(reason: str, simulator: Simulator) -> Response:
    request_id = new_id("req_", 14)
    response = error_response(StripeError(403, reason), request_id, livemode=None, now=simulator.clock.now())
    response.headers["Request-Id"] = request_id
    return response
